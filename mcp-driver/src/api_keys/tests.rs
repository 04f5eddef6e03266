use http::{HeaderMap, HeaderValue, Method, Uri};
use mcp_proto::Principal;

use super::*;

/// SHA-256 of `abc`: FIPS 180-4's first example.
const HASH_OF_ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// SHA-256 of nothing.
const HASH_OF_NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Header fields.
type Fields<'f> = &'f [(&'static str, &'f [u8])];

fn head(fields: Fields<'_>) -> RequestHead {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(*name, HeaderValue::from_bytes(value).unwrap());
    }
    RequestHead::new(Method::POST, Uri::from_static("/mcp"), headers)
}

fn caller(keys: &ApiKeys, fields: Fields<'_>) -> Option<Principal> {
    keys.identify(&head(fields)).map(|identity| identity.into_parts().unwrap().0)
}

/// Keys of these names; the key of `n` is `key of n`.
fn keys(names: &[&str]) -> ApiKeys {
    names.iter().fold(ApiKeys::new(), |keys, name| {
        keys.key(*name, &ApiKeys::hash(&format!("key of {name}")), "").unwrap()
    })
}

#[test]
fn a_key_is_told_from_its_sha_256() {
    assert_eq!(ApiKeys::hash("abc"), HASH_OF_ABC);
    for hash in [HASH_OF_ABC.to_owned(), HASH_OF_ABC.to_uppercase()] {
        let keys = ApiKeys::new().key("nightly", &hash, "read write").unwrap();
        let principal = caller(&keys, &[("x-api-key", b"abc")]).unwrap();
        assert_eq!(principal.issuer(), "api-key");
        assert_eq!(principal.subject(), "nightly");
        assert_eq!(principal.client(), "nightly");
        assert_eq!(principal.scopes().as_str(), "read write");
        assert_eq!(principal.expires().0, u64::MAX);
    }
}

#[test]
fn only_exactly_one_key_that_is_known_lets_in() {
    let keys = keys(&["a", "b"]);
    let table: [(Fields<'_>, Option<&str>); 9] = [
        (&[("x-api-key", b"key of a")], Some("a")),
        (&[("x-api-key", b"key of b"), ("x-other", b"key of a")], Some("b")),
        (&[], None),
        (&[("x-api-key", b"")], None),
        (&[("x-api-key", b"key of c")], None),
        (&[("x-api-key", b"Key of a")], None),
        (&[("x-api-key", b"key of a"), ("x-api-key", b"key of a")], None),
        (&[("x-api-key", b"key of a"), ("x-api-key", b"key of c")], None),
        (&[("authorization", b"Bearer key of a")], None),
    ];
    for (fields, expected) in table {
        assert_eq!(caller(&keys, fields).as_ref().map(Principal::subject), expected, "{fields:?}");
    }
}

#[test]
fn a_key_as_long_as_the_limit_is_known_and_a_longer_one_is_not() {
    for (length, known) in [(API_KEY_BYTES_MAX, true), (API_KEY_BYTES_MAX + 1, false)] {
        let key = "k".repeat(length);
        let keys = ApiKeys::new().key("long", &ApiKeys::hash(&key), "").unwrap();
        assert_eq!(caller(&keys, &[("x-api-key", key.as_bytes())]).is_some(), known, "{length}");
    }
    assert_eq!(API_KEY_BYTES_MAX, 256);
}

#[test]
fn a_key_of_any_bytes_is_compared_as_bytes() {
    let keys = ApiKeys::new().key("latin", &ApiKeys::hash("\u{fc}"), "").unwrap();
    assert!(caller(&keys, &[("x-api-key", "\u{fc}".as_bytes())]).is_some());
    assert!(caller(&keys, &[("x-api-key", b"\xfc")]).is_none());
}

#[test]
fn another_header_can_be_named() {
    let keys = keys(&["a"]).header("X-Gateway-Key").unwrap();
    assert_eq!(keys.header_name(), "x-gateway-key");
    assert!(caller(&keys, &[("x-gateway-key", b"key of a")]).is_some());
    assert!(caller(&keys, &[("x-api-key", b"key of a")]).is_none());
    for name in ["", "x key", "x:key", "x\u{fc}"] {
        let refused = ApiKeys::new().header(name).unwrap_err();
        assert_eq!(refused, ApiKeysError::HeaderMalformed(name.into()));
    }
}

#[test]
fn every_entry_is_compared_wherever_the_key_is() {
    let keys = keys(&["first", "second", "third", "last"]);
    for (key, expected) in [
        ("key of first", Some("first")),
        ("key of second", Some("second")),
        ("key of last", Some("last")),
        ("key of nobody", None),
    ] {
        let mut compared = Vec::new();
        let found = find(&keys.entries, &hash_of(key.as_bytes()), |entry, hash| {
            compared.push(*entry);
            is_same(entry, hash)
        });
        assert_eq!(found.map(|entry| &*entry.name), expected);
        let all: Vec<_> = keys.entries.iter().map(|entry| entry.hash).collect();
        assert_eq!(compared, all, "{key}");
    }
}

#[test]
fn hashes_are_the_same_when_no_bit_differs() {
    let hash = hash_of(b"key");
    assert!(is_same(&hash, &hash));
    for bit in 0..hash.len() * 8 {
        let mut other = hash;
        other[bit / 8] ^= 1 << (bit % 8);
        assert!(!is_same(&hash, &other), "bit {bit}");
    }
}

#[test]
fn a_bad_entry_is_refused_by_its_name() {
    let good = HASH_OF_ABC;
    let named = |name: &str| -> Box<str> { name.into() };
    let table = [
        ("", good, "", ApiKeysError::NameEmpty),
        ("taken", good, "", ApiKeysError::NameRepeated(named("taken"))),
        ("n", &good[1..], "", ApiKeysError::HashMalformed(named("n"))),
        ("n", &good[2..], "", ApiKeysError::HashMalformed(named("n"))),
        ("n", "", "", ApiKeysError::HashMalformed(named("n"))),
        ("n", &*format!("{good}00"), "", ApiKeysError::HashMalformed(named("n"))),
        ("n", &*good.replace('b', "g"), "", ApiKeysError::HashMalformed(named("n"))),
        ("n", &*good.replace("ba", "+b"), "", ApiKeysError::HashMalformed(named("n"))),
        ("n", HASH_OF_NOTHING, "", ApiKeysError::HashOfNothing(named("n"))),
        ("n", &*ApiKeys::hash("key of taken"), "", ApiKeysError::HashRepeated(named("n"), named("taken"))),
        (
            "n",
            &*ApiKeys::hash("key of taken").to_uppercase(),
            "",
            ApiKeysError::HashRepeated(named("n"), named("taken")),
        ),
        ("n", good, "read \"admin\"", ApiKeysError::ScopeMalformed(named("n"))),
        ("n", good, "read\tadmin", ApiKeysError::ScopeMalformed(named("n"))),
    ];
    for (name, hash, scopes, expected) in table {
        let refused = keys(&["taken"]).key(name, hash, scopes).unwrap_err();
        assert_eq!(refused, expected, "{name:?} {hash} {scopes:?}");
        assert!(!refused.to_string().contains(hash) || hash.is_empty());
    }
}

#[test]
fn without_entries_everybody_is_denied() {
    assert!(caller(&ApiKeys::default(), &[("x-api-key", b"abc")]).is_none());
}

#[test]
fn neither_keys_nor_their_hashes_are_shown() {
    assert_eq!(format!("{:?}", keys(&["a", "b"])), r#"ApiKeys { header: "x-api-key", keys: ["a", "b"] }"#);
}
