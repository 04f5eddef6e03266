//! Why a proof was refused.

use std::fmt;

/// Why a DPoP proof was refused: a closed list, for logs and tests.
///
/// A peer learns `error="invalid_dpop_proof"` (`use_dpop_nonce` for [`ProofDenial::NonceNeeded`])
/// and [`ProofDenial::description`], nothing else (RFC 9449 sections 7.1 and 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProofDenial {
    /// The request has no `DPoP` field, and its token may not come without.
    Missing,
    /// The request has more than one `DPoP` field.
    Repeated,
    /// More bytes than [`DpopRules::proof_bytes_max`](super::DpopRules::proof_bytes_max).
    TooLong,
    /// Not three non-empty segments in canonical base64url, or the header is not a JSON object with
    /// unique member names, or it announces an unencoded payload (RFC 7797).
    Malformed,
    /// `typ` is not `dpop+jwt`.
    TypeRefused,
    /// `alg` is absent, not a string, unknown, or not among the allowed ones.
    AlgorithmRefused,
    /// The header has a `crit` member; no extension is supported.
    CriticalExtension,
    /// `jwk` is absent, no public key that we would use, has a private or symmetric part, is for
    /// another algorithm, or is an RSA key of more than
    /// [`PROOF_RSA_MODULUS_BITS_MAX`](super::PROOF_RSA_MODULUS_BITS_MAX) bits.
    KeyRefused,
    /// The signature has the wrong length or does not verify.
    BadSignature,
    /// The payload is not a JSON object with unique member names, or a claim is absent, too long,
    /// or has the wrong type or range.
    ClaimsMalformed,
    /// `htm` is another method than that of the request.
    MethodForeign,
    /// `htu` is none of the URLs that this server goes by.
    TargetForeign,
    /// `iat` is too long ago.
    TooOld,
    /// `iat` has not come.
    IssuedInFuture,
    /// `ath` is not the hash of the token in the same request.
    TokenForeign,
    /// There is no `nonce` of ours in it, or it is no longer accepted.
    NonceNeeded,
    /// The proof was used before, or may have been: it was made before the server began to remember.
    Replayed,
}

impl ProofDenial {
    /// Every reason there is, in declaration order.
    pub const ALL: &[Self] = &[
        Self::Missing,
        Self::Repeated,
        Self::TooLong,
        Self::Malformed,
        Self::TypeRefused,
        Self::AlgorithmRefused,
        Self::CriticalExtension,
        Self::KeyRefused,
        Self::BadSignature,
        Self::ClaimsMalformed,
        Self::MethodForeign,
        Self::TargetForeign,
        Self::TooOld,
        Self::IssuedInFuture,
        Self::TokenForeign,
        Self::NonceNeeded,
        Self::Replayed,
    ];

    /// What a peer is told: fixed text in the character set of `error_description` (RFC 6750
    /// section 3).
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::Missing => "The access token is bound to a key and needs a DPoP proof",
            Self::Repeated => "The request has more than one DPoP proof",
            Self::TooLong | Self::Malformed | Self::ClaimsMalformed => "The DPoP proof is malformed",
            Self::TypeRefused => "The type of the DPoP proof is not dpop+jwt",
            Self::AlgorithmRefused => "The signature algorithm of the DPoP proof is not accepted",
            Self::CriticalExtension => "The DPoP proof demands an unsupported extension",
            Self::KeyRefused => "The key of the DPoP proof is not accepted",
            Self::BadSignature => "The DPoP proof was not signed by its key",
            Self::MethodForeign => "The DPoP proof is for another HTTP method",
            Self::TargetForeign => "The DPoP proof is for another URL",
            Self::TooOld => "The DPoP proof is too old",
            Self::IssuedInFuture => "The DPoP proof is not valid yet",
            Self::TokenForeign => "The DPoP proof is for another access token",
            Self::NonceNeeded => "The DPoP proof needs a nonce of this server",
            Self::Replayed => "The DPoP proof was used before",
        }
    }

    /// A short stable name for logs and metrics.
    #[must_use]
    pub const fn rule(self) -> &'static str {
        match self {
            Self::Missing => "proof_missing",
            Self::Repeated => "proof_repeated",
            Self::TooLong => "proof_too_long",
            Self::Malformed => "proof_malformed",
            Self::TypeRefused => "proof_type_refused",
            Self::AlgorithmRefused => "proof_algorithm_refused",
            Self::CriticalExtension => "proof_critical_extension",
            Self::KeyRefused => "proof_key_refused",
            Self::BadSignature => "proof_bad_signature",
            Self::ClaimsMalformed => "proof_claims_malformed",
            Self::MethodForeign => "proof_method_foreign",
            Self::TargetForeign => "proof_target_foreign",
            Self::TooOld => "proof_too_old",
            Self::IssuedInFuture => "proof_issued_in_future",
            Self::TokenForeign => "proof_token_foreign",
            Self::NonceNeeded => "proof_nonce_needed",
            Self::Replayed => "proof_replayed",
        }
    }
}

impl fmt::Display for ProofDenial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.description())
    }
}

impl std::error::Error for ProofDenial {}

#[cfg(test)]
mod tests {
    use super::ProofDenial;
    use crate::jws::Denial;
    use std::collections::BTreeSet;

    #[test]
    fn the_list_is_complete_and_in_declaration_order() {
        for (position, denial) in ProofDenial::ALL.iter().enumerate() {
            assert_eq!(*denial as usize, position);
        }
        assert_eq!(ProofDenial::ALL.len(), ProofDenial::Replayed as usize + 1);
    }

    #[test]
    fn descriptions_keep_to_the_character_set_of_rfc_6750() {
        for denial in ProofDenial::ALL {
            let text = denial.description();
            assert!(!text.is_empty());
            let permitted = |byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E);
            assert!(text.bytes().all(permitted), "{text}");
            assert_eq!(denial.to_string(), text);
        }
    }

    #[test]
    fn rules_are_snake_case_names_that_no_denial_of_a_token_has() {
        let names: BTreeSet<_> = ProofDenial::ALL.iter().map(|denial| denial.rule()).collect();
        assert_eq!(names.len(), ProofDenial::ALL.len());
        for name in &names {
            let permitted = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
            assert!(name.bytes().all(permitted), "{name}");
        }
        assert!(Denial::ALL.iter().all(|denial| !names.contains(denial.rule())));
    }
}
