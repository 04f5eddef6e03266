//! Proofs that a sender holds a key (RFC 9449 section 4), each with what is wrong with it.
//!
//! As with tokens, the texts are real and the signature bytes are made up.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::HeaderValue;
use mcp_proto::{
    exchange::{Facts, ProofFacts},
    jws::{
        Thumbprint,
        dpop::{self, DpopRules},
    },
};
use ring::digest::{SHA256, digest};

use super::{AUDIENCE, EXPIRES, LEEWAY, NOON, Token};

/// How old a proof may be, and how far ahead, in seconds.
pub(crate) const PAST: u64 = 60;
pub(crate) const FUTURE: u64 = 5;

/// What must not be seen in anything that is printed.
pub(crate) const NONCE_OF_PROOFS: &str = "n0nce-that-a-client-sends";
pub(crate) const ID_OF_PROOFS: &str = "pr00f-of-a-client";

/// The key of RFC 9449, to which bound tokens are bound, and that of RFC 8037 appendix A.2.
pub(crate) const HOLDER: usize = 0;
const KEYS: [(&str, &str); 2] = [
    (
        "ES256",
        r#"{"kty":"EC","crv":"P-256","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs","y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"}"#,
    ),
    ("EdDSA", r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#),
];

/// Methods, and whether it is ours; they are case-sensitive (RFC 9110 section 9.1).
const METHODS: [(&str, bool); 3] = [("POST", true), ("GET", false), ("post", false)];

/// Targets, and whether it is ours: without query and fragment, after normalisation (RFC 9449
/// section 4.3).
const TARGETS: [(&str, bool); 6] = [
    (AUDIENCE, true),
    ("https://mcp.example/mcp/", false),
    ("https://mcp.example/mcp?a=b#c", true),
    ("HTTPS://MCP.example:443/x/../mc%70", true),
    ("http://mcp.example/mcp", false),
    ("https://evil.example/mcp", false),
];

/// When proofs were made: at the edges of what is fresh at noon, and when the tokens are over.
const MADE: [u64; 6] =
    [NOON, NOON - PAST, NOON - PAST - 1, NOON + FUTURE, NOON + FUTURE + 1, EXPIRES + LEEWAY - 1];

/// What a proof says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ProofSpec {
    pub(crate) key: usize,
    method: usize,
    target: usize,
    made: u64,
    /// Whether it is for the token that it comes with.
    pub(crate) is_for_token: bool,
}

const GOOD: ProofSpec = ProofSpec { key: HOLDER, method: 0, target: 0, made: NOON, is_for_token: true };

impl ProofSpec {
    pub(crate) fn has_our_method(&self) -> bool {
        METHODS[self.method].1
    }

    pub(crate) fn has_our_target(&self) -> bool {
        TARGETS[self.target].1
    }

    pub(crate) fn is_too_old(&self, now: u64) -> bool {
        now > self.made + PAST
    }

    pub(crate) fn is_from_the_future(&self, now: u64) -> bool {
        self.made > now.saturating_add(FUTURE)
    }

    /// RFC 9449 section 4.3, checks 8, 9 and 11, and the first half of 12.
    pub(crate) fn is_good(&self, now: u64) -> bool {
        self.has_our_method()
            && self.has_our_target()
            && !self.is_too_old(now)
            && !self.is_from_the_future(now)
            && self.is_for_token
    }
}

/// Everything that a proof can say.
pub(crate) fn all_proofs() -> Vec<ProofSpec> {
    let mut proofs = Vec::new();
    for key in 0..KEYS.len() {
        for method in 0..METHODS.len() {
            for target in 0..TARGETS.len() {
                for made in MADE {
                    proofs.extend([true, false].map(|is_for_token| ProofSpec {
                        key,
                        method,
                        target,
                        made,
                        is_for_token,
                    }));
                }
            }
        }
    }
    proofs
}

/// A good one, and each flaw alone.
pub(crate) fn ordinary_proofs() -> Vec<ProofSpec> {
    vec![
        GOOD,
        ProofSpec { key: 1, ..GOOD },
        ProofSpec { method: 1, ..GOOD },
        ProofSpec { target: 1, ..GOOD },
        ProofSpec { made: MADE[2], ..GOOD },
        ProofSpec { made: MADE[4], ..GOOD },
        ProofSpec { is_for_token: false, ..GOOD },
    ]
}

/// A proof as it is sent with a token.
pub(crate) struct SentProof {
    pub(crate) spec: ProofSpec,
    pub(crate) field: HeaderValue,
    /// What a verifier reports when both signatures are good.
    pub(crate) facts: Facts,
}

/// Makes proofs for one policy.
pub(crate) struct ProofMint<'r>(pub(crate) &'r DpopRules);

impl ProofMint<'_> {
    pub(super) fn make(&self, spec: &ProofSpec, token: &Token) -> SentProof {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let token_hash = sha256(token.text.as_bytes());
        let said_hash = if spec.is_for_token { token_hash } else { sha256(b"another token") };
        let (algorithm, key) = KEYS[spec.key];
        let header = format!(r#"{{"typ":"dpop+jwt","alg":"{algorithm}","jwk":{key}}}"#);
        let claims = format!(
            r#"{{"jti":"{ID_OF_PROOFS}","htm":"{}","htu":"{}","iat":{},"ath":"{}","nonce":"{NONCE_OF_PROOFS}"}}"#,
            METHODS[spec.method].0,
            TARGETS[spec.target].0,
            spec.made,
            encode(&said_hash),
        );
        let text =
            format!("{}.{}.{}", encode(header.as_bytes()), encode(claims.as_bytes()), encode(&[0xFB; 64]));
        let check = dpop::inspect(&text, self.0).expect("a well-formed proof");
        let thumbprint = Thumbprint::new(sha256(check.thumbprint_input().as_bytes()));
        let proof = check.resolve(true, thumbprint).expect("well-formed claims");
        // A token that is not good itself is refused, whatever comes with it.
        let facts = match token.facts(true) {
            Facts::Signed(claims) => Facts::Proven(claims, Box::new(ProofFacts { proof, token_hash })),
            other => other,
        };
        SentProof { spec: *spec, field: HeaderValue::from_str(&text).expect("visible ASCII"), facts }
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    digest(&SHA256, bytes).as_ref().try_into().expect("SHA-256 has 32 bytes")
}
