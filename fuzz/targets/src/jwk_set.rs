//! Key sets: which of the published keys may check tokens, against a plain reading of RFC 7517 and RFC 7518.
//!
//! The first byte of the input chooses the accepted algorithms; behind its line is the document.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use mcp_proto::jws::{
    Algorithm, AlgorithmSet, Denial, Key, KeyMaterial, KeySet,
    keys::{KEY_ID_BYTES_MAX, KEYS_MAX, KeySetError, SkipReason},
};

use crate::{
    lines,
    tree::{Tree, readable_object, unambiguous_object},
};

/// Reads the document as a key set.
pub(crate) fn run(input: &[u8]) {
    let (choice, document) = lines::line(input);
    let accepted = match choice.first() {
        Some(b'1') => AlgorithmSet::of(Algorithm::ALL),
        Some(b'2') => AlgorithmSet::of(&[Algorithm::Ps256]),
        Some(b'3') => AlgorithmSet::of(&[Algorithm::Es256, Algorithm::EdDsa]),
        _ => AlgorithmSet::default(),
    };
    match KeySet::parse_accepting(document, accepted) {
        Ok((keys, skipped)) => {
            let tree = unambiguous_object(document).expect("an ambiguous document is believed");
            let members = members(&tree).expect("something else than a key set is believed");
            assert_eq!(keys.len() + skipped.len(), members.len(), "each member is used or skipped");
            assert!(members.len() <= KEYS_MAX && !keys.is_empty());
            let places: Vec<usize> = skipped.iter().map(|(place, _)| place).collect();
            let used = members.iter().enumerate().filter(|(place, _)| !places.contains(place));
            let mut expected: Vec<&Tree<'_>> = used.map(|(_, member)| *member).collect();
            for key in keys.iter() {
                let place = expected.iter().position(|jwk| is_of(key, jwk));
                expected.remove(place.unwrap_or_else(|| panic!("{key:?} is nowhere in the document")));
                assert!(accepted.contains(key.algorithm()), "an algorithm that is not accepted");
            }
            choose(&keys);
            no_harm_in_skipping(&members, skipped.iter());
        }
        Err(KeySetError::Malformed) => {
            let tree = readable_object(document);
            assert!(tree.as_ref().and_then(members).is_none(), "a key set is refused");
        }
        Err(KeySetError::TooManyKeys | KeySetError::Empty | KeySetError::NoUsableKey(_)) => {
            let tree = unambiguous_object(document).expect("what is no JSON has no keys");
            let members = members(&tree).expect("what is no key set has no keys");
            let is_good = |jwk: &&Tree<'_>| {
                accepted.contains(Algorithm::EdDsa) && is_plainly_good(jwk) && !is_shared(jwk, &members)
            };
            assert!(members.len() > KEYS_MAX || !members.iter().any(is_good), "a good key is refused");
        }
        Err(KeySetError::TooLong) => panic!("a short document is too long"),
    }
}

fn members<'t>(tree: &'t Tree<'t>) -> Option<Vec<&'t Tree<'t>>> {
    match tree.member("keys") {
        Some(keys) => Some(keys.elements()?.iter().collect()),
        None => tree.member("kty").map(|_| vec![tree]),
    }
}

fn number(jwk: &Tree<'_>, name: &str) -> Option<Vec<u8>> {
    let text = jwk.member(name)?.string()?;
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    // There is one spelling.
    (URL_SAFE_NO_PAD.encode(&bytes) == text).then_some(bytes)
}

/// Whether a key is what this JWK says, and whether the JWK may be used at all.
fn is_of(key: &Key, jwk: &Tree<'_>) -> bool {
    let text = |name: &str| jwk.member(name).map(|member| member.string());
    let is = |name: &str, value: &str| text(name) == Some(Some(value));
    let significant = |bytes: Vec<u8>| bytes.into_iter().skip_while(|byte| *byte == 0).collect::<Vec<_>>();
    let is_material = match key.material() {
        KeyMaterial::EcP256 { x, y } => {
            is("kty", "EC")
                && is("crv", "P-256")
                && number(jwk, "x").as_deref() == Some(x)
                && number(jwk, "y").as_deref() == Some(y)
        }
        KeyMaterial::EcP384 { x, y } => {
            is("kty", "EC")
                && is("crv", "P-384")
                && number(jwk, "x").as_deref() == Some(x)
                && number(jwk, "y").as_deref() == Some(y)
        }
        KeyMaterial::Ed25519(x) => {
            is("kty", "OKP") && is("crv", "Ed25519") && number(jwk, "x").as_deref() == Some(x)
        }
        KeyMaterial::Rsa { n, e } => {
            let bits = n.len() * 8 - n.first().map_or(0, |byte| byte.leading_zeros() as usize);
            is("kty", "RSA")
                && number(jwk, "n").map(significant).as_ref() == Some(n)
                && number(jwk, "e").map(significant).as_ref() == Some(e)
                && (2048..=8192).contains(&bits)
                && n.last().is_some_and(|last| last % 2 == 1)
                && e.last().is_some_and(|last| last % 2 == 1)
                && e.len() <= 4
                && e.as_slice() != [1]
        }
    };
    let may_verify = matches!(text("use"), None | Some(Some("sig")))
        && jwk.member("key_ops").is_none_or(|operations| {
            operations
                .elements()
                .is_some_and(|all| all.iter().any(|operation| operation.string() == Some("verify")))
        });
    let is_named = match text("kid") {
        None => key.kid().is_none(),
        Some(kid) => {
            kid.is_some() && kid == key.kid() && kid.is_some_and(|kid| kid.len() <= KEY_ID_BYTES_MAX)
        }
    };
    let is_algorithm = text("alg").is_none_or(|algorithm| algorithm == Some(key.algorithm().name()));
    is_material && may_verify && is_named && is_algorithm
}

/// A key of RFC 8037 without anything that could be wrong with it: kind, curve and number, and at most a name.
fn is_plainly_good(jwk: &Tree<'_>) -> bool {
    let is = |name: &str, value: &str| jwk.member(name).and_then(Tree::string) == Some(value);
    let known = ["kty", "crv", "x", "kid"];
    let names = jwk.members().unwrap_or_default();
    names.iter().all(|(name, _)| known.contains(&name.as_str()))
        && is("kty", "OKP")
        && is("crv", "Ed25519")
        && number(jwk, "x").is_some_and(|x| x.len() == 32)
        && jwk.member("kid").is_none_or(|kid| kid.string().is_some_and(|kid| kid.len() <= KEY_ID_BYTES_MAX))
}

fn is_shared(jwk: &Tree<'_>, members: &[&Tree<'_>]) -> bool {
    let kid = jwk.member("kid").and_then(Tree::string);
    kid.is_some()
        && members.iter().filter(|other| other.member("kid").and_then(Tree::string) == kid).count() > 1
}

/// No two keys go by one name, and a token gets a key only where there is no choice.
fn choose(keys: &KeySet) {
    let mut bearers: BTreeMap<&str, usize> = BTreeMap::new();
    for kid in keys.iter().filter_map(Key::kid) {
        *bearers.entry(kid).or_default() += 1;
    }
    assert!(bearers.values().all(|count| *count == 1), "two keys of one name");
    for algorithm in Algorithm::ALL {
        let fit: Vec<&Key> = keys.iter().filter(|key| key.algorithm() == *algorithm).collect();
        let expected = if fit.len() == 1 { Ok(fit[0]) } else { Err(Denial::KeyUnknown) };
        assert_eq!(keys.choose(None, *algorithm), expected, "without a name");
        for key in keys.iter() {
            let Some(kid) = key.kid() else { continue };
            let expected = if key.algorithm() == *algorithm { Ok(key) } else { Err(Denial::KeyUnfit) };
            assert_eq!(keys.choose(Some(kid), *algorithm), expected, "by name");
        }
        assert_eq!(
            keys.choose(Some("nobody's"), *algorithm).err(),
            (!bearers.contains_key("nobody's")).then_some(Denial::KeyUnknown)
        );
    }
}

/// What is skipped for its name is one of several; private parts are never looked at.
fn no_harm_in_skipping(members: &[&Tree<'_>], skipped: impl Iterator<Item = (usize, SkipReason)>) {
    for (place, reason) in skipped {
        let jwk = members[place];
        match reason {
            SkipReason::KeyIdShared => assert!(is_shared(jwk, members), "a name that nobody shares"),
            SkipReason::Symmetric => assert_eq!(jwk.member("kty").and_then(Tree::string), Some("oct")),
            _ => {}
        }
    }
}
