//! What a verifier finds out, and who may get in by that.

use std::sync::{Arc, LazyLock};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderValue, Method};
use mcp_proto::{
    Facts, Principal, UnixSeconds,
    auth::scope::Scopes,
    exchange::{Presented, ProofFacts},
    jws::{
        Claims, Denial, Thumbprint,
        dpop::{self, DpopRules, Proof, ProofDenial},
    },
    refusal::Outage,
};

use super::servers::Guard;
use crate::tokens::{AUDIENCE, NOON, STRICT, claims, put_together};

pub(super) const EVERYTHING: &str = "mcp:admin files:write prompts:secret vault:read";
const LITTLE: &str = "mcp:use files:read";
const NOT_EVEN_THAT: &str = "files:read";

const HOLDER: Thumbprint = Thumbprint::new([5; 32]);
const STRANGER: Thumbprint = Thumbprint::new([6; 32]);
const HASH: [u8; 32] = [9; 32];

/// What can be found out. The first five are as good as credentials get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Signed(&'static str),
    Proven(&'static str),
    Accepted(&'static str),
    /// Good in every way but one.
    Expired,
    ForOther,
    Bound,
    BoundToOther,
    OfOtherToken,
    AcceptedBefore,
    /// Not good.
    Denied,
    ProofRefused,
    NonceNeeded,
    Rejected,
    Failed,
    Unavailable,
}

const ALL: [Found; 21] = [
    Found::Signed(EVERYTHING),
    Found::Signed(LITTLE),
    Found::Signed(NOT_EVEN_THAT),
    Found::Proven(EVERYTHING),
    Found::Proven(LITTLE),
    Found::Proven(NOT_EVEN_THAT),
    Found::Accepted(EVERYTHING),
    Found::Accepted(LITTLE),
    Found::Accepted(NOT_EVEN_THAT),
    Found::Expired,
    Found::ForOther,
    Found::Bound,
    Found::BoundToOther,
    Found::OfOtherToken,
    Found::AcceptedBefore,
    Found::Denied,
    Found::ProofRefused,
    Found::NonceNeeded,
    Found::Rejected,
    Found::Failed,
    Found::Unavailable,
];

impl Found {
    pub(super) fn of(choice: usize) -> Self {
        ALL[choice % ALL.len()]
    }

    /// The same for somebody who was granted everything.
    pub(super) fn richer(self) -> Self {
        match self {
            Self::Signed(_) => Self::Signed(EVERYTHING),
            Self::Proven(_) => Self::Proven(EVERYTHING),
            Self::Accepted(_) => Self::Accepted(EVERYTHING),
            found => found,
        }
    }

    /// What whoever presented something like this was granted, if that gets them in.
    pub(super) fn grants(
        self,
        guard: Guard,
        presented: Presented<'_>,
        method: &Method,
    ) -> Option<Vec<&'static str>> {
        let granted = match (self, guard, presented) {
            (Self::Signed(granted), Guard::Tokens | Guard::TokensAndProofs, Presented::Bearer(_)) => granted,
            // The proof is for a POST.
            (Self::Proven(granted), Guard::TokensAndProofs | Guard::Proofs, Presented::Dpop { .. })
                if method == Method::POST =>
            {
                granted
            }
            (Self::Accepted(granted), Guard::Own, Presented::Head) => granted,
            _ => return None,
        };
        Some(granted.split(' ').collect())
    }

    pub(super) fn facts(self) -> Facts {
        let made = &*MADE;
        let place = |granted| [EVERYTHING, LITTLE, NOT_EVEN_THAT].iter().position(|known| *known == granted);
        let of = |all: &[Arc<Claims>; 3], granted| all[place(granted).unwrap_or_default()].clone();
        match self {
            Self::Signed(granted) => Facts::Signed(of(&made.plain, granted)),
            Self::Proven(granted) => Facts::Proven(of(&made.bound, granted), proof(HOLDER, HASH)),
            Self::Accepted(granted) => Facts::Accepted(principal(granted, NOON + 60)),
            Self::Expired => Facts::Signed(made.expired.clone()),
            Self::ForOther => Facts::Signed(made.for_other.clone()),
            Self::Bound => Facts::Signed(of(&made.bound, EVERYTHING)),
            Self::BoundToOther => Facts::Proven(of(&made.bound, EVERYTHING), proof(STRANGER, HASH)),
            Self::OfOtherToken => Facts::Proven(of(&made.bound, EVERYTHING), proof(HOLDER, [8; 32])),
            Self::AcceptedBefore => Facts::Accepted(principal(EVERYTHING, NOON)),
            Self::Denied => Facts::Denied(Denial::BadSignature),
            Self::ProofRefused => Facts::ProofRefused(ProofDenial::Replayed),
            Self::NonceNeeded => Facts::NonceNeeded(HeaderValue::from_static("a-nonce-of-ours").into()),
            Self::Rejected => Facts::Rejected,
            Self::Failed => Facts::Failed,
            Self::Unavailable => Facts::Unavailable(Outage::KeysUnavailable),
        }
    }
}

fn principal(granted: &str, expires: u64) -> Arc<Principal> {
    Principal::new(STRICT, "alice", "desk", Scopes::parse(granted), UnixSeconds(expires)).into()
}

/// Claims that were made once.
struct Made {
    plain: [Arc<Claims>; 3],
    bound: [Arc<Claims>; 3],
    expired: Arc<Claims>,
    for_other: Arc<Claims>,
    proof: Proof,
    proof_of_stranger: Proof,
}

static MADE: LazyLock<Made> = LazyLock::new(|| {
    let bound = format!(r#","cnf":{{"jkt":"{}"}}"#, URL_SAFE_NO_PAD.encode(HOLDER.as_bytes()));
    let all = |more: &str| {
        [EVERYTHING, LITTLE, NOT_EVEN_THAT].map(|granted| made(AUDIENCE, NOON + 60, granted, more))
    };
    Made {
        plain: all(""),
        bound: all(&bound),
        expired: made(AUDIENCE, NOON - 300, EVERYTHING, ""),
        for_other: made("https://other.example", NOON + 60, EVERYTHING, ""),
        proof: made_proof(HOLDER),
        proof_of_stranger: made_proof(STRANGER),
    }
});

fn made(audience: &str, expires: u64, granted: &str, more: &str) -> Arc<Claims> {
    let payload = format!(
        r#"{{"iss":"{STRICT}","sub":"alice","client_id":"desk","jti":"t-1","iat":{},"aud":"{audience}","exp":{expires},"scope":"{granted}"{more}}}"#,
        NOON - 600
    );
    claims(payload.as_bytes()).expect("good claims").into()
}

fn made_proof(thumbprint: Thumbprint) -> Proof {
    let header = br#"{"typ":"dpop+jwt","alg":"EdDSA","jwk":{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}}"#;
    let hash = URL_SAFE_NO_PAD.encode(HASH);
    let payload = format!(r#"{{"jti":"p-1","htm":"POST","htu":"{AUDIENCE}","iat":{NOON},"ath":"{hash}"}}"#);
    let proof = put_together(header, payload.as_bytes(), 64);
    let rules = DpopRules::new([AUDIENCE]).expect("rules");
    let check = dpop::inspect(&proof, &rules).expect("a proof");
    check.resolve(true, thumbprint).expect("a good proof")
}

fn proof(thumbprint: Thumbprint, token_hash: [u8; 32]) -> Box<ProofFacts> {
    let proof = if thumbprint == HOLDER { &MADE.proof } else { &MADE.proof_of_stranger };
    ProofFacts { proof: proof.clone(), token_hash }.into()
}
