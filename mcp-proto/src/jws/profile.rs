//! What kind of tokens an issuer issues, and what is an access token among them.

use super::Denial;
use super::json::{Member, Object};

/// How an issuer says what RFC 9068 says in one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Profile {
    /// RFC 9068, in full: the header has `typ: at+jwt`, and `iss`, `aud`, `exp`, `iat`, `sub`,
    /// `client_id` and `jti` are there.
    #[default]
    Rfc9068,
    /// The access tokens that Keycloak, Auth0, Entra ID, Okta and Cognito issue by default.
    ///
    /// `typ` of the header may be `JWT` or absent, `jti` may be absent (Entra ID has `uti`), the
    /// client is named by `client_id`, `azp`, `cid` or `appid`, and `scp` grants scopes as `scope`
    /// does, as a string or as an array. Where the names of the client contradict one another, the
    /// token is refused: it would be up to each reader whose it is.
    ///
    /// Such an access token is not marked as one, and an ID token of the same issuer is signed with
    /// the same keys. So a token needs something that only access tokens have, and nothing that
    /// only others have; else it is [`Denial::NotAnAccessToken`], even if its `aud` is ours.
    Compatible,
}

/// How tokens of an issuer are found to be good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verification {
    /// By their signature, with the issuer's published keys.
    #[default]
    Signature,
    /// By asking the issuer about each (RFC 7662).
    Introspection,
}

/// Where claims come from, as far as it tells what they are claims of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// The payload of a token whose header says, or does not say, that it is an access token.
    Token { is_typed: bool },
    /// An introspection answer.
    Introspection,
}

/// What only tokens of other kinds have: the hashes of ID tokens (OpenID Connect Core section
/// 3.3.2.11, Financial-grade API part 2 section 5.1) and the events of logout tokens (RFC 8417).
const FOREIGN_CLAIMS: [&str; 4] = ["at_hash", "c_hash", "s_hash", "events"];

/// What access tokens have and ID tokens have not: `scope` (RFC 9068, Keycloak, Auth0, Cognito),
/// `client_id` (RFC 9068, Cognito), `scp` (Okta, Entra ID), `cid` (Okta), `appid` and `azpacr`
/// (Entra ID v1 and v2), `permissions` and `gty` (Auth0). `azp` and `roles` are in ID tokens as
/// well.
const TELLING_CLAIMS: [&str; 8] =
    ["scope", "client_id", "scp", "cid", "appid", "azpacr", "permissions", "gty"];

/// Refuses what is no access token.
///
/// With RFC 9068, the header of a token says what it is, and was judged before. An introspection
/// answer has no header and need not say it in another way, so it may only not say anything else.
pub(super) fn require_access_token(
    claims: &Object<'_>,
    profile: Profile,
    origin: Origin,
) -> Result<(), Denial> {
    let statements = statements(claims, origin);
    let says_otherwise = statements.contains(&Some(false)) || has_any(claims, &FOREIGN_CLAIMS);
    let says_so = origin == Origin::Token { is_typed: true } || statements.contains(&Some(true));
    let is_access_token = match (profile, origin) {
        (Profile::Rfc9068, Origin::Token { .. }) => true,
        (Profile::Rfc9068, Origin::Introspection) => !says_otherwise,
        (Profile::Compatible, Origin::Token { .. } | Origin::Introspection) => {
            !says_otherwise && (says_so || looks_like_an_access_token(claims))
        }
    };
    if is_access_token { Ok(()) } else { Err(Denial::NotAnAccessToken) }
}

/// Whether each of the claims that name the kind of a token names this one; `None` where it is
/// absent.
fn statements(claims: &Object<'_>, origin: Origin) -> [Option<bool>; 3] {
    let says = |name, kinds| claims.member(name).map(|member| is_one_of(member, kinds));
    [
        // Keycloak, which has `ID`, `Refresh`, `Offline` and `Logout` as well.
        says("typ", &["Bearer", "DPoP", "at+jwt", "application/at+jwt"][..]),
        // Cognito, which has `id` as well; and the answers of Hydra, also about `refresh_token`.
        says("token_use", &["access", "access_token"]),
        // RFC 7662 section 2.2, of answers alone. Refresh tokens have none or another one.
        match origin {
            Origin::Introspection => says("token_type", &["Bearer", "DPoP"]),
            Origin::Token { .. } => None,
        },
    ]
}

/// Whether a token is said to be bound to a key, by Keycloak in `typ` and by issuers that are asked in
/// `token_type` (RFC 9449 section 5). Whoever leaves out which key makes no bearer token of it.
pub(super) fn says_bound(claims: &Object<'_>, origin: Origin) -> bool {
    let says = |name| claims.member(name).is_some_and(|member| is_one_of(member, &["DPoP"]));
    match origin {
        Origin::Token { .. } => says("typ"),
        Origin::Introspection => says("typ") || says("token_type"),
    }
}

/// `nonce` belongs into ID tokens. Keycloak before version 25, and later with a mapper, repeats it
/// in its access tokens, which however say what they are.
fn looks_like_an_access_token(claims: &Object<'_>) -> bool {
    has_any(claims, &TELLING_CLAIMS) && claims.member("nonce").is_none()
}

fn has_any(claims: &Object<'_>, names: &[&str]) -> bool {
    names.iter().any(|name| claims.member(name).is_some())
}

/// Token types are case-insensitive (RFC 6749 section 5.1), and so are media types.
fn is_one_of(member: Member<'_>, names: &[&str]) -> bool {
    member.text().is_some_and(|text| names.iter().any(|name| text.eq_ignore_ascii_case(name)))
}
