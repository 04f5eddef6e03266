use proptest::prelude::*;

use super::*;

fn encode(text: &[u8]) -> String {
    format!("=?base64?{}?=", STANDARD.encode(text))
}

#[test]
fn a_plain_value_is_its_own_text() {
    let table: [(&[u8], &str); 15] = [
        (b"echo", "echo"),
        (b"", ""),
        (b"   ", ""),
        (b" \t echo\t ", "echo"),
        (b"two words", "two words"),
        (b"a\tb", "a\tb"),
        (b"!~", "!~"),
        // One marker, the wrong case, or markers that overlap.
        (b"=?base64?SGVsbG8=", "=?base64?SGVsbG8="),
        (b"SGVsbG8=?=", "SGVsbG8=?="),
        (b"=?BASE64?SGVsbG8=?=", "=?BASE64?SGVsbG8=?="),
        (b"=?Base64?SGVsbG8=?=", "=?Base64?SGVsbG8=?="),
        (b"=?base64?=", "=?base64?="),
        (b"=? base64?SGVsbG8=?=", "=? base64?SGVsbG8=?="),
        (b"=?utf-8?B?SGVsbG8=?=", "=?utf-8?B?SGVsbG8=?="),
        (b"x=?base64?SGVsbG8=?=", "x=?base64?SGVsbG8=?="),
    ];
    for (value, text) in table {
        assert_eq!(decode(value), Ok(Cow::Borrowed(text)), "{value:?}");
        assert!(matches!(decode(value), Ok(Cow::Borrowed(_))), "{value:?} is not copied");
    }
}

#[test]
fn a_marked_value_is_decoded_once() {
    let table = [
        ("=?base64?SGVsbG8=?=", "Hello"),
        ("  =?base64?SGVsbG8=?=\t", "Hello"),
        ("=?base64??=", ""),
        ("=?base64?w6k=?=", "é"),
        ("=?base64?8J+YgA==?=", "😀"),
        ("=?base64?Pz8/?=", "???"),
        ("=?base64?IGEg?=", " a "),
        ("=?base64?AA0K?=", "\0\r\n"),
        // What looks like a marked value once decoded stays as it is.
        ("=?base64?PT9iYXNlNjQ/U0dWc2JHOD0/PQ==?=", "=?base64?SGVsbG8=?="),
    ];
    for (value, text) in table {
        assert_eq!(decode(value.as_bytes()).as_deref(), Ok(text), "{value}");
    }
}

#[test]
fn base64_has_one_spelling() {
    for encoded in [
        // Padding missing, too much, alone or in the middle.
        "SGVsbG8",
        "SGVsbG8==",
        "SGVsbG8===",
        "=",
        "==",
        "====",
        "SGVs=bG8",
        "SGVsbG8=SGVsbG8=",
        "w6k",
        "w6k==",
        "A",
        "AA",
        "AAA",
        "A===",
        // Bits that are thrown away.
        "SGVsbG9=",
        "w6l=",
        "/x==",
        "QR==",
        // Other alphabets, white space, line ends.
        "8J-YgA==",
        "Pz8_",
        "SGVs bG8=",
        " SGVsbG8=",
        "SGVsbG8= ",
        "SGVs\tbG8=",
        "SGVsbG8%3D",
        "SGVsbG8!",
        "SGVs,bG8=",
        "?",
        "??",
        "SGVsbG8=?=",
        "=?base64?SGVsbG8=",
    ] {
        let value = format!("=?base64?{encoded}?=");
        assert_eq!(decode(value.as_bytes()), Err(Undecodable::Base64), "{value}");
    }
}

#[test]
fn what_base64_stands_for_is_utf_8() {
    for bytes in [&b"\xff"[..], b"\xc3", b"\xc0\xaf", b"\xed\xa0\x80", b"abc\xe2\x82", b"\x80"] {
        assert_eq!(decode(encode(bytes).as_bytes()), Err(Undecodable::Utf8), "{bytes:?}");
    }
}

#[test]
fn characters_that_a_header_cannot_have_are_refused() {
    for byte in 0..=u8::MAX {
        for value in [vec![byte], vec![b'a', byte, b'b'], [b"=?base64?SGVs", &[byte][..], b"?="].concat()] {
            let allowed = byte == b'\t' || (b' '..=b'~').contains(&byte);
            assert_eq!(decode(&value) != Err(Undecodable::Character), allowed, "{byte:#x}");
        }
    }
    assert_eq!(decode("é".as_bytes()), Err(Undecodable::Character));
}

#[test]
fn names_are_compared_exactly() {
    let matching: [(&[u8], &str); 8] = [
        (b"echo", "echo"),
        (b"  echo ", "echo"),
        (b"=?base64?ZWNobw==?=", "echo"),
        (b"=?base64?IGVjaG8g?=", " echo "),
        (b"=?base64?w6k=?=", "é"),
        (b"", ""),
        (b"=?base64?ZWNobw==", "=?base64?ZWNobw=="),
        (b"=?base64?PT9iYXNlNjQ/U0dWc2JHOD0/PQ==?=", "=?base64?SGVsbG8=?="),
    ];
    for (header, name) in matching {
        assert!(name_matches(header, name), "{name}");
    }
    let different: [(&[u8], &str); 11] = [
        (b"ECHO", "echo"),
        (b"echo", "Echo"),
        (b"echo", "echo2"),
        (b"echo2", "echo"),
        (b"", "echo"),
        (b"echo", ""),
        (b"echo", " echo"),
        (b"\"echo\"", "echo"),
        (b"=?base64?ZWNobw==?=", "=?base64?ZWNobw==?="),
        (b"=?base64?PT9iYXNlNjQ/U0dWc2JHOD0/PQ==?=", "Hello"),
        ("é".as_bytes(), "é"),
    ];
    for (header, name) in different {
        assert!(!name_matches(header, name), "{name}");
    }
}

fn raw(json: &str) -> &RawValue {
    serde_json::from_str(json).expect("JSON")
}

fn matches(kind: ParamKind, header: Option<&str>, argument: Option<&str>) -> bool {
    param_matches(kind, header.map(str::as_bytes), argument.map(raw))
}

const KINDS: [ParamKind; 3] = [ParamKind::String, ParamKind::Integer, ParamKind::Boolean];

#[test]
fn a_header_is_there_exactly_when_its_argument_is() {
    for kind in KINDS {
        assert!(matches(kind, None, None));
        assert!(matches(kind, None, Some("null")));
        for header in ["", "null", "x", "0", "false", "=?base64??=", "=?base64?bnVsbA==?="] {
            assert!(!matches(kind, Some(header), None), "{header}");
            assert!(!matches(kind, Some(header), Some("null")), "{header}");
        }
        for argument in [r#""""#, r#""x""#, "0", "false", "[]", "{}"] {
            assert!(!matches(kind, None, Some(argument)), "{argument}");
        }
    }
}

#[test]
fn headers_of_each_type_equal_their_argument() {
    use ParamKind::{Boolean, Integer, String};
    let matching = [
        (String, "us-west1", r#""us-west1""#),
        (String, " us-west1 ", r#""us-west1""#),
        (String, "us-west1", r#""us\u002dwest1""#),
        (String, "=?base64?dXMtd2VzdDE=?=", r#""us-west1""#),
        (String, "=?base64?w6k=?=", r#""é""#),
        (String, "=?base64?w6k=?=", r#""\u00e9""#),
        (String, "=?base64?IGEg?=", r#"" a ""#),
        (String, "=?base64?YQpi?=", r#""a\nb""#),
        (String, "", r#""""#),
        (String, "=?base64??=", r#""""#),
        (String, "null", r#""null""#),
        (String, "42", r#""42""#),
        (Integer, "42", "42"),
        (Integer, "42.0", "42"),
        (Integer, "42", "42.0"),
        (Integer, "4.2e1", "42.00"),
        (Integer, "-0", "0"),
        (Integer, " 42 ", "42"),
        (Integer, "=?base64?NDI=?=", "42"),
        (Integer, "9007199254740991", "9007199254740991"),
        (Integer, "-9007199254740991", "-9007199254740991.0"),
        (Boolean, "true", "true"),
        (Boolean, "false", "false"),
        (Boolean, "=?base64?dHJ1ZQ==?=", "true"),
    ];
    for (kind, header, argument) in matching {
        assert!(matches(kind, Some(header), Some(argument)), "{kind:?} {header} {argument}");
    }
}

#[test]
fn headers_that_say_anything_else_do_not_match() {
    use ParamKind::{Boolean, Integer, String};
    let different = [
        (String, "US-WEST1", r#""us-west1""#),
        (String, "us-west1", r#"" us-west1""#),
        (String, "\"us-west1\"", r#""us-west1""#),
        (String, "us\\u002dwest1", r#""us\u002dwest1""#),
        (String, "=?base64?dXMtd2VzdDE?=", r#""us-west1""#),
        (String, "=?base64?/w==?=", r#""\ufffd""#),
        (String, "é", r#""é""#),
        (String, "a\u{1}", r#""a\u0001""#),
        (String, "", r#""a""#),
        (String, "a", r#""""#),
        (Integer, "43", "42"),
        (Integer, "-42", "42"),
        (Integer, "042", "42"),
        (Integer, "+42", "42"),
        (Integer, "42.5", "42"),
        (Integer, "42.00000000000000000001", "42"),
        (Integer, "0x2a", "42"),
        (Integer, "", "0"),
        (Integer, "4 2", "42"),
        (Integer, "9007199254740992", "9007199254740992"),
        (Integer, "-9007199254740992", "-9007199254740992"),
        (Integer, "9007199254740993", "9007199254740992"),
        (Integer, "9007199254740991.2", "9007199254740991"),
        (Integer, "1e400", "1e400"),
        (Integer, "1.5", "1.5"),
        (Boolean, "TRUE", "true"),
        (Boolean, "True", "true"),
        (Boolean, "1", "true"),
        (Boolean, "0", "false"),
        (Boolean, "", "false"),
        (Boolean, "false", "true"),
        // Arguments of another type.
        (String, "42", "42"),
        (String, "true", "true"),
        (String, "[]", "[]"),
        (String, "{}", "{}"),
        (Integer, "42", r#""42""#),
        (Integer, "true", "true"),
        (Integer, "[42]", "[42]"),
        (Boolean, "true", r#""true""#),
        (Boolean, "1", "1"),
        (Boolean, "[true]", "[true]"),
    ];
    for (kind, header, argument) in different {
        assert!(!matches(kind, Some(header), Some(argument)), "{kind:?} {header} {argument}");
    }
}

fn at<'a>(arguments: &'a str, path: &[&str]) -> Option<&'a str> {
    let path: Vec<Box<str>> = path.iter().map(|step| (*step).into()).collect();
    argument_at(arguments, &path).map(RawValue::get)
}

#[test]
fn an_argument_is_found_by_its_exact_path() {
    let arguments = r#" {"a": 1 ,"b":{"c":"x","d":{"e":[1, 2],"a":0},"a":9},"":{"":null},"\u0066":"g","n":null,"l":[{"c":1}],"a.b":2} "#;
    let table: [(&[&str], Option<&str>); 21] = [
        (&["a"], Some("1")),
        (&["b", "c"], Some("\"x\"")),
        (&["b", "d", "e"], Some("[1, 2]")),
        (&["b", "d"], Some(r#"{"e":[1, 2],"a":0}"#)),
        (&["b", "a"], Some("9")),
        (&["b", "d", "a"], Some("0")),
        (&["", ""], Some("null")),
        (&["f"], Some("\"g\"")),
        (&["n"], Some("null")),
        (&["a.b"], Some("2")),
        (&["A"], None),
        (&["c"], None),
        (&["e"], None),
        (&["d", "e"], None),
        (&["a", "c"], None),
        (&["n", "c"], None),
        (&["l", "c"], None),
        (&["l", "0", "c"], None),
        (&["b", "d", "e", "f"], None),
        (&["a "], None),
        (&[], None),
    ];
    for (path, expected) in table {
        assert_eq!(at(arguments, path), expected, "{path:?}");
    }
    for arguments in ["", "1", "null", "[]", r#"[{"a":1}]"#, r#"{"a":1"#, r#"{"a":1,"a":2}"#, r#"{"a":1} x"#]
    {
        assert_eq!(at(arguments, &["a"]), None, "{arguments}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_encoded_is_decoded(text in any::<String>()) {
        let header = encode(text.as_bytes());
        let decoded = decode(header.as_bytes());
        prop_assert_eq!(decoded.as_deref(), Ok(text.as_str()));
        prop_assert!(name_matches(header.as_bytes(), &text));
        let argument = serde_json::to_string(&text).expect("serialises");
        prop_assert!(matches(ParamKind::String, Some(&header), Some(&argument)));
    }

    #[test]
    fn two_encodings_of_one_text_are_the_same(encoded in "[A-Za-z0-9+/=]{0,8}") {
        let header = format!("=?base64?{encoded}?=");
        let Ok(text) = decode(header.as_bytes()) else { return Ok(()) };
        prop_assert_eq!(encode(text.as_bytes()), header);
    }

    #[test]
    fn any_bytes_are_judged(header in proptest::collection::vec(any::<u8>(), 0..40), name in any::<String>()) {
        prop_assert!(!name_matches(&header, &name) || decode(&header).is_ok());
        for kind in KINDS {
            prop_assert!(!param_matches(kind, Some(&header), None));
        }
    }

    #[test]
    fn integers_match_by_value_only(one in -30_i64..30, two in -30_i64..30, zeros in 0..3_usize) {
        let header = format!("{one}.0{}", "0".repeat(zeros));
        prop_assert_eq!(matches(ParamKind::Integer, Some(&header), Some(&two.to_string())), one == two);
    }

    #[test]
    fn an_argument_is_found_as_serde_json_finds_it(
        arguments in "\\{\"a\":(1|\"x\"|\\{\"b\":(2|\\{\"a\":3\\}|\\[\\]),\"a\":4\\}|\\[\\{\"b\":5\\}\\]),\"b\":(6|\\{\"a\":\\{\"b\":7\\}\\})\\}",
        path in proptest::collection::vec(prop::sample::select(vec!["a", "b"]), 1..4),
    ) {
        let value: serde_json::Value = serde_json::from_str(&arguments).expect("JSON");
        let expected = path.iter().try_fold(&value, |value, step| value.as_object()?.get(*step)).cloned();
        let found = at(&arguments, &path).map(|text| serde_json::from_str(text).expect("JSON"));
        prop_assert_eq!(found, expected);
    }
}
