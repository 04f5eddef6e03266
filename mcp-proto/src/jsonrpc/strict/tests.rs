use proptest::prelude::*;
use serde::de::{self, Deserializer, MapAccess};
use serde_json::value::RawValue;

use super::names::PAIRWISE_MEMBERS_MAX;
use super::*;

/// Watches the objects whose member name it is told to, and notes everything it hears.
struct Recorder {
    watch: fn(&[u8]) -> bool,
    heard: Vec<Heard>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Heard {
    Enter(u32, String),
    Leave(u32, Value),
}

impl Recorder {
    fn watching(watch: fn(&[u8]) -> bool) -> Self {
        Self { watch, heard: Vec::new() }
    }
}

impl Visitor for Recorder {
    fn enter(&mut self, depth: u32, name: &[u8]) -> bool {
        let text = std::str::from_utf8(name).expect("names are UTF-8");
        self.heard.push(Heard::Enter(depth, text.to_owned()));
        (self.watch)(name)
    }

    fn leave(&mut self, depth: u32, value: Value) {
        self.heard.push(Heard::Leave(depth, value));
    }
}

fn reading(body: &[u8]) -> Result<Document, Fault> {
    read(body, &mut Recorder::watching(|_| false))
}

fn members(body: &str, watch: fn(&[u8]) -> bool) -> Vec<(u32, String, Kind, &str)> {
    let mut recorder = Recorder::watching(watch);
    read(body.as_bytes(), &mut recorder).expect("valid");
    let mut open: Vec<(u32, String)> = Vec::new();
    let mut members = Vec::new();
    for heard in recorder.heard {
        match heard {
            Heard::Enter(depth, name) => open.push((depth, name)),
            Heard::Leave(depth, value) => {
                let (entered, name) = open.pop().expect("entered before");
                assert_eq!(entered, depth);
                let text = std::str::from_utf8(value.span.of(body.as_bytes())).expect("on boundaries");
                members.push((depth, name, value.kind, text));
            }
        }
    }
    assert!(open.is_empty());
    members
}

#[test]
fn a_call_yields_the_members_on_the_watched_path() {
    let body = r#"{"jsonrpc":"2.0", "id" : 1 ,"method":"tools/call","params":{"name":"echo","arguments":{"text":"x"},"_meta":{"v":"1","info":{"name":"b"}}}}"#;
    let found = members(body, |name| name == b"params" || name == b"_meta");
    let expected = [
        (1, "jsonrpc", Kind::String, r#""2.0""#),
        (1, "id", Kind::Integer, "1"),
        (1, "method", Kind::String, r#""tools/call""#),
        (2, "name", Kind::String, r#""echo""#),
        (2, "arguments", Kind::Object, r#"{"text":"x"}"#),
        (3, "v", Kind::String, r#""1""#),
        (3, "info", Kind::Object, r#"{"name":"b"}"#),
        (2, "_meta", Kind::Object, r#"{"v":"1","info":{"name":"b"}}"#),
        (
            1,
            "params",
            Kind::Object,
            r#"{"name":"echo","arguments":{"text":"x"},"_meta":{"v":"1","info":{"name":"b"}}}"#,
        ),
    ];
    let found: Vec<_> =
        found.iter().map(|(depth, name, kind, text)| (*depth, name.as_str(), *kind, *text)).collect();
    assert_eq!(found, expected);
}

#[test]
fn every_kind_is_told_apart() {
    let table = [
        ("null", Kind::Null),
        ("true", Kind::Bool),
        ("false", Kind::Bool),
        ("0", Kind::Integer),
        ("-0", Kind::Integer),
        ("-12345678901234567890123", Kind::Integer),
        ("1.0", Kind::Number),
        ("1e5", Kind::Number),
        ("1E+5", Kind::Number),
        ("-0.5e-7", Kind::Number),
        ("1e999999", Kind::Number),
        (r#""""#, Kind::String),
        (r#""a / é 漢 😀 \u007f""#, Kind::EscapedString),
        ("\"\u{7f}\u{80}\u{2028}\"", Kind::String),
        (r#""\"""#, Kind::EscapedString),
        (r#""\\\/\b\f\n\r\t\u0000\uD83D\uDE00\ud83d\ude00""#, Kind::EscapedString),
        ("[]", Kind::Array),
        ("[1,[2],{}]", Kind::Array),
        ("{}", Kind::Object),
        (r#"{"":{"":[]}}"#, Kind::Object),
    ];
    for (text, kind) in table {
        for padded in
            [text.to_owned(), format!(" \t\r\n{text}"), format!("{text} \t\r\n"), format!(" {text} ")]
        {
            let document = reading(padded.as_bytes()).unwrap_or_else(|fault| panic!("{padded:?}: {fault:?}"));
            assert_eq!(document.root.kind, kind, "{padded:?}");
            assert_eq!(document.root.span.of(padded.as_bytes()), text.as_bytes(), "{padded:?}");
            assert_eq!(document.duplicate, None, "{padded:?}");
        }
    }
}

#[test]
fn what_is_not_json_is_refused() {
    let table = [
        "",
        " ",
        "\u{feff}{}",
        "{}\u{feff}",
        "\u{a0}1",
        "\u{b}1",
        "\u{c}1",
        "\u{0}",
        "1\u{0}",
        // More or less than one value.
        "{}{}",
        "1 2",
        "{},",
        "[] x",
        "nullnull",
        ",",
        ":",
        "]",
        "}",
        // Words.
        "nul",
        "nulL",
        "NULL",
        "True",
        "tru",
        "truee",
        "fals",
        "undefined",
        "NaN",
        "Infinity",
        "-Infinity",
        // Numbers.
        "-",
        "+1",
        "01",
        "-01",
        "00",
        "1.",
        ".5",
        "1.e5",
        "1e",
        "1e+",
        "1e-",
        "1E",
        "--1",
        "0x10",
        "1_000",
        "1.2.3",
        "1a",
        "１",
        // Strings.
        "\"",
        "\"a",
        "'a'",
        "\"\\\"",
        "\"\\",
        "\"\\u",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\\u+123\"",
        "\"\\U0041\"",
        "\"\\x41\"",
        "\"\\a\"",
        "\"\\0\"",
        "\"\\'\"",
        "\"a\"b",
        "\"\n\"",
        "\"\t\"",
        "\"\r\"",
        "\"\u{0}\"",
        "\"\u{1f}\"",
        "\"12345678\u{1f}\"",
        "\"\\n\u{1f}\"",
        "\"\\\n\"",
        // Half a pair of surrogates, in a value and in a name.
        r#""\ud800""#,
        r#""\udbff""#,
        r#""\udc00""#,
        r#""\udfff""#,
        r#""\ud800a""#,
        r#""\ud800\n""#,
        r#""\ud800\u0041""#,
        r#""\ud800\ud800""#,
        r#""\udc00\ud800""#,
        r#""\ud800\\udc00""#,
        r#""\ud800\udc0""#,
        r#""\ud800\u""#,
        r#""\ud800\"#,
        r#"{"\ud800":1}"#,
        r#"{"a":{"\udc00":1}}"#,
        // Arrays.
        "[",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "[,]",
        "[1 2]",
        "[1}",
        "[1:2]",
        "[[]",
        "[]]",
        "[1,,2]",
        // Objects.
        "{",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,",
        "{\"a\":1,}",
        "{,}",
        "{,\"a\":1}",
        "{\"a\"}",
        "{\"a\",1}",
        "{\"a\" 1}",
        "{a:1}",
        "{'a':1}",
        "{1:1}",
        "{null:1}",
        "{\"a\"::1}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":1]",
        "{\"a\":}",
        "{\"a\":,}",
        "{}}",
        "{\"a\":1,,\"b\":2}",
        "{[]:1}",
        "{\"a\\\":1}",
        // Extensions of others.
        "// c\n1",
        "1 // c",
        "/* c */ 1",
        "[1,/**/2]",
        "# c\n1",
        "b\"a\"",
        "1n",
        "(1)",
        "\"a\" + \"b\"",
        "`a`",
    ];
    for text in table {
        assert_eq!(reading(text.as_bytes()), Err(Fault::Syntax), "{text:?}");
    }
}

#[test]
fn every_control_character_is_refused_at_every_place_of_a_string() {
    for control in 0..0x20_u8 {
        // Beyond the sizes of the words and blocks that strings are looked at in.
        for before in [0, 1, 6, 7, 8, 9, 15, 16, 63, 64, 71, 72, 73, 127, 136, 200] {
            for after in [0, 1, 8, 100] {
                let mut body = vec![b'"'];
                body.extend(std::iter::repeat_n(b'a', before));
                body.push(control);
                body.extend(std::iter::repeat_n(b'a', after));
                body.push(b'"');
                assert_eq!(reading(&body), Err(Fault::Syntax), "{control:#x} after {before} before {after}");
            }
        }
    }
}

#[test]
fn every_length_of_string_ends_at_its_quote() {
    for filler in ["a", "é", "!", "#", "[", "]", "\u{7f}", " ", "漢", "😀"] {
        for count in 0..300 {
            let inner = filler.repeat(count);
            let body = format!(r#"["{inner}",1,"\\{inner}"]"#);
            assert_eq!(
                reading(body.as_bytes()).map(|document| document.root.kind),
                Ok(Kind::Array),
                "{body:?}"
            );
            let open = format!("\"{inner}");
            assert_eq!(reading(open.as_bytes()), Err(Fault::Syntax), "{open:?}");
        }
    }
}

#[test]
fn bytes_that_are_not_utf_8_are_refused_wherever_they_are() {
    let table: [&[u8]; 10] = [
        b"\xff",
        b"\"\xff\"",
        b"\"\xc3\"",
        b"\"\xc0\xaf\"",
        b"\"\xed\xa0\x80\"",
        b"\"\xf4\x90\x80\x80\"",
        b"{\"\x80\":1}",
        b"1 \xe9",
        b"\xef\xbb",
        b"\"aaaaaaaaaaaaaaaa\xe2\x82\"",
    ];
    for body in table {
        assert_eq!(reading(body), Err(Fault::NotUtf8), "{body:?}");
    }
}

#[test]
fn depth_is_limited() {
    let nested = |depth: usize, inner: &str| format!("{}{inner}{}", "[".repeat(depth), "]".repeat(depth));
    let objects = |depth: usize| format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
    assert_eq!(DEPTH_MAX, 128);
    for fine in [nested(128, ""), nested(128, "1"), nested(127, "{}"), objects(128)] {
        assert!(reading(fine.as_bytes()).is_ok());
    }
    for deep in [nested(129, ""), nested(129, "1"), nested(128, "{}"), objects(129), "[".repeat(1_000_000)] {
        assert_eq!(reading(deep.as_bytes()), Err(Fault::TooDeep));
    }
    let side_by_side = format!("[{}{}]", "[[]],".repeat(10_000), "{}");
    assert!(reading(side_by_side.as_bytes()).is_ok());
}

#[test]
fn length_is_limited_to_what_a_span_can_count() {
    assert_eq!(check_length(u32::MAX as usize), Ok(()));
    #[cfg(target_pointer_width = "64")]
    assert_eq!(check_length(u32::MAX as usize + 1), Err(Fault::TooLong));
}

fn duplicate(body: &str) -> Option<(u32, &str)> {
    let found = reading(body.as_bytes()).expect("valid").duplicate?;
    Some((found.depth, std::str::from_utf8(found.name.of(body.as_bytes())).expect("on boundaries")))
}

#[test]
fn a_repeated_name_is_reported_at_its_second_occurrence() {
    let table = [
        (r#"{"a":1,"a":2}"#, Some((1, r#""a""#))),
        (r#"{"":1,"":2}"#, Some((1, r#""""#))),
        (r#"{"a":1,"\u0061":2}"#, Some((1, r#""\u0061""#))),
        (r#"{"\u0061":1,"a":2}"#, Some((1, r#""a""#))),
        (r#"{"\u00e9":1,"é":2}"#, Some((1, r#""é""#))),
        (r#"{"\uD83D\uDE00":1,"😀":2}"#, Some((1, r#""😀""#))),
        (r#"{"/":1,"\/":2}"#, Some((1, r#""\/""#))),
        (r#"{"a":1,"b":2,"b":3,"a":4}"#, Some((1, r#""b""#))),
        (r#"{"a\n":1,"b":2,"b":3,"a\n":4}"#, Some((1, r#""b""#))),
        (r#"{"x":{"a":1,"a":2}}"#, Some((2, r#""a""#))),
        (r#"[{"a":1,"a":2}]"#, Some((2, r#""a""#))),
        (r#"{"x":[[{"a":1,"a":2}]]}"#, Some((4, r#""a""#))),
        // The outermost object that repeats a name, then the first to end.
        (r#"{"x":{"a":1,"a":2},"x":3}"#, Some((1, r#""x""#))),
        (r#"{"x":{"y":{"b":1,"b":2},"a":1,"a":2}}"#, Some((2, r#""a""#))),
        (r#"{"x":{"a":1,"a":2},"y":{"b":1,"b":2}}"#, Some((2, r#""a""#))),
        // The same name in different objects, differing names, names as values.
        (r#"{"a":{"a":{"a":1}}}"#, None),
        (r#"[{"a":1},{"a":2}]"#, None),
        (r#"{"x":{"a":1},"y":{"a":1},"a":1}"#, None),
        (r#"{"a":1,"A":2,"a ":3,"á":4,"a\u0000":5,"\\u0061":6}"#, None),
        (r#"{"a":"a","b":["a","a"],"c":"b"}"#, None),
        // Nobody normalises: one letter of one code point, one of two.
        ("{\"\u{e9}\":1,\"e\u{301}\":2}", None),
    ];
    for (body, expected) in table {
        assert_eq!(duplicate(body), expected, "{body}");
    }
}

#[test]
fn a_duplicate_does_not_end_the_reading() {
    let body = r#"{"method":"a","method":"b","id":7}"#;
    let ids: Vec<_> = members(body, |_| false).into_iter().filter(|(_, name, ..)| name == "id").collect();
    assert_eq!(ids, [(1, "id".to_owned(), Kind::Integer, "7")]);
    assert_eq!(reading(br#"{"a":1,"a":2,]"#), Err(Fault::Syntax));
}

#[test]
fn duplicates_are_found_on_both_sides_of_the_limit_for_pairs() {
    for count in [PAIRWISE_MEMBERS_MAX - 1, PAIRWISE_MEMBERS_MAX, PAIRWISE_MEMBERS_MAX + 1, 40, 200] {
        let names: Vec<String> = (0..count).map(|index| format!("\"k{index}\":1")).collect();
        assert_eq!(duplicate(&format!("{{{}}}", names.join(","))), None);
        for first in [0, count / 2, count - 2] {
            for second in [first + 1, count - 1] {
                let mut names = names.clone();
                names[second] = format!("\"k{first}\":1");
                let name = format!("\"k{first}\"");
                assert_eq!(
                    duplicate(&format!("{{{}}}", names.join(","))),
                    Some((1, name.as_str())),
                    "{count}"
                );
                names[0] = names[0].replacen('k', "\\u006b", 1);
                let body = format!("{{{}}}", names.join(","));
                let at = body.rfind(&name).expect("there");
                let found = reading(body.as_bytes()).expect("valid").duplicate.expect("found");
                assert_eq!((found.depth, found.name.start as usize), (1, at), "{count} with an escape");
            }
        }
    }
}

#[test]
fn of_several_repeated_names_the_first_to_repeat_is_reported() {
    let names: Vec<String> = (0..50).map(|index| format!("\"k{index:02}\":1")).collect();
    let body = format!("{{{},\"k40\":1,\"k03\":1,\"k40\":1}}", names.join(","));
    let found = reading(body.as_bytes()).expect("valid").duplicate.expect("found");
    assert_eq!(found.name.start as usize, body.match_indices("\"k40\"").nth(1).expect("there").0);
}

#[test]
fn a_hundred_thousand_members_are_read_in_time() {
    // A pair by pair search would take some 5,000,000,000 comparisons for each of these.
    for escape in ["k", "\\u006b"] {
        let names: Vec<String> = (0..100_000).map(|index| format!("\"{escape}{index}\":1")).collect();
        assert_eq!(duplicate(&format!("{{{}}}", names.join(","))), None);
        let last = format!("\"{escape}5\"");
        assert_eq!(duplicate(&format!("{{{},{last}:1}}", names.join(","))), Some((1, last.as_str())));
    }
    let equal = vec!["\"\":1"; 100_000];
    assert_eq!(duplicate(&format!("{{{}}}", equal.join(","))), Some((1, "\"\"")));
}

#[test]
fn names_are_announced_with_their_escapes_resolved() {
    let found = members(r#"{"p\u0061rams":{"\u00e9\n\/\uD83D\uDE00":1}}"#, |name| name == b"params");
    let names: Vec<&str> = found.iter().map(|(_, name, ..)| name.as_str()).collect();
    assert_eq!(names, ["é\n/😀", "params"]);
}

#[test]
fn nothing_is_announced_outside_the_watched_objects() {
    let no_object = |body| members(body, |_| true).len();
    assert_eq!(no_object(r#"[{"a":1}]"#), 0);
    assert_eq!(no_object(r#""a""#), 0);
    assert_eq!(members(r#"{"a":[{"b":1}],"c":{"d":{"e":1}}}"#, |name| name != b"d").len(), 3);
    assert_eq!(members(r#"{"a":{"b":{"c":1}}}"#, |name| name == b"b").len(), 1);
    // That a name was wanted does not carry over to what comes after its value.
    let found = members(r#"{"a":1,"b":{"x":1},"a":[{"y":1}]}"#, |name| name == b"a");
    assert_eq!(found.len(), 3);
}

#[test]
fn unescape_gives_the_text_of_strings_only() {
    let table = [
        (r#""plain é""#, Some("plain é")),
        (r#""""#, Some("")),
        (r#""\"\\\/\b\f\n\r\t""#, Some("\"\\/\u{8}\u{c}\n\r\t")),
        (r#""a\u0041\u00e9\u6f22\ud83d\ude00\uDBFF\uDFFFz""#, Some("aAé漢😀\u{10ffff}z")),
        ("1", None),
        ("null", None),
        ("true", None),
        ("[]", None),
        ("{}", None),
    ];
    for (body, expected) in table {
        let value = reading(body.as_bytes()).expect("valid").root;
        assert_eq!(unescape(body.as_bytes(), value).as_deref(), expected, "{body}");
    }
    let plain = reading(br#""plain""#).expect("valid").root;
    assert!(matches!(unescape(br#""plain""#, plain), Some(Cow::Borrowed("plain"))));
}

#[test]
fn unescape_and_spans_are_total() {
    let spans = [
        Span { start: 0, end: 9 },
        Span { start: 5, end: 1 },
        Span { start: u32::MAX, end: u32::MAX },
        Span { start: 0, end: 1 },
    ];
    let bodies: [&[u8]; 6] = [b"", b"\"", b"\"\xff\"", b"\"\\\"", b"\"\\ud800\"", b"abc"];
    for span in spans {
        for body in bodies {
            for kind in [Kind::String, Kind::EscapedString] {
                assert_eq!(unescape(body, Value { span, kind }), None, "{span:?} of {body:?}");
            }
        }
        assert!(Span { start: 5, end: 1 }.of(b"0123456").is_empty());
    }
}

// The oracle: serde_json reads the same text, container by container, as raw values.

#[derive(Debug)]
struct Node {
    value: Value,
    members: Vec<(Span, String, Node)>,
    elements: Vec<Node>,
}

struct Members<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de: 'a, 'a> serde::Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> de::Visitor<'de> for InOrder {
            type Value = Members<'de>;
            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

fn span_in(body: &str, part: &str) -> Span {
    let start = part.as_ptr() as usize - body.as_ptr() as usize;
    Span { start: start as u32, end: (start + part.len()) as u32 }
}

fn oracle(body: &str, raw: &RawValue) -> Option<Node> {
    let text = raw.get();
    let mut node = Node {
        value: Value { span: span_in(body, text), kind: Kind::Null },
        members: vec![],
        elements: vec![],
    };
    node.value.kind = match text.as_bytes()[0] {
        b'n' => Kind::Null,
        b't' | b'f' => Kind::Bool,
        b'"' => {
            serde_json::from_str::<String>(text).ok()?;
            if text.contains('\\') { Kind::EscapedString } else { Kind::String }
        }
        b'[' => {
            for element in serde_json::from_str::<Vec<&RawValue>>(text).ok()? {
                node.elements.push(oracle(body, element)?);
            }
            Kind::Array
        }
        b'{' => {
            for (name, value) in serde_json::from_str::<Members<'_>>(text).ok()?.0 {
                let resolved = serde_json::from_str(name.get()).ok()?;
                node.members.push((span_in(body, name.get()), resolved, oracle(body, value)?));
            }
            Kind::Object
        }
        _ if text.contains(['.', 'e', 'E']) => Kind::Number,
        _ => Kind::Integer,
    };
    Some(node)
}

impl Node {
    fn depth(&self) -> usize {
        let inner =
            self.members.iter().map(|(_, _, value)| value).chain(&self.elements).map(Self::depth).max();
        usize::from(matches!(self.value.kind, Kind::Array | Kind::Object)) + inner.unwrap_or(0)
    }

    /// Itself and everything in it.
    fn count(&self) -> u32 {
        let inner = self.members.iter().map(|(_, _, value)| value).chain(&self.elements);
        1 + inner.map(Self::count).sum::<u32>()
    }

    /// Duplicates in the order in which their objects end.
    fn duplicates(&self, depth: u32, found: &mut Vec<Duplicate>) {
        for inner in self.members.iter().map(|(_, _, value)| value).chain(&self.elements) {
            inner.duplicates(depth + 1, found);
        }
        for (index, (span, name, _)) in self.members.iter().enumerate() {
            if self.members[..index].iter().any(|(_, earlier, _)| earlier == name) {
                found.push(Duplicate { depth, name: *span });
                return;
            }
        }
    }

    fn heard(&self, depth: u32, watch: fn(&[u8]) -> bool, heard: &mut Vec<Heard>) {
        for (_, name, value) in &self.members {
            heard.push(Heard::Enter(depth, name.clone()));
            if watch(name.as_bytes()) && value.value.kind == Kind::Object {
                value.heard(depth + 1, watch, heard);
            }
            heard.push(Heard::Leave(depth, value.value));
        }
    }
}

fn watch_some(name: &[u8]) -> bool {
    name.len() % 2 == 1
}

/// Our reading and serde_json's agree on `body`, but for what we refuse on purpose.
fn agrees(body: &[u8]) {
    let mut recorder = Recorder::watching(watch_some);
    let ours = read(body, &mut recorder);
    let Ok(text) = std::str::from_utf8(body) else {
        assert_eq!(ours, Err(Fault::NotUtf8));
        return;
    };
    let Some(theirs) = serde_json::from_str::<&RawValue>(text).ok().and_then(|raw| oracle(text, raw)) else {
        assert!(
            matches!(ours, Err(Fault::Syntax | Fault::TooDeep)),
            "serde_json refuses {text:?}, we say {ours:?}"
        );
        return;
    };
    if theirs.depth() > DEPTH_MAX {
        assert_eq!(ours, Err(Fault::TooDeep));
        return;
    }
    let mut duplicates = Vec::new();
    theirs.duplicates(1, &mut duplicates);
    let duplicate = duplicates.iter().min_by_key(|duplicate| duplicate.depth).copied();
    let values = theirs.count();
    assert_eq!(ours, Ok(Document { root: theirs.value, duplicate, values }), "{text:?}");
    let mut heard = Vec::new();
    theirs.heard(1, watch_some, &mut heard);
    assert_eq!(recorder.heard, heard, "{text:?}");
}

fn white_space() -> impl Strategy<Value = String> {
    prop_oneof![4 => Just(String::new()), 1 => "[ \t\r\n]{1,3}"]
}

fn string() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => "[a-c]{0,3}",
        1 => r#"[ !#-\[\]-~]{0,70}"#,
        1 => "[é漢😀\u{7f}\u{80}\u{2028}]",
        1 => r#"\\["\\/bfnrt]"#,
        1 => r"\\u00[46][1-3]",
        1 => r"\\u[0-9a-cA-C][0-9a-fA-F]{3}",
        1 => r"\\u[dD][89abAB][0-9a-f]{2}\\u[dD][c-fC-F][0-9a-f]{2}",
    ];
    proptest::collection::vec(piece, 0..3).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

fn document() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("false".to_owned()),
        "-?(0|[1-9][0-9]{0,25})",
        r"-?(0|[1-9][0-9]{0,3})(\.[0-9]{1,4})?([eE][+-]?[0-9]{1,4})?",
        string(),
    ];
    scalar.prop_recursive(5, 60, 24, |inner| {
        let padded = (white_space(), inner, white_space())
            .prop_map(|(before, value, after)| before + &value + &after)
            .boxed();
        let member = (white_space(), string(), white_space(), padded.clone())
            .prop_map(|(before, name, after, value)| format!("{before}{name}{after}:{value}"));
        prop_oneof![
            (white_space(), proptest::collection::vec(padded, 0..5))
                .prop_map(|(empty, elements)| format!("[{empty}{}]", elements.join(","))),
            (white_space(), proptest::collection::vec(member, 0..22))
                .prop_map(|(empty, members)| format!("{{{empty}{}}}", members.join(","))),
        ]
    })
}

#[derive(Debug, Clone)]
enum Change {
    Replace(u8),
    Insert(u8),
    Remove,
    End,
    Repeat(usize),
}

fn changes() -> impl Strategy<Value = Vec<(prop::sample::Index, Change)>> {
    let byte =
        || prop_oneof![6 => prop::sample::select(br#"{}[]",:\ 019.-+eEtfnud/"#.to_vec()), 1 => any::<u8>()];
    let change = prop_oneof![
        byte().prop_map(Change::Replace),
        byte().prop_map(Change::Insert),
        Just(Change::Remove),
        Just(Change::End),
        (1..40_usize).prop_map(Change::Repeat),
    ];
    proptest::collection::vec((any::<prop::sample::Index>(), change), 1..4)
}

fn changed(mut body: Vec<u8>, changes: &[(prop::sample::Index, Change)]) -> Vec<u8> {
    for (at, change) in changes {
        if body.is_empty() {
            break;
        }
        let at = at.index(body.len());
        match change {
            Change::Replace(byte) => body[at] = *byte,
            Change::Insert(byte) => body.insert(at, *byte),
            Change::Remove => drop(body.remove(at)),
            Change::End => body.truncate(at),
            Change::Repeat(length) => {
                let end = (at + length).min(body.len());
                let piece = body[at..end].to_vec();
                drop(body.splice(at..at, piece));
            }
        }
    }
    body
}

/// Grammars need more cases than most.
fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig { cases: 6 * default.cases, failure_persistence: None, ..default }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn valid_documents_are_read_as_serde_json_reads_them(before in white_space(), text in document(), after in white_space()) {
        let body = before + &text + &after;
        prop_assert!(serde_json::from_str::<&RawValue>(&body).is_ok());
        agrees(body.as_bytes());
    }

    #[test]
    fn changed_documents_are_judged_as_serde_json_judges_them(text in document(), changes in changes()) {
        agrees(&changed(text.into_bytes(), &changes));
    }

    #[test]
    fn bytes_of_the_json_alphabet_are_judged_as_serde_json_judges_them(
        body in proptest::collection::vec(prop::sample::select(br#"{}[]",:\ 01.-eEu"abtrue"#.to_vec()), 0..24)
    ) {
        agrees(&body);
    }

    #[test]
    fn any_bytes_are_judged_as_serde_json_judges_them(body in proptest::collection::vec(any::<u8>(), 0..80)) {
        agrees(&body);
    }

    #[test]
    fn long_strings_are_judged_as_serde_json_judges_them(
        bytes in proptest::collection::vec(prop_oneof![60 => Just(b'a'), 1 => any::<u8>()], 0..600)
    ) {
        let mut body = vec![b'"'];
        body.extend(bytes);
        body.push(b'"');
        agrees(&body);
    }

    #[test]
    fn unescape_reads_strings_as_serde_json_does(text in string()) {
        let value = reading(text.as_bytes()).expect("valid").root;
        let theirs: String = serde_json::from_str(&text).expect("valid");
        let ours = unescape(text.as_bytes(), value);
        prop_assert_eq!(ours.as_deref(), Some(theirs.as_str()));
    }
}
