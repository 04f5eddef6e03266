//! Why a token was refused.

use std::fmt;

/// Why a token was refused: a closed list, for logs and tests.
///
/// A peer learns `error="invalid_token"` and [`Denial::description`], nothing else (RFC 6750
/// section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Denial {
    /// More bytes than [`TokenRules::token_bytes_max`](super::TokenRules::token_bytes_max).
    TooLong,
    /// Not three non-empty segments in canonical base64url.
    Malformed,
    /// The header is not a JSON object with unique member names, or its `kid` is no string of at
    /// most [`KEY_ID_BYTES_MAX`](super::keys::KEY_ID_BYTES_MAX) bytes.
    HeaderMalformed,
    /// `alg` is absent, not a string, unknown, or not among the allowed ones.
    AlgorithmRefused,
    /// `typ` of the header does not say access token (RFC 9068 section 2.1), or says another kind.
    TypeRefused,
    /// The header has a `crit` member; no extension is supported.
    CriticalExtension,
    /// The header has a `b64` member other than `true` (RFC 7797).
    UnencodedPayload,
    /// No key goes by the token's `kid`; or it has none and the choice is not unique.
    KeyUnknown,
    /// The key exists and is for another algorithm.
    KeyUnfit,
    /// The signature has the wrong length or does not verify.
    BadSignature,
    /// The payload is not a JSON object with unique member names, or a claim has the wrong type or
    /// range.
    ClaimsMalformed,
    /// `iss` is absent or empty.
    IssuerMissing,
    /// `iss` is not a configured issuer.
    IssuerForeign,
    /// `aud` is absent or empty.
    AudienceMissing,
    /// `aud` names somebody else.
    AudienceForeign,
    /// `exp` is absent.
    ExpiryMissing,
    /// `exp` has passed.
    Expired,
    /// `nbf` has not come.
    NotYetValid,
    /// `iat` has not come.
    IssuedInFuture,
    /// `sub` is absent or empty.
    SubjectMissing,
    /// The client is not named, or its name is empty.
    ClientMissing,
    /// `iat` is absent.
    IssuedAtMissing,
    /// `jti` is absent or empty.
    TokenIdMissing,
    /// The token is bound to a key (`cnf`, RFC 7800), and the sender did not prove to hold one, or
    /// the binding is of a kind that cannot be checked.
    SenderConstrained,
    /// The sender proved to hold a key, and the token is bound to none.
    NotSenderConstrained,
    /// The sender proved to hold another key than the token is bound to.
    KeyNotBound,
    /// The token is bound to a client certificate (`cnf`, RFC 8705 section 3.1), and the connection was made without
    /// one.
    CertificateMissing,
    /// The connection was made with another client certificate than the token is bound to.
    CertificateNotBound,
    /// Only tokens that are bound to a client certificate are accepted, and this one is bound to none.
    NotCertificateBound,
    /// The claims are those of an ID token, a refresh token or another kind of token.
    NotAnAccessToken,
    /// The issuer was asked about the token, and does not say that it is active (RFC 7662 section
    /// 2.2).
    Inactive,
}

impl Denial {
    /// Every reason there is, in declaration order.
    pub const ALL: &[Self] = &[
        Self::TooLong,
        Self::Malformed,
        Self::HeaderMalformed,
        Self::AlgorithmRefused,
        Self::TypeRefused,
        Self::CriticalExtension,
        Self::UnencodedPayload,
        Self::KeyUnknown,
        Self::KeyUnfit,
        Self::BadSignature,
        Self::ClaimsMalformed,
        Self::IssuerMissing,
        Self::IssuerForeign,
        Self::AudienceMissing,
        Self::AudienceForeign,
        Self::ExpiryMissing,
        Self::Expired,
        Self::NotYetValid,
        Self::IssuedInFuture,
        Self::SubjectMissing,
        Self::ClientMissing,
        Self::IssuedAtMissing,
        Self::TokenIdMissing,
        Self::SenderConstrained,
        Self::NotSenderConstrained,
        Self::KeyNotBound,
        Self::CertificateMissing,
        Self::CertificateNotBound,
        Self::NotCertificateBound,
        Self::NotAnAccessToken,
        Self::Inactive,
    ];

    /// What a peer is told: fixed text in the character set of `error_description` (RFC 6750
    /// section 3).
    ///
    /// What concerns the key and the signature shares one text, so that nobody can use us to find
    /// out which keys exist.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::TooLong
            | Self::Malformed
            | Self::HeaderMalformed
            | Self::UnencodedPayload
            | Self::ClaimsMalformed => "The access token is malformed",
            Self::AlgorithmRefused => "The signature algorithm of the access token is not accepted",
            Self::TypeRefused | Self::NotAnAccessToken => "The token is not an access token",
            Self::CriticalExtension => "The access token demands an unsupported extension",
            Self::KeyUnknown | Self::KeyUnfit | Self::BadSignature => {
                "The access token was not signed by a trusted key"
            }
            Self::IssuerMissing
            | Self::AudienceMissing
            | Self::ExpiryMissing
            | Self::SubjectMissing
            | Self::ClientMissing
            | Self::IssuedAtMissing
            | Self::TokenIdMissing => "The access token lacks a required claim",
            Self::IssuerForeign => "The access token issuer is not trusted",
            Self::AudienceForeign => "The access token was not issued for this server",
            Self::Expired => "The access token expired",
            Self::NotYetValid | Self::IssuedInFuture => "The access token is not valid yet",
            Self::SenderConstrained => {
                "The access token is bound to a key and cannot be used as a bearer token"
            }
            Self::NotSenderConstrained => "The access token is not bound to a key",
            Self::KeyNotBound => "The access token is bound to another key",
            Self::CertificateMissing => {
                "The access token is bound to a client certificate and none was presented"
            }
            Self::CertificateNotBound => "The access token is bound to another client certificate",
            Self::NotCertificateBound => "The access token is not bound to a client certificate",
            Self::Inactive => "The access token is not active",
        }
    }

    /// A short stable name for logs and metrics.
    #[must_use]
    pub const fn rule(self) -> &'static str {
        match self {
            Self::TooLong => "token_too_long",
            Self::Malformed => "token_malformed",
            Self::HeaderMalformed => "header_malformed",
            Self::AlgorithmRefused => "algorithm_refused",
            Self::TypeRefused => "type_refused",
            Self::CriticalExtension => "critical_extension",
            Self::UnencodedPayload => "unencoded_payload",
            Self::KeyUnknown => "key_unknown",
            Self::KeyUnfit => "key_unfit",
            Self::BadSignature => "bad_signature",
            Self::ClaimsMalformed => "claims_malformed",
            Self::IssuerMissing => "issuer_missing",
            Self::IssuerForeign => "issuer_foreign",
            Self::AudienceMissing => "audience_missing",
            Self::AudienceForeign => "audience_foreign",
            Self::ExpiryMissing => "expiry_missing",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::IssuedInFuture => "issued_in_future",
            Self::SubjectMissing => "subject_missing",
            Self::ClientMissing => "client_missing",
            Self::IssuedAtMissing => "issued_at_missing",
            Self::TokenIdMissing => "token_id_missing",
            Self::SenderConstrained => "sender_constrained",
            Self::NotSenderConstrained => "not_sender_constrained",
            Self::KeyNotBound => "key_not_bound",
            Self::CertificateMissing => "certificate_missing",
            Self::CertificateNotBound => "certificate_not_bound",
            Self::NotCertificateBound => "not_certificate_bound",
            Self::NotAnAccessToken => "not_an_access_token",
            Self::Inactive => "inactive",
        }
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.description())
    }
}

impl std::error::Error for Denial {}

#[cfg(test)]
mod tests {
    use super::Denial;
    use std::collections::BTreeSet;

    #[test]
    fn the_list_is_complete_and_in_declaration_order() {
        for (position, denial) in Denial::ALL.iter().enumerate() {
            assert_eq!(*denial as usize, position);
        }
        assert_eq!(Denial::ALL.len(), Denial::Inactive as usize + 1);
    }

    #[test]
    fn descriptions_keep_to_the_character_set_of_rfc_6750() {
        for denial in Denial::ALL {
            let text = denial.description();
            assert!(!text.is_empty());
            let permitted = |byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E);
            assert!(text.bytes().all(permitted), "{text}");
        }
    }

    #[test]
    fn rules_are_distinct_snake_case_names() {
        let names: BTreeSet<_> = Denial::ALL.iter().map(|denial| denial.rule()).collect();
        assert_eq!(names.len(), Denial::ALL.len());
        for name in names {
            let permitted = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
            assert!(name.bytes().all(permitted), "{name}");
        }
    }

    #[test]
    fn an_unknown_key_reads_like_a_bad_signature() {
        let told = Denial::BadSignature.description();
        assert_eq!(Denial::KeyUnknown.description(), told);
        assert_eq!(Denial::KeyUnfit.description(), told);
    }

    #[test]
    fn display_is_the_description() {
        assert_eq!(Denial::Expired.to_string(), "The access token expired");
    }
}
