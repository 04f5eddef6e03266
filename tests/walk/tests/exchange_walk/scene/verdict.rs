//! What a verifier finds.

use mcp_proto::{jws::dpop::ProofDenial, refusal::Outage};

/// What a verifier finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    GoodSignature,
    BadSignature,
    /// The signature of the token is good, and so is that of the proof that came with it.
    Proven,
    /// The token is good and its proof is not.
    ProofRefused(ProofDenial),
    /// The token is good and its proof needs a nonce.
    NonceNeeded,
    /// The application recognises a caller with this grant, by its place in the list.
    Accepted(usize),
    /// The application recognises nobody.
    Rejected,
    /// The application's verifier failed.
    Failed,
    /// Nothing can be found now.
    Out(Outage),
}

/// What can be found of tokens alone.
pub(crate) const VERDICTS: [Verdict; 4] = [
    Verdict::GoodSignature,
    Verdict::BadSignature,
    Verdict::Out(Outage::KeysUnavailable),
    Verdict::Out(Outage::TimedOut),
];

const OUTAGES: [Outage; 5] = [
    Outage::KeysUnavailable,
    Outage::TimedOut,
    Outage::VerifierUnavailable,
    Outage::IntrospectionUnavailable,
    Outage::Overloaded,
];

/// Everything that any verifier can find, with callers of so many grants.
pub(crate) fn all(grants: usize) -> Vec<Verdict> {
    let mut menu = vec![Verdict::Proven, Verdict::GoodSignature, Verdict::BadSignature, Verdict::NonceNeeded];
    menu.extend(ProofDenial::ALL.iter().copied().map(Verdict::ProofRefused));
    menu.extend((0..grants).map(Verdict::Accepted));
    menu.extend([Verdict::Rejected, Verdict::Failed]);
    menu.extend(OUTAGES.map(Verdict::Out));
    menu
}
