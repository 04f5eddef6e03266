//! What kind of tokens an issuer issues, and what is an access token among them.

use super::json::{Member, Object};
use super::{Denial, TokenRules};

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
/// 3.3.2.11, Financial-grade API section 5.1) and the events of logout tokens (RFC 8417).
const FOREIGN_CLAIMS: [&str; 4] = ["at_hash", "c_hash", "s_hash", "events"];

/// What access tokens have and ID tokens have not: `scp`, `cid` (Okta), `scp`, `appid`, `azpacr`
/// (Entra ID), `client_id` (Cognito, RFC 9068), `scope` (Keycloak, Auth0), `permissions`, `gty`
/// (Auth0). `azp` and `roles` are in ID tokens as well.
const TELLING_CLAIMS: [&str; 8] =
    ["scope", "scp", "client_id", "cid", "appid", "azpacr", "permissions", "gty"];

/// Refuses what is no access token.
///
/// RFC 9068 leaves that to the header, which was judged before. For an introspection answer,
/// `token_type` says it (RFC 7662 section 2.2): refresh tokens have none or another one.
pub(super) fn require_access_token(
    claims: &Object<'_>,
    rules: &TokenRules,
    origin: Origin,
) -> Result<(), Denial> {
    let is_introspected = origin == Origin::Introspection;
    let token_type = claims.member("token_type").filter(|_| is_introspected).map(says_bearer);
    if token_type == Some(false) {
        return Err(Denial::NotAnAccessToken);
    }
    match rules.profile() {
        Profile::Rfc9068 => Ok(()),
        Profile::Compatible => {
            let is_typed = origin == Origin::Token { is_typed: true } || token_type == Some(true);
            if is_compatible_access_token(claims, is_typed) { Ok(()) } else { Err(Denial::NotAnAccessToken) }
        }
    }
}

fn is_compatible_access_token(claims: &Object<'_>, is_typed: bool) -> bool {
    // Keycloak's `typ` is also `ID`, `Refresh`, `Offline`, `Logout`; Cognito's `token_use` is `id`.
    let kind = claims.member("typ").map(says_access_token);
    let token_use = claims.member("token_use").map(|member| member.text().as_deref() == Some("access"));
    if [kind, token_use].contains(&Some(false)) || has_any(claims, &FOREIGN_CLAIMS) {
        return false;
    }
    let is_declared = is_typed || kind == Some(true) || token_use == Some(true);
    // `nonce` belongs into ID tokens. Keycloak before 25, and later with a mapper, repeats it in
    // access tokens, which say what they are.
    is_declared || (claims.member("nonce").is_none() && has_any(claims, &TELLING_CLAIMS))
}

fn has_any(claims: &Object<'_>, names: &[&str]) -> bool {
    names.iter().any(|name| claims.member(name).is_some())
}

/// Token types are case-insensitive (RFC 6749 section 5.1).
fn says_bearer(member: Member<'_>) -> bool {
    is_one_of(member, &["Bearer", "DPoP"])
}

fn says_access_token(member: Member<'_>) -> bool {
    is_one_of(member, &["Bearer", "DPoP", "at+jwt", "application/at+jwt"])
}

fn is_one_of(member: Member<'_>, names: &[&str]) -> bool {
    member.text().is_some_and(|text| names.iter().any(|name| text.eq_ignore_ascii_case(name)))
}
