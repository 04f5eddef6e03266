//! Access tokens, each with what is wrong with it.
//!
//! The texts are real compact serializations; only the signature bytes are made up, and whether
//! they are a signature is a choice of the walk.

mod bound;
mod draft;
mod flaw;
mod issuers;
mod proof;

use std::sync::Arc;

use mcp_proto::{
    exchange::Facts,
    jws::{self, Issuers, KeySet, TokenRules},
};

pub(crate) use self::{
    bound::{Binding, OTHER_CERTIFICATE, OWN_CERTIFICATE, bound_tokens},
    issuers::{issuers_parties, issuers_tokens},
    proof::{
        FUTURE, HOLDER, ID_OF_PROOFS, NONCE_OF_PROOFS, PAST, ProofMint, ProofSpec, SentProof, all_proofs,
        ordinary_proofs,
    },
};
use self::{
    draft::Draft,
    flaw::{Change, FLAWS, Part, VARIANTS, can_be_combined},
};
use crate::fields::{Entry, EventMeans};

pub(crate) const ISSUER: &str = "https://id.example";
pub(crate) const AUDIENCE: &str = "https://mcp.example/mcp";
/// The other issuer of a server that trusts two, and what the server is called there.
pub(crate) const OTHER_ISSUER: &str = "https://login.example";
pub(crate) const OTHER_AUDIENCE: &str = "https://mcp.example/api";
/// The leeway of the policy for the other issuer, in seconds.
pub(crate) const OTHER_LEEWAY: u64 = 10;

pub(crate) const ISSUED: u64 = 1000;
pub(crate) const EXPIRES: u64 = 2000;
const NOT_BEFORE: u64 = 1500;
/// The leeway of the policy, in seconds.
pub(crate) const LEEWAY: u64 = 60;
/// A moment at which every token without flaw is good.
pub(crate) const NOON: u64 = 1700;

/// When a token expires that is over at noon.
const BEFORE_NOON: u64 = NOON - LEEWAY;
const _: () = assert!(BEFORE_NOON == 1640);

/// Moments around every edge of the tokens' times.
pub(crate) const CLOCKS: [u64; 13] = [
    NOON,
    0,
    ISSUED - LEEWAY - 1,
    ISSUED - LEEWAY,
    NOT_BEFORE - LEEWAY - 1,
    NOT_BEFORE - LEEWAY,
    EXPIRES - 1,
    EXPIRES,
    EXPIRES + 1,
    EXPIRES + LEEWAY - 1,
    EXPIRES + LEEWAY,
    EXPIRES + LEEWAY + 1,
    u64::MAX,
];

/// What a `scope` claim says and what it grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grant {
    /// The JSON text of the claim; `None`: there is none.
    claim: Option<&'static str>,
    /// The scopes that the text lists.
    pub(crate) listed: &'static [&'static str],
    /// Those and what they imply by the policy: `mcp:admin` > `mcp:use`, `files:write` >
    /// `files:read`.
    pub(crate) holds: &'static [&'static str],
}

const fn grant(
    claim: &'static str,
    listed: &'static [&'static str],
    holds: &'static [&'static str],
) -> Grant {
    Grant { claim: Some(claim), listed, holds }
}

/// Everything that the server asks for anywhere.
pub(crate) const EVERYTHING: Grant = grant(
    r#""mcp:use files:write prompts:secret vault:read""#,
    &["mcp:use", "files:write", "prompts:secret", "vault:read"],
    &["mcp:use", "files:write", "files:read", "prompts:secret", "vault:read"],
);

/// None, part, equal, superset, unrelated; by implication; and texts that only look like grants.
pub(crate) const GRANTS: [Grant; 16] = [
    EVERYTHING,
    Grant { claim: None, listed: &[], holds: &[] },
    grant(r#""""#, &[], &[]),
    grant(r#""mcp:use""#, &["mcp:use"], &["mcp:use"]),
    grant(r#""mcp:admin""#, &["mcp:admin"], &["mcp:admin", "mcp:use"]),
    grant(r#""files:read""#, &["files:read"], &["files:read"]),
    grant(r#""mcp:use files:read""#, &["mcp:use", "files:read"], &["mcp:use", "files:read"]),
    grant(r#""files:write mcp:use""#, &["mcp:use", "files:write"], &["mcp:use", "files:write", "files:read"]),
    grant(
        r#""mcp:admin  files:write ""#,
        &["mcp:admin", "files:write"],
        &["mcp:admin", "mcp:use", "files:write", "files:read"],
    ),
    grant(
        r#""mcp:use files:write prompts:secret vault:read other""#,
        &["mcp:use", "files:write", "prompts:secret", "vault:read", "other"],
        &["mcp:use", "files:write", "files:read", "prompts:secret", "vault:read", "other"],
    ),
    grant(r#""other""#, &["other"], &["other"]),
    grant(r#""MCP:USE FILES:WRITE""#, &[], &[]),
    grant(r#""mcp:use\tfiles:read""#, &[], &[]),
    grant(r#""mcp:user mcp:us""#, &[], &[]),
    grant(r#"["mcp:use","files:write"]"#, &[], &[]),
    grant("7", &[], &[]),
];

impl Grant {
    pub(crate) const NOTHING: Self = Self { claim: None, listed: &[], holds: &[] };

    pub(crate) fn holds(&self, scopes: &[&str]) -> bool {
        scopes.iter().all(|scope| self.holds.contains(scope))
    }
}

/// Who is behind a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Party {
    pub(crate) issuer: &'static str,
    pub(crate) subject: &'static str,
    pub(crate) client: &'static str,
}

impl Party {
    /// Issuer, subject and client.
    pub(crate) fn parts(&self) -> (&'static str, &'static str, &'static str) {
        (self.issuer, self.subject, self.client)
    }
}

const ALICE: Party = Party { issuer: ISSUER, subject: "alice", client: "desk" };

/// One token.
pub(crate) struct Token {
    pub(crate) label: String,
    /// The compact serialization.
    pub(crate) text: String,
    /// Whether anything but its signature, its times and its scopes is wrong.
    pub(crate) is_flawed: bool,
    /// The name of the rule that refuses it for its flaw, where it has one.
    pub(crate) rule: Option<&'static str>,
    pub(crate) party: Party,
    /// To whom it is bound.
    pub(crate) binding: Binding,
    /// What may come with it.
    pub(crate) proofs: Vec<SentProof>,
    leeway: u64,
    expires: u64,
    not_before: Option<u64>,
    grant: Grant,
    /// What a verifier reports when the signature is good, and when it is not.
    facts: [Facts; 2],
    /// The places, in the list this token is in, of tokens that differ by more scopes only.
    pub(crate) richer: Vec<usize>,
}

impl Token {
    pub(crate) fn facts(&self, signature_is_good: bool) -> Facts {
        let [good, bad] = &self.facts;
        if signature_is_good { good.clone() } else { bad.clone() }
    }

    /// Whether a verifier refuses it, so that nobody gets to see what it says.
    pub(crate) fn is_refused_unread(&self) -> bool {
        matches!(self.facts, [Facts::Denied(_), _])
    }

    /// The first second at which it is over.
    pub(crate) fn until(&self) -> u64 {
        self.expires + self.leeway
    }

    pub(crate) fn grant(&self) -> Grant {
        self.grant
    }

    /// TOK-01, with the leeway of the policy (RFC 7519 section 4.1.4).
    pub(crate) fn has_expired(&self, now: u64) -> bool {
        now >= self.until()
    }

    pub(crate) fn is_not_yet_valid(&self, now: u64) -> bool {
        self.not_before.is_some_and(|start| start > now.saturating_add(self.leeway))
    }

    pub(crate) fn is_from_the_future(&self, now: u64) -> bool {
        ISSUED > now.saturating_add(self.leeway)
    }

    pub(crate) fn holds(&self, scopes: &[&str]) -> bool {
        self.grant.holds(scopes)
    }
}

fn keys() -> KeySet {
    let document = br#"{"keys":[
        {"kty":"EC","crv":"P-256","kid":"k1","alg":"ES256","use":"sig",
         "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
         "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
        {"kty":"OKP","crv":"Ed25519","kid":"k2","alg":"EdDSA",
         "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    let (keys, skipped) = KeySet::parse(document).expect("two public keys");
    assert!(skipped.is_empty(), "both keys can be used");
    keys
}

/// What a verifier finds out about a token.
fn facts(text: &str, rules: &TokenRules, keys: &KeySet, signature_is_good: bool) -> Facts {
    let claims = jws::inspect(text, rules, keys).and_then(|check| check.resolve(signature_is_good));
    match claims {
        Ok(claims) => Facts::Signed(Arc::new(claims)),
        Err(denial) => Facts::Denied(denial),
    }
}

/// Builds tokens and proofs for every policy.
pub(crate) struct Mints<'r> {
    pub(crate) tokens: Mint<'r>,
    pub(crate) proofs: ProofMint<'r>,
    pub(crate) issuers: &'r Issuers,
    /// `Last-Event-ID`, in each form.
    pub(crate) events: Vec<Entry<EventMeans>>,
}

/// Builds tokens for one policy.
pub(crate) struct Mint<'r> {
    rules: &'r TokenRules,
    keys: KeySet,
}

impl<'r> Mint<'r> {
    pub(crate) fn new(rules: &'r TokenRules) -> Self {
        Self { rules, keys: keys() }
    }

    fn token(&self, changes: &[(Part, Change)], is_flawed: bool, grant: Grant) -> Token {
        let mut draft = Draft::new(grant);
        for change in changes {
            draft.apply(*change);
        }
        let text = draft.text();
        let is_dated = changes.iter().any(|(part, _)| *part == Part::Claim("nbf"));
        Token {
            label: format!("{changes:?} {:?}", grant.claim),
            facts: [true, false].map(|good| facts(&text, self.rules, &self.keys, good)),
            text,
            is_flawed,
            rule: None,
            party: ALICE,
            binding: Binding::None,
            proofs: Vec::new(),
            leeway: LEEWAY,
            expires: EXPIRES,
            not_before: (is_dated && !is_flawed).then_some(NOT_BEFORE),
            grant,
            richer: Vec::new(),
        }
    }

    /// One token that may do everything.
    pub(crate) fn best(&self) -> Vec<Token> {
        vec![self.token(&[], false, EVERYTHING)]
    }

    /// One token for each grant.
    pub(crate) fn grants(&self) -> Vec<Token> {
        with_richer(GRANTS.iter().map(|grant| self.token(&[], false, *grant)).collect())
    }

    /// Every spelling of a token without flaw, with two grants.
    pub(crate) fn variants(&self) -> Vec<Token> {
        let [everything, nothing, ..] = GRANTS;
        VARIANTS
            .iter()
            .flat_map(|changes| [everything, nothing].map(|grant| self.token(changes, false, grant)))
            .collect()
    }

    /// Tokens of others than who has the other tokens, and of the same who has more, less, or not for
    /// long.
    pub(crate) fn parties(&self) -> Vec<Token> {
        const SUBJECT: Part = Part::Claim("sub");
        const CLIENT: Part = Part::Claim("client_id");
        let token =
            |changes: &[(Part, Change)], party, grant| Token { party, ..self.token(changes, false, grant) };
        let [everything, _, _, base, ..] = GRANTS;
        let until = |expires, json| {
            let change = (Part::Claim("exp"), Change::Set(json));
            Token { expires, ..token(&[change], ALICE, everything) }
        };
        vec![
            token(&[], ALICE, everything),
            token(&[], ALICE, base),
            until(BEFORE_NOON, "1640"),
            until(BEFORE_NOON + 1, "1641"),
            token(&[(SUBJECT, Change::Set(r#""bob""#))], Party { subject: "bob", ..ALICE }, everything),
            token(&[(CLIENT, Change::Set(r#""tool""#))], Party { client: "tool", ..ALICE }, everything),
            // The same letters, one after another.
            token(
                &[(SUBJECT, Change::Set(r#""alicede""#)), (CLIENT, Change::Set(r#""sk""#))],
                Party { subject: "alicede", client: "sk", ..ALICE },
                everything,
            ),
        ]
    }

    /// Every flaw alone.
    pub(crate) fn flaws(&self) -> Vec<Token> {
        FLAWS.iter().map(|flaw| self.token(&[*flaw], true, EVERYTHING)).collect()
    }

    /// Every two flaws that do not concern the same part.
    pub(crate) fn pairs_of_flaws(&self) -> Vec<Token> {
        let mut pairs = Vec::new();
        for (position, first) in FLAWS.iter().enumerate() {
            let behind = FLAWS.iter().skip(position + 1).filter(|second| can_be_combined(*first, **second));
            pairs.extend(behind.map(|second| self.token(&[*first, *second], true, EVERYTHING)));
        }
        pairs
    }
}

fn with_richer(mut tokens: Vec<Token>) -> Vec<Token> {
    let listed: Vec<_> = tokens.iter().map(|token| token.grant.listed).collect();
    for token in &mut tokens {
        let more = |other: &&[&str]| token.grant.listed.iter().all(|scope| other.contains(scope));
        token.richer = (0..listed.len()).filter(|place| listed.get(*place).is_some_and(more)).collect();
    }
    tokens
}
