//! The one strict JSON reader for JOSE headers, claims sets and key sets.
//!
//! Two readers of one document must not be able to disagree about it. So a member name occurs once
//! in an object, at any depth and however it is escaped; and there is nothing in front of the
//! document, nothing behind it, and no invalid UTF-8 or unpaired surrogate inside.
//!
//! Values are kept as the text they were written in and are typed by the question that is asked of
//! them. A `serde_json::Value` would have swallowed repeated names, and its numbers change with a
//! feature flag that any crate of the final program can set.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::value::RawValue;

/// The value of one member of an object, for a first look at a document that is read in full, and
/// strictly, before anything in it is believed.
///
/// It costs a stranger's document no allocation for each of its members. The member must not be
/// repeated, however its name is escaped, so that both readings see the same one. `None` when the
/// document is no object or repeats the member.
pub(super) fn glance<'t>(json: &'t [u8], name: &str) -> Option<Option<Member<'t>>> {
    let mut document = serde_json::Deserializer::from_slice(json);
    let found = document.deserialize_map(GlanceVisitor { name }).ok()?;
    document.end().ok()?;
    Some(found.map(Member))
}

/// A JSON object with unique member names.
pub(crate) struct Object<'t> {
    members: BTreeMap<String, &'t RawValue>,
}

impl<'t> Object<'t> {
    /// Reads a whole document, which must be an object. Nesting is bounded by `serde_json`, at 128
    /// levels.
    pub(crate) fn read(json: &'t [u8]) -> Option<Self> {
        Self::read_text(std::str::from_utf8(json).ok()?)
    }

    fn read_text(json: &'t str) -> Option<Self> {
        let object: Self = serde_json::from_str(json).ok()?;
        let unambiguous = |value: &&RawValue| serde_json::from_str::<Unambiguous>(value.get()).is_ok();
        object.members.values().all(unambiguous).then_some(object)
    }

    /// The member of this name.
    pub(crate) fn member(&self, name: &str) -> Option<Member<'t>> {
        self.members.get(name).copied().map(Member)
    }

    /// How many members there are.
    pub(super) fn len(&self) -> usize {
        self.members.len()
    }
}

/// The value of a member. Each question answers `None` when the value is of another type.
#[derive(Clone, Copy)]
pub(crate) struct Member<'t>(&'t RawValue);

impl<'t> Member<'t> {
    /// A string.
    pub(crate) fn text(self) -> Option<Box<str>> {
        self.typed()
    }

    /// An array of strings.
    pub(super) fn texts(self) -> Option<Vec<Box<str>>> {
        self.typed()
    }

    /// Its JSON text, as it was written.
    pub(super) fn json(self) -> &'t str {
        self.0.get()
    }

    /// A number that a double can hold.
    pub(super) fn number(self) -> Option<f64> {
        // Whether an error or an infinity stands for the others is up to a feature of `serde_json`
        // as well.
        self.typed().filter(|number: &f64| number.is_finite())
    }

    /// A boolean.
    pub(super) fn boolean(self) -> Option<bool> {
        self.typed()
    }

    /// An array of anything.
    pub(super) fn elements(self) -> Option<Vec<Self>> {
        let elements: Vec<&'t RawValue> = self.typed()?;
        Some(elements.into_iter().map(Member).collect())
    }

    /// An object.
    pub(super) fn object(self) -> Option<Object<'t>> {
        Object::read_text(self.0.get())
    }

    fn typed<T: Deserialize<'t>>(self) -> Option<T> {
        serde_json::from_str(self.0.get()).ok()
    }
}

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor)
    }
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = Object<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with unique member names")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
        let mut members = BTreeMap::new();
        while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("repeated member name"));
            }
        }
        Ok(Object { members })
    }
}

struct GlanceVisitor<'n> {
    name: &'n str,
}

impl<'de> Visitor<'de> for GlanceVisitor<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(is_wanted) = map.next_key_seed(Is(self.name))? {
            if !is_wanted {
                map.next_value::<IgnoredAny>()?;
            } else if found.replace(map.next_value::<&RawValue>()?).is_some() {
                return Err(A::Error::custom("repeated member name"));
            }
        }
        Ok(found)
    }
}

/// Whether a member has this name.
struct Is<'n>(&'n str);

impl<'de> DeserializeSeed<'de> for Is<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Is<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }

    fn visit_str<E>(self, name: &str) -> Result<bool, E> {
        Ok(name == self.0)
    }
}

/// A value of any type in which no object repeats a member name.
struct Unambiguous;

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UnambiguousVisitor)
    }
}

struct UnambiguousVisitor;

impl<'de> Visitor<'de> for UnambiguousVisitor {
    type Value = Unambiguous;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value without repeated member names")
    }

    fn visit_unit<E>(self) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_str<E>(self, _: &str) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Unambiguous, A::Error> {
        while elements.next_element::<Unambiguous>()?.is_some() {}
        Ok(Unambiguous)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Unambiguous, A::Error> {
        let mut names = BTreeSet::new();
        while let Some((name, Unambiguous)) = map.next_entry::<String, Unambiguous>()? {
            if !names.insert(name) {
                return Err(A::Error::custom("repeated member name"));
            }
        }
        Ok(Unambiguous)
    }
}

#[cfg(test)]
mod tests {
    use super::{GlanceVisitor, Is, Object, Unambiguous, glance};
    use proptest::prelude::*;
    use serde::de::value::{BytesDeserializer, Error, U32Deserializer};
    use serde::de::{Deserialize, DeserializeSeed, Deserializer};

    #[test]
    fn members_answer_by_type() {
        let json = br#" {"s":"a\u00e9","n":1.5,"b":true,"a":["x","y"],"o":{"k":"v"},"z":null} "#;
        let object = Object::read(json).unwrap();
        let member = |name| object.member(name).unwrap();

        assert_eq!(member("s").text().as_deref(), Some("a\u{e9}"));
        assert_eq!(member("n").number(), Some(1.5));
        assert_eq!(member("b").boolean(), Some(true));
        assert_eq!(member("a").texts().unwrap(), ["x".into(), "y".into()]);
        assert_eq!(member("a").elements().unwrap().len(), 2);
        let nested = member("o").object().unwrap();
        assert_eq!(nested.member("k").unwrap().text().as_deref(), Some("v"));
        assert!(object.member("absent").is_none());

        for name in ["n", "b", "a", "o", "z"] {
            assert_eq!(member(name).text(), None, "{name}");
        }
        for name in ["s", "b", "a", "o", "z"] {
            assert_eq!(member(name).number(), None, "{name}");
        }
        for name in ["s", "n", "a", "o", "z"] {
            assert_eq!(member(name).boolean(), None, "{name}");
        }
        for name in ["s", "n", "b", "o", "z"] {
            assert!(member(name).texts().is_none(), "{name}");
            assert!(member(name).elements().is_none(), "{name}");
        }
        for name in ["s", "n", "b", "a", "z"] {
            assert!(member(name).object().is_none(), "{name}");
        }
    }

    #[test]
    fn each_reader_says_what_it_takes_when_it_is_given_something_else() {
        let number = || U32Deserializer::<Error>::new(1);
        let errors = [
            Object::deserialize(number()).err(),
            number().deserialize_map(GlanceVisitor { name: "a" }).err(),
            Is("a").deserialize(number()).err(),
            // No JSON is read as bytes.
            Unambiguous::deserialize(BytesDeserializer::new(b"a")).err(),
        ];
        let said = errors.map(|error| error.unwrap().to_string());
        assert_eq!(
            said,
            [
                "invalid type: integer `1`, expected an object with unique member names",
                "invalid type: integer `1`, expected an object",
                "invalid type: integer `1`, expected a member name",
                "invalid type: byte array, expected a value without repeated member names",
            ]
        );
    }

    #[test]
    fn names_are_exact() {
        let object = Object::read(br#"{"KID":1,"kid\u0000":2," kid":3}"#).unwrap();
        assert!(object.member("kid").is_none());
    }

    #[test]
    fn ambiguous_or_broken_documents_are_refused() {
        let table: &[(&[u8], &str)] = &[
            (br#"{"a":1,"a":1}"#, "repeated name"),
            (br#"{"a":1,"\u0061":1}"#, "repeated name, once escaped"),
            (br#"{"o":{"a":1,"b":2,"a":3}}"#, "repeated name, nested"),
            (br#"{"o":[[{"a":1,"\u0061":1}]]}"#, "repeated name in arrays"),
            (b"{\"a\":\"\xff\"}", "invalid UTF-8"),
            (b"{\"a\":\"\xed\xa0\x80\"}", "a surrogate in UTF-8"),
            (b"\xef\xbb\xbf{}", "a byte order mark"),
            (br#"{}{}"#, "a second document"),
            (br#"{} x"#, "trailing text"),
            (b"{}\0", "a trailing NUL"),
            (br#"{"a":1,}"#, "a trailing comma"),
            (br#"{"a":1 /* b */}"#, "a comment"),
            (br#"{"a":NaN}"#, "NaN"),
            (br#"{"a":Infinity}"#, "infinity"),
            (br#"{"a":01}"#, "a leading zero"),
            (br#"{"a":"\ud800"}"#, "an unpaired surrogate"),
            (br#"{"\ud800":1}"#, "an unpaired surrogate in a name"),
            (br#"{"o":["\udc00"]}"#, "an unpaired surrogate, nested"),
            (b"{\"a\":\"\x01\"}", "a raw control character"),
            (br#"{a:1}"#, "a bare name"),
            (br#"{'a':1}"#, "single quotes"),
            (br#"[]"#, "an array"),
            (br#""a""#, "a string"),
            (br#"null"#, "null"),
            (b"", "nothing"),
            (b"{", "half an object"),
        ];
        for (json, why) in table {
            assert!(Object::read(json).is_none(), "{why}");
        }
    }

    #[test]
    fn the_same_name_in_different_objects_is_no_repetition() {
        assert!(Object::read(br#"{"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]}"#).is_some());
    }

    #[test]
    fn a_number_that_no_double_holds_is_none() {
        for json in [r#"{"exp":1e400}"#, r#"{"exp":-1e400}"#] {
            let number = Object::read(json.as_bytes()).and_then(|object| object.member("exp")?.number());
            assert_eq!(number, None, "{json}");
        }
    }

    #[test]
    fn a_lookalike_of_an_internal_name_is_plain_data() {
        let json = br#"{"exp":{"$serde_json::private::Number":"9"}}"#;
        let object = Object::read(json).unwrap();
        assert_eq!(object.member("exp").unwrap().number(), None);
    }

    #[test]
    fn deep_nesting_is_refused() {
        let nested = |depth| format!(r#"{{"a":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
        assert!(Object::read(nested(127).as_bytes()).is_some());
        assert!(Object::read(nested(128).as_bytes()).is_none());
        assert!(Object::read(nested(200_000).as_bytes()).is_none());
    }

    #[test]
    fn a_glance_finds_the_one_member_of_that_name() {
        let table: &[(&str, Option<Option<&str>>)] = &[
            ("{}", Some(None)),
            (r#"{"iss":"a"}"#, Some(Some("a"))),
            (r#" {"x":[{"iss":"b"}],"\u0069ss":"\u0061","y":{"iss":"c"}} "#, Some(Some("a"))),
            (r#"{"x":1,"x":2,"iss":"a"}"#, Some(Some("a"))),
            (r#"{"ISS":"a","iss ":"a"}"#, Some(None)),
            (r#"{"iss":"a","iss":"a"}"#, None),
            (r#"{"iss":"a","\u0069ss":"b"}"#, None),
            (r#"{"iss":"a"}x"#, None),
            (r#"{"iss":"a""#, None),
            (r#"{"iss":"a",}"#, None),
            (r#"["iss"]"#, None),
            (r#""iss""#, None),
            ("", None),
        ];
        for (json, expected) in table {
            let found = glance(json.as_bytes(), "iss");
            let found = found.map(|member| member.map(|member| member.text().unwrap()));
            assert_eq!(found, expected.map(|value| value.map(Into::into)), "{json}");
        }
        let typed = glance(br#"{"iss":1}"#, "iss").unwrap().unwrap();
        assert_eq!(typed.text(), None);
        assert!(glance(b"{\"iss\":\"\xff\"}", "iss").is_none());
    }

    proptest! {
        #[test]
        fn a_glance_sees_what_the_full_reading_sees(
            json in r#"\{("(iss|\\u0069ss|[a-c])":("[a-c]"|1|\{"iss":2\}|\[\])(,|))*\}"#,
        ) {
            if let Some(object) = Object::read(json.as_bytes()) {
                let full = object.member("iss").map(|member| member.0.get());
                let glanced = glance(json.as_bytes(), "iss").map(|found| found.map(|member| member.0.get()));
                prop_assert_eq!(glanced, Some(full), "{}", json);
            }
        }

        #[test]
        fn a_glance_at_any_bytes_is_survived(json: Vec<u8>) {
            let _ = glance(&json, "iss");
        }

        #[test]
        fn any_bytes_are_survived(json: Vec<u8>) {
            let _ = Object::read(&json);
        }

        #[test]
        fn any_json_like_text_is_survived(json in r#"\{("[ab]":([\[{"]|[\]}"]|1|,|:|a|\\u0061)*,?)*\}"#) {
            let _ = Object::read(json.as_bytes());
        }
    }
}
