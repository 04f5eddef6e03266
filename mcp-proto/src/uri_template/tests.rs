use proptest::prelude::*;

use super::*;

fn template(text: &str) -> UriTemplate {
    UriTemplate::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn values(text: &str, uri: &str) -> Option<Vec<String>> {
    let found = template(text).matches(uri)?;
    Some(found.iter().map(|(_, value)| value.to_owned()).collect())
}

#[test]
fn literals_and_variables_are_told_apart() {
    let parsed = template("note://{user.id}/x%20y/{+path_2}.md");
    assert_eq!(parsed.as_str(), "note://{user.id}/x%20y/{+path_2}.md");
    assert_eq!(parsed.names().collect::<Vec<_>>(), ["user.id", "path_2"]);
    let found = parsed.matches("note://ann/x%20y/a/b.md").expect("matches");
    assert_eq!(found.get("user.id"), Some("ann"));
    assert_eq!(found.get("path_2"), Some("a/b"));
    assert_eq!(found.get("user"), None);
    assert_eq!(found.iter().len(), 2);
}

#[test]
fn what_is_not_supported_is_refused_where_it_stands() {
    use TemplateFault as Fault;
    let table = [
        ("", 0, Fault::Empty),
        // Other operators, lists and modifiers of RFC 6570.
        ("a:{#x}", 2, Fault::Expression),
        ("a:{.x}", 2, Fault::Expression),
        ("a:{/x}", 2, Fault::Expression),
        ("a:{;x}", 2, Fault::Expression),
        ("a:{?x}", 2, Fault::Expression),
        ("a:{&x}", 2, Fault::Expression),
        ("a:{=x}", 2, Fault::Expression),
        ("a:{!x}", 2, Fault::Expression),
        ("a:{x,y}", 2, Fault::Expression),
        ("a:{x*}", 2, Fault::Expression),
        ("a:{x:3}", 2, Fault::Expression),
        ("a:{++x}", 2, Fault::Expression),
        // Names.
        ("a:{}", 2, Fault::Expression),
        ("a:{+}", 2, Fault::Expression),
        ("a:{x.}", 2, Fault::Expression),
        ("a:{x..y}", 2, Fault::Expression),
        ("a:{x y}", 2, Fault::Expression),
        ("a:{x-y}", 2, Fault::Expression),
        ("a:{%41}", 2, Fault::Expression),
        ("a:{é}", 2, Fault::Expression),
        ("a:{{x}}", 2, Fault::Expression),
        // Structure.
        ("a:{x", 2, Fault::Unclosed),
        ("a:{x}/{", 6, Fault::Unclosed),
        ("a:}x", 0, Fault::Literal),
        ("a:{x}}", 5, Fault::Literal),
        ("a:{x}/{x}", 6, Fault::Repeated),
        ("a:{x}/{+x}", 6, Fault::Repeated),
        ("a:{x}{y}", 5, Fault::Adjacent),
        ("a:{+x}{y}", 6, Fault::Adjacent),
        // Literals.
        ("a b", 0, Fault::Literal),
        ("a:{x}/é", 5, Fault::Literal),
        ("a:{x}/\\", 5, Fault::Literal),
        ("a\"b", 0, Fault::Literal),
        ("a<b", 0, Fault::Literal),
        ("a>b", 0, Fault::Literal),
        ("a^b", 0, Fault::Literal),
        ("a`b", 0, Fault::Literal),
        ("a|b", 0, Fault::Literal),
        ("a\u{7f}", 0, Fault::Literal),
        ("a\n", 0, Fault::Literal),
        ("a%", 0, Fault::Literal),
        ("a%2", 0, Fault::Literal),
        ("a%zz", 0, Fault::Literal),
        ("a%+1", 0, Fault::Literal),
    ];
    for (text, at, fault) in table {
        assert_eq!(UriTemplate::parse(text), Err(TemplateError { at, fault }), "{text:?}");
    }
}

#[test]
fn variables_are_limited() {
    let with = |count: usize| (0..count).map(|index| format!("/{{v{index}}}")).collect::<String>();
    assert_eq!(template(&with(VARIABLES_MAX)).names().count(), 32);
    let at = with(VARIABLES_MAX).len() + 1;
    let fault = TemplateFault::TooMany;
    assert_eq!(UriTemplate::parse(&with(VARIABLES_MAX + 1)), Err(TemplateError { at, fault }));
}

#[test]
fn a_uri_matches_as_a_whole() {
    let table: [(&str, &str, Option<&[&str]>); 22] = [
        ("a:b", "a:b", Some(&[])),
        ("a:b", "a:bc", None),
        ("a:b", "a:", None),
        ("a:{x}", "a:1", Some(&["1"])),
        ("a:{x}", "a:", None),
        ("a:{x}", "b:1", None),
        ("a:{x}", "A:1", None),
        ("a:{x}/end", "a:1/end", Some(&["1"])),
        ("a:{x}/end", "a:1/end/", None),
        ("a:{x}/end", "a:1/en", None),
        ("a:{x}/{y}", "a:1/2", Some(&["1", "2"])),
        ("a:{x}/{y}", "a:1/2/3", None),
        ("a:{x}/{y}", "a:1/", None),
        ("a:{x}/{y}", "a://2", None),
        ("a:{x}-{y}", "a:1-2-3", Some(&["1", "2-3"])),
        // Up to the first occurrence, never a later one.
        ("a:{x}.txt", "a:1.txt.txt", None),
        ("a:{+x}/{y}", "a:1/2/3", None),
        ("a:{x}/{+y}", "a:1/2/3", Some(&["1", "2/3"])),
        ("{x}:{+y}", "a:b:c", Some(&["a", "b:c"])),
        ("{+x}", "file:///a/b", Some(&["file:///a/b"])),
        ("a:{x}?q={y}", "a:1?q=2", Some(&["1", "2"])),
        ("a:{+x}", "a:b?c=d", None),
    ];
    for (text, uri, expected) in table {
        let expected =
            expected.map(|values| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>());
        assert_eq!(values(text, uri), expected, "{text} {uri}");
    }
}

#[test]
fn values_are_decoded_once_and_are_utf_8() {
    let table = [
        ("a:1%202", Some("1 2")),
        ("a:%c3%A9", Some("é")),
        ("a:é", Some("é")),
        ("a:%2541", Some("%41")),
        ("a:%252e%252e", Some("%2e%2e")),
        ("a:1+2", Some("1+2")),
        ("a:%3F%23", Some("?#")),
        ("a:...", Some("...")),
        ("a:.a", Some(".a")),
        ("a:%", None),
        ("a:%4", None),
        ("a:%4g", None),
        ("a:%+1", None),
        ("a:%u0041", None),
        ("a:%c3", None),
        ("a:%c0%af", None),
        ("a:%ed%a0%80", None),
        ("a:%ff", None),
    ];
    for (uri, expected) in table {
        let expected = expected.map(|value| vec![value.to_owned()]);
        assert_eq!(values("a:{x}", uri), expected, "{uri}");
        assert_eq!(values("a:{+x}", uri), expected, "reserved {uri}");
    }
}

#[test]
fn a_simple_value_stays_in_its_segment() {
    for hostile in [
        ".",
        "..",
        "%2e",
        "%2E%2e",
        ".%2e",
        "%2e.",
        "a/b",
        "a%2fb",
        "a%2Fb",
        "/",
        "%2f",
        "..%2f",
        "%2e%2e%2fetc",
        "a\\b",
        "a%5cb",
        "%5C",
        "a%00",
        "%00",
        "%0a",
        "a%0D%0Ab",
        "%7f",
        "%c2%85",
        "a\nb",
        "a\0",
        "a?b",
        "?",
        "a#b",
        "",
    ] {
        assert_eq!(values("file:///data/{name}", &format!("file:///data/{hostile}")), None, "{hostile:?}");
        assert_eq!(
            values("file:///data/{name}/x", &format!("file:///data/{hostile}/x")),
            None,
            "{hostile:?}"
        );
    }
}

#[test]
fn a_reserved_value_does_not_climb() {
    for hostile in [
        "..",
        "../etc/passwd",
        "a/../../etc",
        "a/..",
        "%2e%2e/etc",
        "%2e%2e%2fetc",
        "a%2f..%2fb",
        "..%2f",
        "a/.%2E/b",
        "a\\..",
        "..\\",
        "%5c",
        "a%00.md",
        "%0a",
        "%7f",
        "%c2%80",
        "/etc/passwd",
        "%2fetc/passwd",
        "//etc",
        "..?x",
        "a/..#x",
        // Second spellings of what another template or resource may name.
        "a//b",
        "a/./b",
        "./a",
        "a/.",
        "a?x=y",
        "a?",
        "a#",
        "%61",
        "a%2Fb",
        "%7E",
        "",
    ] {
        assert_eq!(values("file:///data/{+path}", &format!("file:///data/{hostile}")), None, "{hostile:?}");
    }
    for fine in ["a/b", "...", "a/.../b", "..a/b..", ".hidden", "a/"] {
        assert_eq!(
            values("file:///data/{+path}", &format!("file:///data/{fine}")),
            Some(vec![fine.to_owned()])
        );
    }
    assert_eq!(values("file://{+path}", "file:///etc/hosts"), Some(vec!["/etc/hosts".to_owned()]));
}

#[test]
fn long_and_nearly_matching_uris_are_judged_in_one_pass() {
    // Each of these takes time that is quadratic or worse in a matcher that tries a second
    // division.
    let names: String = (0..VARIABLES_MAX).map(|index| format!("{{v{index}}}ab")).collect();
    let parsed = template(&format!("{names}!"));
    assert_eq!(parsed.matches(&"xab".repeat(400_000)), None);
    assert_eq!(parsed.matches(&"a".repeat(1_000_000)), None);
    let needle = format!("{}b", "a".repeat(1_000));
    let parsed = template(&format!("{{+x}}{needle}"));
    assert_eq!(parsed.matches(&"a".repeat(1_000_000)), None);
    let long = format!("{}{needle}", "c".repeat(1_000_000));
    assert_eq!(parsed.matches(&long).expect("matches").get("x").map(str::len), Some(1_000_000));
    assert_eq!(
        template("a:{x}")
            .matches(&format!("a:{}", "%20".repeat(300_000)))
            .expect("matches")
            .get("x")
            .map(str::len),
        Some(300_000)
    );
}

/// RFC 6570 section 3.2.2: everything but unreserved characters is encoded.
fn expand_simple(value: &str) -> String {
    let encode = |byte: u8| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    value.bytes().map(encode).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_expanded_is_read_back(one in "[^/\\\\\\p{Cc}]{1,12}", two in "[^/\\\\\\p{Cc}]{1,12}") {
        prop_assume!(![&one, &two].iter().any(|value| *value == "." || *value == ".."));
        let uri = format!("x://{}/y/{}", expand_simple(&one), expand_simple(&two));
        prop_assert_eq!(values("x://{one}/y/{two}", &uri), Some(vec![one, two]));
    }

    #[test]
    fn whatever_matches_is_harmless(uri in "([a/.%\\\\?#]|%2[eEfF]|%5c|%00|\\.\\./){0,30}") {
        if let Some(found) = values("{x}", &uri) {
            prop_assert!(!found[0].contains(['/', '\\', '\0']) && found[0] != ".." && found[0] != "." && !found[0].is_empty());
        }
        if let Some(found) = values("{+x}", &uri) {
            prop_assert!(!found[0].contains(['\\', '\0']) && found[0].split('/').all(|segment| segment != ".."));
        }
    }

    #[test]
    fn nothing_panics(text in "\\PC{0,20}|([a{}+/.]|%2e){0,20}", uri in "\\PC{0,40}") {
        if let Ok(template) = UriTemplate::parse(&text) {
            let _ = template.matches(&uri);
        }
    }
}
