//! Claims sets of signed tokens, and the answers of issuers that are asked, against a plain reading of RFC 9068
//! section 2.2 and RFC 7662 section 2.2.
//!
//! The input is the JSON text of the claims.

use std::collections::BTreeSet;

use mcp_proto::jws::{Claims, Denial, Possession, Profile, introspected};

use crate::{
    tokens::{ASKED, AUDIENCE, LEEWAY, NOON, PRODUCT, SIGNING, STRICT, WITH_ASKED, claims, noon},
    tree::{Node, Tree, readable_object, unambiguous_object},
};

/// The claims of a token that says in its header that it is an access token.
pub(crate) fn run(input: &[u8]) {
    match claims(input) {
        Ok(claims) => {
            let tree = unambiguous_object(input).expect("an ambiguous claims set is believed");
            let issuer = claims.principal().issuer();
            assert_eq!(tree.member("iss").and_then(Tree::string), Some(issuer));
            believed(&tree, &claims);
            assert!(is_complete(&tree, issuer == STRICT), "a claim is missing");
            let rules = SIGNING.rules_of(issuer).expect("an issuer of ours");
            judged(&tree, &claims, rules.check(&claims, Possession::default(), noon()).is_ok());
        }
        Err(denial) => {
            let Some(tree) = readable_object(input) else { return };
            let is_strict = tree.member("iss").and_then(Tree::string) == Some(STRICT);
            assert!(
                !(is_strict && is_complete(&tree, true) && is_plain(&tree)),
                "a good token is refused: {denial:?}"
            );
        }
    }
}

/// The answer of an issuer about a token.
pub(crate) fn run_introspected(input: &[u8]) {
    let rules = WITH_ASKED.rules_of(ASKED).expect("an issuer that is asked");
    assert_eq!(rules.profile(), Profile::Compatible);
    match introspected(input, rules) {
        Ok(claims) => {
            let tree = unambiguous_object(input).expect("an ambiguous answer is believed");
            assert_eq!(tree.member("active").map(|active| &active.node), Some(&Node::Bool(true)));
            let issuer = tree.member("iss").map_or(Some(ASKED), Tree::string);
            assert_eq!(issuer, Some(claims.principal().issuer()));
            believed(&tree, &claims);
            judged(&tree, &claims, rules.check(&claims, Possession::default(), noon()).is_ok());
            let kind = tree.member("token_type").map(|kind| kind.string().unwrap_or(""));
            let is_kind =
                |kind: &str| kind.eq_ignore_ascii_case("bearer") || kind.eq_ignore_ascii_case("dpop");
            assert!(kind.is_none_or(is_kind), "a token of type {kind:?}");
        }
        Err(Denial::Inactive) => {
            let tree = unambiguous_object(input).expect("what is no JSON is malformed");
            assert_ne!(tree.member("active").map(|active| &active.node), Some(&Node::Bool(true)));
        }
        Err(_) => {}
    }
}

/// Seconds, as far as they are written in whole numbers that need no rounding.
fn seconds(date: &Tree<'_>) -> Option<u64> {
    const DIGITS_MAX: usize = 12;
    let is_plain = date.node == Node::Number && date.text.len() <= DIGITS_MAX;
    date.text.parse().ok().filter(|seconds| is_plain && *seconds <= 253_402_300_799)
}

/// Whether everything is there that a token needs, at the issuer that keeps to RFC 9068 and at others.
fn is_complete(tree: &Tree<'_>, is_strict: bool) -> bool {
    let text = |name: &str| tree.member(name).and_then(Tree::string).is_some_and(|text| !text.is_empty());
    let audiences = tree.member("aud").and_then(Tree::one_or_more);
    let has_audience = audiences.is_some_and(|all| !all.is_empty() && all != [""]);
    let is_date = |name: &str| tree.member(name).is_some_and(|date| date.node == Node::Number);
    let is_named = !is_strict || text("client_id") && text("jti");
    text("iss") && text("sub") && has_audience && is_date("exp") && is_date("iat") && is_named
}

/// Whether nothing that is written could be taken for anything else by anybody.
fn is_plain(tree: &Tree<'_>) -> bool {
    let is_plain_date = |name: &&str| tree.member(name).is_none_or(|date| seconds(date).is_some());
    let actor = |act: &Tree<'_>| act.member("sub").and_then(Tree::string).is_some_and(|sub| !sub.is_empty());
    let audience = tree.member("aud").is_some_and(|aud| aud.string().is_some());
    ["exp", "nbf", "iat"].iter().all(is_plain_date) && tree.member("act").is_none_or(actor) && audience
}

/// What a set of claims says is what is written.
fn believed(tree: &Tree<'_>, claims: &Claims) {
    let principal = claims.principal();
    let text = |name: &str| tree.member(name).and_then(Tree::string);
    if let Some(subject) = tree.member("sub") {
        assert_eq!(subject.string(), Some(principal.subject()), "whose token it is");
    } else {
        assert_eq!(principal.subject(), principal.client(), "whose token it is");
    }
    assert!(!principal.subject().is_empty() && !principal.client().is_empty(), "a token of nobody");
    let named: BTreeSet<&str> = ["client_id", "azp", "cid", "appid"].into_iter().filter_map(text).collect();
    assert!(named.contains(principal.client()), "whose client it is");
    let is_product = principal.issuer() != STRICT;
    assert!(!is_product || named.len() == 1, "two names of one client");
    let named = tree.member("aud").and_then(Tree::one_or_more).unwrap_or_default();
    let audiences: Vec<&str> = claims.audiences().iter().map(|audience| &**audience).collect();
    assert_eq!(audiences, named, "whom it is for");
    assert!(!audiences.is_empty(), "it is for nobody");
    let dates = [("exp", Some(claims.expires())), ("nbf", claims.not_before()), ("iat", claims.issued_at())];
    for (name, date) in dates {
        assert_eq!(date.is_some(), tree.member(name).is_some(), "{name}");
        if let (Some(date), Some(written)) = (date, tree.member(name)) {
            let expected: f64 = written.text.parse().expect("a date is a number");
            // serde_json rounds in its own way.
            assert!((expected.floor() - date.0 as f64).abs() <= 1.0, "{name} is {} for {expected}", date.0);
        }
    }
    assert_eq!(
        principal.actor(),
        tree.member("act").and_then(|act| act.member("sub")).and_then(Tree::string)
    );
    assert_eq!(
        claims.kept("tenant"),
        tree.member("tenant").map(|tenant| tenant.text),
        "a claim that is kept"
    );
    assert_eq!(claims.kept("sub"), None, "a claim that is not kept");
    assert!(tree.member("cnf").is_none() || claims.confirmation().is_some(), "a binding is overlooked");
    scopes(tree, claims, is_product);
}

/// What is granted is written, and nothing else is granted.
fn scopes(tree: &Tree<'_>, claims: &Claims, is_product: bool) {
    let text = |name: &str| tree.member(name).and_then(Tree::string).unwrap_or("");
    let mut written: BTreeSet<&str> = text("scope").split(' ').collect();
    if is_product {
        written.extend(text("scp").split(' '));
        let listed = tree.member("scp").and_then(Tree::elements).unwrap_or_default();
        let listed: Option<Vec<&str>> = listed.iter().map(Tree::string).collect();
        written.extend(listed.unwrap_or_default().into_iter().filter(|scope| !scope.contains(' ')));
    }
    let roles = tree.member("realm_access").and_then(|access| access.member("roles"));
    let roles = roles.and_then(Tree::one_or_more).unwrap_or_default();
    if roles.contains(&"editor") {
        written.insert("files:write");
    }
    let is_scope = |text: &&&str| {
        !text.is_empty() && text.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
    };
    let written: BTreeSet<&str> = written.iter().filter(is_scope).copied().collect();
    let granted: Vec<&str> = claims.principal().scopes().iter().collect();
    assert_eq!(granted.iter().copied().collect::<BTreeSet<_>>(), written, "what is granted");
    assert_eq!(granted.len(), written.len(), "a scope is granted twice");
}

/// What becomes of a token with these claims that comes alone, at noon.
fn judged(tree: &Tree<'_>, claims: &Claims, is_good: bool) {
    let is_for_us = claims.audiences().iter().any(|audience| &**audience == AUDIENCE);
    let is_in_time = NOON < claims.expires().0.saturating_add(LEEWAY);
    let has_begun =
        [claims.not_before(), claims.issued_at()].into_iter().flatten().all(|date| date.0 <= NOON + LEEWAY);
    let is_bearer = claims.confirmation().is_none();
    let is_known = [STRICT, PRODUCT, ASKED].contains(&claims.principal().issuer());
    assert!(!is_bearer || tree.member("cnf").is_none());
    let is_of_whom_was_asked = tree.member("active").is_none() || claims.principal().issuer() == ASKED;
    let expected = is_for_us && is_in_time && has_begun && is_bearer && is_known;
    if is_of_whom_was_asked {
        assert_eq!(is_good, expected, "whether it is good");
    } else {
        assert!(!is_good || expected, "it is not good");
    }
}
