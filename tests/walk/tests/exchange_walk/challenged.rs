//! Which challenges an answer has to have (RFC 6750 section 3, RFC 9449 section 7.1, RFC 9728 section
//! 5.1).

use std::collections::BTreeSet;

use crate::{
    answer::Challenge,
    case::Case,
    fields::CredentialMeans,
    scene::{Bound, ServerKind},
    table::{With, named_needs},
};

pub(crate) const METADATA_URL: &str = "https://mcp.example/.well-known/oauth-protected-resource/mcp";

fn owned(words: impl IntoIterator<Item = &'static str>) -> BTreeSet<String> {
    words.into_iter().map(Into::into).collect()
}

/// The challenges, in order: none where the refusal asks for nothing.
pub(crate) fn expected_challenges(case: &Case<'_>, status: u16, with: With) -> Vec<Challenge> {
    let server = case.server();
    let mut scopes = owned(server.baseline().iter().copied());
    let error = match with {
        With::Challenge(error) => error,
        With::BoundOnly => Some("invalid_token"),
        With::NonceField => Some("use_dpop_nonce"),
        With::Scopes(more) => {
            scopes.extend(owned(case.operation().needs.iter().chain(more).copied()));
            Some("insufficient_scope")
        }
        With::ScopesOfAll => {
            for needs in case.each_request(|_| named_needs(case)) {
                scopes.extend(owned(needs.iter().copied()));
            }
            Some("insufficient_scope")
        }
        _ => return Vec::new(),
    };
    let asks_for_proof = server.bound() != Bound::Refused && (with == With::BoundOnly || is_bound(case));
    let scheme = if asks_for_proof { "DPoP" } else { server.scheme() };
    let first = Challenge {
        scheme: scheme.to_owned(),
        error: error.map(Into::into),
        has_description: error.is_some(),
        scopes,
        algorithms: algorithms(scheme, server),
        resource_metadata: server.publishes_metadata().then(|| METADATA_URL.to_owned()),
    };
    // Whoever may come with either is told of both, once: what was wrong, and where to get a token.
    let offers_proofs = status == 401 && server.bound() == Bound::Allowed && scheme == "Bearer";
    let second = offers_proofs.then(|| Challenge {
        scheme: "DPoP".to_owned(),
        error: None,
        has_description: false,
        scopes: BTreeSet::new(),
        algorithms: algorithms("DPoP", server),
        resource_metadata: None,
    });
    [first].into_iter().chain(second).collect()
}

fn algorithms(scheme: &str, server: ServerKind) -> BTreeSet<String> {
    if scheme == "DPoP" { owned(server.proof_algorithms().iter().copied()) } else { BTreeSet::new() }
}

/// Whether the request came in the scheme `DPoP`, as far as it has one: with a token in the query too,
/// it has two.
fn is_bound(case: &Case<'_>) -> bool {
    !case.query().has_token
        && matches!(case.credential(), CredentialMeans::Bound(_) | CredentialMeans::BoundMalformed)
}
