//! Which challenges a refusal is answered with.

use http::HeaderValue;

use super::{
    challenge::{self, AuthScheme, Challenge, ChallengeError},
    protection::Protection,
    scope::Scopes,
};
use crate::{
    jws::AlgorithmSet,
    refusal::{CredentialFault, Refusal},
};

/// The challenges of one answer, each a field of its own. Only the first names the metadata (AUTH-13) and
/// what was wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Challenges {
    pub(crate) first: HeaderValue,
    pub(crate) second: Option<HeaderValue>,
}

/// What was wrong, for a challenge: nothing for a refusal that asks for no other credentials.
enum Demand<'r> {
    /// RFC6750-02: without credentials there is no error yet.
    Credentials,
    Other(ChallengeError),
    /// AUTH-19, AUTH-21, AUTH-22: what this operation needs, all of it.
    Scopes(&'r Scopes),
}

fn demand(refusal: &Refusal) -> Option<Demand<'_>> {
    Some(if let Refusal::Unauthenticated = refusal {
        Demand::Credentials
    } else if let Refusal::Rejected { anonymous } | Refusal::VerifierFailed { anonymous } = refusal {
        if *anonymous { Demand::Credentials } else { Demand::Other(ChallengeError::Rejected) }
    } else if let Refusal::MalformedCredentials(fault) = refusal {
        Demand::Other(match fault {
            CredentialFault::Repeated => ChallengeError::CredentialsRepeated,
            CredentialFault::Malformed => ChallengeError::CredentialsMalformed,
            CredentialFault::InQuery => ChallengeError::TokenInQuery,
        })
    } else if let Refusal::InvalidToken(denial) = refusal {
        Demand::Other(ChallengeError::TokenRefused(*denial))
    } else if let Refusal::InvalidProof(denial) = refusal {
        Demand::Other(ChallengeError::ProofRefused(*denial))
    } else if let Refusal::NonceNeeded(_) = refusal {
        Demand::Other(ChallengeError::NonceNeeded)
    } else if let Refusal::InsufficientScope(needed) = refusal {
        Demand::Scopes(needed)
    } else {
        return None;
    })
}

impl Protection {
    /// The challenge of one scheme, where the refusal asks for anything.
    pub(super) fn challenge(
        &self,
        refusal: &Refusal,
        scheme: AuthScheme,
        algorithms: Option<AlgorithmSet>,
    ) -> Option<HeaderValue> {
        let (error, scope) = match demand(refusal)? {
            Demand::Credentials => (None, self.baseline().scopes()),
            Demand::Other(error) => (Some(error), self.baseline().scopes()),
            Demand::Scopes(needed) => (Some(ChallengeError::ScopeInsufficient), needed),
        };
        Some(challenge::render(&Challenge {
            scheme,
            realm: None,
            error,
            scope: scope.clone(),
            algorithms,
            resource_metadata: self.metadata_url().cloned(),
        }))
    }
}
