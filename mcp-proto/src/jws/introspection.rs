//! What an issuer says about a token when it is asked (RFC 7662).

#[cfg(test)]
mod tests;

use super::json::Object;
use super::profile::Origin;
use super::{Claims, Denial, TokenRules};

/// Judges the answer of an introspection endpoint as a token of these rules is judged.
///
/// It differs from a token in what RFC 7662 section 2.2 makes optional: `iat` and `jti` may be
/// absent; an absent `sub` means that the token is the client's own; an absent `iss` is the issuer
/// that was asked, in [`Profile::Compatible`](super::Profile::Compatible) only. `exp` and `aud` are
/// needed: without them, every token that the issuer ever issued to anybody would do. `username` is
/// ignored.
///
/// What comes back is what the issuer vouched for, not yet acceptable: [`TokenRules::check`]
/// follows, now and on every later use. The answer has to come over a connection to the issuer of
/// these rules; it holds for the token that was asked about and for no other.
///
/// # Errors
/// [`Denial::ClaimsMalformed`] when the answer is not a strict JSON object, [`Denial::Inactive`]
/// unless `active` is `true`, [`Denial::NotAnAccessToken`] when `token_type` is not that of an
/// access token, else what is wrong with the claims.
pub fn introspected(json: &[u8], rules: &TokenRules) -> Result<Claims, Denial> {
    let answer = Object::read(json).ok_or(Denial::ClaimsMalformed)?;
    if answer.member("active").and_then(|active| active.boolean()) != Some(true) {
        return Err(Denial::Inactive);
    }
    Claims::of(&answer, rules, Origin::Introspection)
}
