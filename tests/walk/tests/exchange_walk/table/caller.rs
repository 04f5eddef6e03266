//! Who sends the request: the credentials and what is found out about them.

use super::{
    ErrorId::Early,
    INTERNAL, INVALID, Row, Rule, Then, UNAUTHORIZED, With,
    With::{Challenge, RetryAfter},
    condition::{
        asks, comes_with_proof, is_asked, is_guarded, is_of_other_kind, is_of_other_scheme, is_own, proof,
        takes_proofs, token,
    },
    refuse, row,
};
use crate::{
    case::Case,
    fields::{CredentialMeans, ProofField},
    scene::{Bound, Verdict},
    tokens::{Binding, EXPIRES, HOLDER, OTHER_CERTIFICATE},
};

const BAD_REQUEST: Then = refuse(400, INVALID, Early, Challenge(Some("invalid_request")));
const NO_CREDENTIALS: Then = refuse(401, UNAUTHORIZED, Early, Challenge(None));
const BAD_TOKEN: Then = refuse(401, UNAUTHORIZED, Early, Challenge(Some("invalid_token")));
const BOUND_TOKEN: Then = refuse(401, UNAUTHORIZED, Early, With::BoundOnly);
const BAD_PROOF: Then = refuse(401, UNAUTHORIZED, Early, Challenge(Some("invalid_dpop_proof")));
const NO_NONCE: Then = refuse(401, UNAUTHORIZED, Early, With::NonceField);
const OUTAGE: Then = refuse(503, INTERNAL, Early, RetryAfter);

fn is_bound(case: &Case<'_>, binding: Binding) -> bool {
    token(case).is_some_and(|token| token.binding == binding)
}

pub(super) const ROWS: &[Row] = &[
    row("AUTH-04 RFC6750-06", |c| asks(c) && c.query().has_token, BAD_REQUEST).by("credentials_in_query"),
    row(
        "DT-07 RFC6750-06/two fields",
        |c| is_guarded(c) && c.credential() == CredentialMeans::Repeated,
        BAD_REQUEST,
    ),
    row(
        "DT-07 RFC6750-07/malformed",
        |c| is_guarded(c) && c.credential() == CredentialMeans::Malformed,
        BAD_REQUEST,
    )
    .by("credentials_malformed"),
    row(
        "DT-07 XDPOP-01/malformed behind DPoP",
        |c| takes_proofs(c) && c.credential() == CredentialMeans::BoundMalformed,
        BAD_REQUEST,
    )
    .by("credentials_malformed"),
    row(
        "DT-06 RFC6750-01 RFC6750-02",
        |c| is_guarded(c) && c.credential() == CredentialMeans::Absent,
        NO_CREDENTIALS,
    )
    .by("unauthenticated"),
    row("DT-07 RFC6750-07/not Bearer", |c| is_guarded(c) && is_of_other_scheme(c), NO_CREDENTIALS)
        .by("unauthenticated"),
    row(
        "XDPOP-06/no bearer tokens here",
        |c| c.server().bound() == Bound::Required && matches!(c.credential(), CredentialMeans::Token(_)),
        NO_CREDENTIALS,
    )
    .by("unauthenticated"),
    row(
        "XDPOP-01 RS-101/no proof",
        |c| comes_with_proof(c) && c.proof_field() == ProofField::Absent,
        BAD_PROOF,
    )
    .by("proof_missing"),
    row(
        "XDPOP-01 RS-101/two proofs",
        |c| comes_with_proof(c) && c.proof_field() == ProofField::Repeated,
        BAD_PROOF,
    )
    .by("proof_repeated"),
    row("outage", |c| is_asked(c) && matches!(c.verdict(), Verdict::Out(_)), OUTAGE).told(Rule::OfVerdict),
    row("facts of another kind", |c| is_asked(c) && is_of_other_kind(c), OUTAGE).by("verifier_unavailable"),
    // What the application says.
    row(
        "RFC6750-02/nobody recognised",
        |c| is_own(c) && c.verdict() == Verdict::Rejected && c.credential() == CredentialMeans::Absent,
        NO_CREDENTIALS,
    )
    .by("rejected"),
    row("DT-08/nobody recognised", |c| is_own(c) && c.verdict() == Verdict::Rejected, BAD_TOKEN)
        .by("rejected"),
    row(
        "RFC6750-02/verifier failed",
        |c| is_own(c) && c.verdict() == Verdict::Failed && c.credential() == CredentialMeans::Absent,
        NO_CREDENTIALS,
    )
    .by("verifier_failed"),
    row("DT-08/verifier failed", |c| is_own(c) && c.verdict() == Verdict::Failed, BAD_TOKEN)
        .by("verifier_failed"),
    row("DT-08/recognised too long ago", |c| is_own(c) && c.clock() >= EXPIRES, BAD_TOKEN).by("expired"),
    // What the verifier of tokens says.
    row("DT-08 TOK-01/signature", |c| is_guarded(c) && c.verdict() == Verdict::BadSignature, BAD_TOKEN),
    row(
        "XDPOP-01 XDPOP-03 XDPOP-04/refused by the verifier",
        |c| is_guarded(c) && matches!(c.verdict(), Verdict::ProofRefused(_)),
        BAD_PROOF,
    )
    .told(Rule::OfVerdict),
    row("XDPOP-03 RS-103/nonce", |c| is_guarded(c) && c.verdict() == Verdict::NonceNeeded, NO_NONCE)
        .by("proof_nonce_needed"),
    row(
        "DT-08 TOK-01 TOK-02 AUTH-06 XDPOP-05/flaw",
        |c| token(c).is_some_and(|token| token.is_flawed),
        BAD_TOKEN,
    )
    .told(Rule::OfToken),
    row("DT-08 TOK-01/exp", |c| token(c).is_some_and(|token| token.has_expired(c.clock())), BAD_TOKEN)
        .by("expired"),
    row("DT-08 TOK-01/nbf", |c| token(c).is_some_and(|token| token.is_not_yet_valid(c.clock())), BAD_TOKEN)
        .by("not_yet_valid"),
    row("DT-08 TOK-01/iat", |c| token(c).is_some_and(|token| token.is_from_the_future(c.clock())), BAD_TOKEN)
        .by("issued_in_future"),
    row(
        "XDPOP-06 RS-100 RS-104/bound token as bearer token",
        |c| {
            let is_to_key = |binding| matches!(binding, Binding::Holder | Binding::Both | Binding::Other);
            token(c).is_some_and(|token| is_to_key(token.binding)) && !comes_with_proof(c)
        },
        BOUND_TOKEN,
    )
    .by("sender_constrained"),
    // RFC 8705 section 3. Whether the certificate or what is said of a proof is looked at first, no standard says.
    row(
        "RFC8705-3/token without its certificate",
        |c| is_bound(c, Binding::Certificate) && c.verdict() != Verdict::Proven && c.certificate().is_none(),
        BAD_TOKEN,
    )
    .by("certificate_missing"),
    row(
        "RFC8705-3/token with another certificate",
        |c| {
            let is_other = c.certificate() == Some(OTHER_CERTIFICATE);
            is_bound(c, Binding::Certificate) && c.verdict() != Verdict::Proven && is_other
        },
        BAD_TOKEN,
    )
    .by("certificate_not_bound"),
    row(
        "XDPOP-01/bearer token with a proof",
        |c| {
            let is_to_no_key = |binding| matches!(binding, Binding::None | Binding::Certificate);
            comes_with_proof(c) && token(c).is_some_and(|token| is_to_no_key(token.binding))
        },
        BAD_TOKEN,
    )
    .by("not_sender_constrained"),
    row(
        "XDPOP-01/binding that cannot be checked",
        |c| comes_with_proof(c) && token(c).is_some_and(|token| token.binding == Binding::Other),
        BAD_TOKEN,
    )
    .by("sender_constrained"),
    row(
        "XDPOP-01/nothing found out about the proof",
        |c| comes_with_proof(c) && c.verdict() != Verdict::Proven,
        BAD_TOKEN,
    )
    .by("sender_constrained"),
    // RFC 9449 section 7.1 has `invalid_token` for this one.
    row("XDPOP-01 RS-101/jkt", |c| proof(c).is_some_and(|proof| proof.key != HOLDER), BAD_TOKEN)
        .by("key_not_bound"),
    row(
        "RFC8705-3/proven token without its certificate",
        |c| is_bound(c, Binding::Both) && c.certificate().is_none(),
        BAD_TOKEN,
    )
    .by("certificate_missing"),
    row(
        "RFC8705-3/proven token with another certificate",
        |c| is_bound(c, Binding::Both) && c.certificate() == Some(OTHER_CERTIFICATE),
        BAD_TOKEN,
    )
    .by("certificate_not_bound"),
    row("XDPOP-01 RS-101/htm", |c| proof(c).is_some_and(|proof| !proof.has_our_method()), BAD_PROOF)
        .by("proof_method_foreign"),
    row("XDPOP-01 RS-101/htu", |c| proof(c).is_some_and(|proof| !proof.has_our_target()), BAD_PROOF)
        .by("proof_target_foreign"),
    row("XDPOP-02/old", |c| proof(c).is_some_and(|proof| proof.is_too_old(c.clock())), BAD_PROOF)
        .by("proof_too_old"),
    row("XDPOP-02/future", |c| proof(c).is_some_and(|proof| proof.is_from_the_future(c.clock())), BAD_PROOF)
        .by("proof_issued_in_future"),
    row("XDPOP-01 RS-101/ath", |c| proof(c).is_some_and(|proof| !proof.is_for_token), BAD_PROOF)
        .by("proof_token_foreign"),
];
