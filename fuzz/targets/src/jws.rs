//! Tokens as they come: which issuer a text is taken to be of, and what has to be checked of it.
//!
//! The first byte of the input says how it is meant. `r`: the rest of the line is the token. Otherwise the lines
//! are the header, the payload and as many bytes of signature as the third line has; the byte also chooses whether
//! there is an issuer that can be asked.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use mcp_proto::jws::{Identified, Profile, Verification};

use crate::{
    lines,
    tokens::{ALGORITHMS, KEYS, SIGNING, WITH_ASKED, put_together},
    tree::{Node, Tree, readable_object, unambiguous_object},
};

/// Takes the token as far as it goes.
pub(crate) fn run(input: &[u8]) {
    let Some((how, input)) = input.split_first() else { return };
    let token = if matches!(how, b'r' | b'R') {
        let (Some(token), _) = lines::text(input) else { return };
        token.to_owned()
    } else {
        let (header, rest) = lines::line(input);
        let (payload, rest) = lines::line(rest);
        let (signature, _) = lines::line(rest);
        put_together(header, payload, signature.len())
    };
    let issuers = if how.is_ascii_uppercase() { &*WITH_ASKED } else { &*SIGNING };
    let parts = parts(&token);
    match issuers.identify(&token) {
        Err(_) => {
            let is_good = parts.as_ref().is_some_and(|parts| parts.is_plainly_good());
            assert!(!is_good, "a good token is refused: {:?}", issuers.identify(&token).err());
        }
        Ok(Identified::Opaque { index, rules }) => {
            assert_eq!(issuers.get(index), Some(rules));
            assert_eq!(rules.verification(), Verification::Introspection);
            // Who is asked about a token could use it.
            let issuer = parts.as_ref().and_then(Parts::signed_issuer);
            assert!(issuer.is_none_or(|issuer| issuer == rules.issuer()), "a token is sent to a stranger");
        }
        Ok(Identified::Signed(unchecked)) => {
            let rules = unchecked.rules();
            let parts = parts.expect("what is no token is taken for one");
            let header = unambiguous_object(&parts.header).expect("an ambiguous header is believed");
            let text = |name: &str| header.member(name).and_then(Tree::string);
            assert_eq!(parts.signed_issuer().as_deref(), Some(rules.issuer()), "whose token it is");
            assert!(header.member("crit").is_none(), "an extension is overlooked");
            assert!(header.member("b64").is_none_or(|b64| b64.node == Node::Bool(true)));
            let algorithm = ALGORITHMS.iter().find(|algorithm| Some(algorithm.name()) == text("alg"));
            let algorithm = *algorithm.expect("an algorithm that is not accepted");
            let kind = text("typ").unwrap_or("").to_ascii_lowercase();
            let kinds: &[&str] = match rules.profile() {
                Profile::Rfc9068 => &["at+jwt", "application/at+jwt"],
                Profile::Compatible => &["at+jwt", "application/at+jwt", "jwt", "application/jwt", ""],
            };
            assert!(kinds.contains(&kind.as_str()), "a token of type {kind:?}");
            silent(&token, &format!("{unchecked:?}"), &[rules.issuer()]);
            let Ok(check) = unchecked.with_keys(&KEYS) else { return };
            assert_eq!((check.algorithm(), check.key().algorithm()), (algorithm, algorithm));
            assert!(text("kid").is_none_or(|kid| check.key().kid() == Some(kid)), "another key");
            assert_eq!(check.signature(), parts.signature, "what is checked");
            assert_eq!(Some(check.signature().len()), algorithm.signature_length(check.key()));
            let message = token.rsplit_once('.').map(|(message, _)| message.as_bytes());
            assert_eq!(Some(check.message()), message, "what was signed");
            silent(&token, &format!("{check:?}"), &[]);
            assert!(check.resolve(false).is_err(), "a bad signature is good");
        }
    }
}

/// Three segments in canonical base64url, decoded.
struct Parts {
    header: Vec<u8>,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

fn parts(token: &str) -> Option<Parts> {
    let segments: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = *segments else { return None };
    let decoded = |segment: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(segment).ok().filter(|bytes| !bytes.is_empty())?;
        (URL_SAFE_NO_PAD.encode(&bytes) == segment).then_some(bytes)
    };
    Some(Parts { header: decoded(header)?, payload: decoded(payload)?, signature: decoded(signature)? })
}

impl Parts {
    /// The issuer that a token with an algorithm names.
    fn signed_issuer(&self) -> Option<String> {
        let header = unambiguous_object(&self.header)?;
        header.member("alg")?.string()?;
        // Before somebody has vouched for a payload, nothing of it is read but its issuer: not whether all of it is
        // UTF-8.
        let payload = String::from_utf8_lossy(&self.payload);
        let payload = Tree::read(payload.as_bytes()).ok()?;
        Some(payload.member("iss")?.string()?.to_owned())
    }

    /// Whether it could not be any plainer: one of ours, and a header that says what has to be said.
    fn is_plainly_good(&self) -> bool {
        let issuer = readable_object(&self.payload).and_then(|_| self.signed_issuer());
        let Some(header) = readable_object(&self.header) else { return false };
        let has_names = header
            .members()
            .is_some_and(|members| members.iter().all(|(name, _)| name == "alg" || name == "typ"));
        let text = |name: &str| header.member(name).and_then(Tree::string);
        has_names
            && text("alg") == Some("ES256")
            && text("typ") == Some("at+jwt")
            && issuer.is_some_and(|issuer| SIGNING.rules_of(&issuer).is_some())
    }
}

/// Nothing that is printed has a segment of the token in it.
fn silent(token: &str, shown: &str, known: &[&str]) {
    // Shorter texts occur by chance.
    let secret = |segment: &&str| segment.len() > 16 && !known.contains(segment);
    for segment in token.split('.').filter(secret) {
        assert!(!shown.contains(segment), "a token is shown");
    }
}
