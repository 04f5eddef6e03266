//! Tokens that are bound to a key (RFC 7800, RFC 9449 section 6.1) or to a certificate (RFC 8705 section 3.1), and
//! others beside them.

use mcp_proto::jws::CertificateThumbprint;

use super::{
    EVERYTHING, GRANTS, Mint, Token,
    flaw::{Change, Part},
    proof::{ProofMint, ProofSpec},
    with_richer,
};

/// To whom a token is bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Binding {
    /// To nobody: it is for any bearer.
    None,
    /// To the holder of the first key of the proofs.
    Holder,
    /// To the first client certificate.
    Certificate,
    /// To that key and to that certificate.
    Both,
    /// In a way that cannot be checked, or that is malformed.
    Other,
}

impl Binding {
    pub(crate) fn has_certificate(self) -> bool {
        matches!(self, Self::Certificate | Self::Both)
    }
}

/// The digest that RFC 9449 section 6.1 has for a key, which is not thereby that of a certificate.
pub(crate) const OWN_CERTIFICATE: CertificateThumbprint = CertificateThumbprint::new([
    0xd1, 0x97, 0x0e, 0x08, 0xe4, 0x59, 0x35, 0x8c, 0xbe, 0x0d, 0x6a, 0x6a, 0xab, 0x7d, 0x23, 0x67, 0x22,
    0x46, 0x1d, 0x33, 0x74, 0x77, 0x61, 0xe0, 0x94, 0x15, 0x77, 0xba, 0x28, 0x2e, 0x03, 0x82,
]);
/// That of somebody else's certificate.
pub(crate) const OTHER_CERTIFICATE: CertificateThumbprint = CertificateThumbprint::new([7; 32]);

const CNF: Part = Part::Claim("cnf");

/// The thumbprint of the first key is the one of RFC 9449 section 6.1.
const BINDINGS: [(Binding, &[(Part, Change)]); 9] = [
    (Binding::Holder, &[(CNF, Change::Set(r#"{"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}"#))]),
    (Binding::None, &[]),
    (
        Binding::Certificate,
        &[(CNF, Change::Set(r#"{"x5t#S256":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}"#))],
    ),
    (
        Binding::Both,
        &[(
            CNF,
            Change::Set(
                r#"{"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I","x5t#S256":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}"#,
            ),
        )],
    ),
    (Binding::Other, &[(CNF, Change::Set(r#"{"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I="}"#))]),
    (
        Binding::Other,
        &[(CNF, Change::Set(r#"{"x5t#S256":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I","kid":"k"}"#))],
    ),
    (Binding::Other, &[(CNF, Change::Set(r#"{"x5t#S256":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I="}"#))]),
    (Binding::Other, &[(CNF, Change::Set("null"))]),
    (Binding::Other, &[(CNF, Change::Set("{}"))]),
];

/// What else is wrong with some of them, and the rule that says so.
const FLAWS: [((Part, Change), &str); 2] = [
    ((Part::Claim("aud"), Change::Set(r#""https://other.example/mcp""#)), "audience_foreign"),
    ((Part::Header("typ"), Change::Set(r#""dpop+jwt""#)), "type_refused"),
];

/// Every binding with some grants, each token with these proofs.
pub(crate) fn bound_tokens(mint: &Mint<'_>, proofs: &ProofMint<'_>, specs: &[ProofSpec]) -> Vec<Token> {
    let [everything, nothing, _, base, _, other, ..] = GRANTS;
    let mut tokens = Vec::new();
    for (binding, changes) in BINDINGS {
        let bound = [everything, nothing, base, other]
            .map(|grant| Token { binding, ..mint.token(changes, false, grant) });
        let first = tokens.len();
        // Grants are compared among tokens of one binding.
        tokens.extend(with_richer(bound.into()).into_iter().map(|mut token| {
            token.richer.iter_mut().for_each(|place| *place += first);
            token
        }));
    }
    for (flaw, rule) in FLAWS {
        let [(binding, changes), ..] = BINDINGS;
        let changes = [changes, &[flaw]].concat();
        tokens.push(Token { binding, rule: Some(rule), ..mint.token(&changes, true, EVERYTHING) });
    }
    for token in &mut tokens {
        token.proofs = specs.iter().map(|spec| proofs.make(spec, token)).collect();
    }
    tokens
}
