//! The claims set of an access token (RFC 7519 section 4, RFC 9068 section 2.2).

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;

use super::json::{Member, Object, glance};
use super::profile::{Origin, require_access_token, says_bound};
use super::{CertificateThumbprint, Confirmation, Denial, Possession, Profile, Thumbprint, TokenRules};
use crate::auth::principal::Principal;
use crate::auth::scope::{ScopeName, Scopes};
use crate::time::UnixSeconds;

/// 9999-12-31T23:59:59Z: later dates are mistakes, such as milliseconds taken for seconds.
const NUMERIC_DATE_MAX: f64 = 253_402_300_799.0;

/// The names under which products put the client into a token, the standard one first: RFC 9068,
/// OpenID Connect (Keycloak, Auth0, Entra ID v2), Okta, Entra ID v1.
const CLIENT_CLAIMS: [&str; 4] = ["client_id", "azp", "cid", "appid"];

/// The claims of a token whose signature was good, or that its issuer vouched for. Immutable; share
/// it in an `Arc`.
///
/// They are authentic, and acceptable only when [`TokenRules::check`] says so as well. There is no
/// way to make one but [`SignatureCheck::resolve`](super::SignatureCheck::resolve) and
/// [`introspected`](super::introspected).
#[derive(Clone, PartialEq, Eq)]
pub struct Claims {
    principal: Principal,
    audiences: Box<[Box<str>]>,
    not_before: Option<UnixSeconds>,
    issued_at: Option<UnixSeconds>,
    token_id: Option<Box<str>>,
    confirmation: Option<Confirmation>,
    /// Names and JSON texts.
    kept: Box<[(Box<str>, Box<str>)]>,
}

impl Claims {
    /// Reads a decoded payload, see [`Self::of`].
    ///
    /// # Errors
    /// [`Denial::ClaimsMalformed`] when it is no strict JSON object, and those of [`Self::of`].
    pub(super) fn read(json: &[u8], rules: &TokenRules, origin: Origin) -> Result<Self, Denial> {
        let object = Object::read(json).ok_or(Denial::ClaimsMalformed)?;
        Self::of(&object, rules, origin)
    }

    /// Reads claims as the rules' profile and grants have it.
    ///
    /// All claims that are required have to be there, of the right type and not empty; those that
    /// are not required may be absent, and are not thereby of any type. Dates are finite numbers of
    /// seconds, not before 1970 and not after year 9999; fractions are cut off, as they are from
    /// the clock that the dates are compared with, so that no token outlives its `exp`. `may_act`
    /// and everything unknown is ignored.
    ///
    /// # Errors
    /// [`Denial::NotAnAccessToken`], [`Denial::ClaimsMalformed`], or the denial for the first
    /// missing claim.
    pub(super) fn of(object: &Object<'_>, rules: &TokenRules, origin: Origin) -> Result<Self, Denial> {
        require_access_token(object, rules.profile(), origin)?;
        let issuer = issuer(object, rules, origin)?;
        let named = audiences(object)?;
        let expires = date(object, "exp")?.ok_or(Denial::ExpiryMissing)?;
        let not_before = date(object, "nbf")?;
        let issued_at = date(object, "iat")?;
        if issued_at.is_none() && origin != Origin::Introspection {
            return Err(Denial::IssuedAtMissing);
        }
        let subject = subject(object, origin)?;
        let client = client(object, rules.profile())?;
        let token_id = token_id(object, rules.profile(), origin)?;
        let audiences = match named {
            Some(audiences) => audiences,
            None if stands_for_audience(object, rules) => vec![client.clone()],
            None => return Err(Denial::AudienceMissing),
        };
        // RFC 7662 section 2.2: without a resource owner, the token is the client's own.
        let subject = subject.unwrap_or_else(|| client.clone());
        let confirmation = confirmation(object, origin);
        let mut principal = Principal::new(issuer, subject, client, scopes(object, rules), expires);
        if let Some(actor) = actor(object)? {
            principal = principal.with_actor(actor);
        }
        if let Some(certificate) = confirmation.as_ref().and_then(Confirmation::certificate) {
            principal = principal.with_certificate(*certificate);
        }
        Ok(Self {
            principal,
            audiences: audiences.into(),
            not_before,
            issued_at,
            token_id,
            confirmation,
            kept: kept(object, rules),
        })
    }

    /// A claim that the rules keep ([`TokenRules::with_kept_claim`]), as JSON text; nothing where the
    /// token does not have it, or the rules do not keep it.
    #[must_use]
    pub fn kept(&self, name: &str) -> Option<&str> {
        self.kept.iter().find(|(kept, _)| &**kept == name).map(|(_, json)| &**json)
    }

    /// Who the token speaks for.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// `exp`: the token is over at this second.
    #[must_use]
    pub fn expires(&self) -> UnixSeconds {
        self.principal.expires()
    }

    /// `aud`: whom the token is for.
    #[must_use]
    pub fn audiences(&self) -> &[Box<str>] {
        &self.audiences
    }

    /// `nbf`: the token is good from this second on.
    #[must_use]
    pub fn not_before(&self) -> Option<UnixSeconds> {
        self.not_before
    }

    /// `iat`: when the token was issued. Only an introspection answer may lack it.
    #[must_use]
    pub fn issued_at(&self) -> Option<UnixSeconds> {
        self.issued_at
    }

    /// `jti`, or `uti` of Entra ID: the name of the token, unique at its issuer. Always there in
    /// RFC 9068.
    #[must_use]
    pub fn token_id(&self) -> Option<&str> {
        self.token_id.as_deref()
    }

    /// `cnf`: to whom the token is bound. A token without it is for any bearer.
    #[must_use]
    pub fn confirmation(&self) -> Option<&Confirmation> {
        self.confirmation.as_ref()
    }

    /// The key that the token is bound to, if it is bound to one and to nothing that cannot be checked.
    #[must_use]
    pub fn bound_key(&self) -> Option<&Thumbprint> {
        self.confirmation.as_ref()?.key()
    }

    /// The client certificate that the token is bound to, if it is bound to one and to nothing that cannot be
    /// checked.
    #[must_use]
    pub fn bound_certificate(&self) -> Option<&CertificateThumbprint> {
        self.confirmation.as_ref()?.certificate()
    }

    /// What one has to hold to use the token: for whoever wants to know whether it is good for anybody.
    #[must_use]
    pub fn wanted_possession(&self) -> Possession<'_> {
        Possession { key: self.bound_key(), certificate: self.bound_certificate() }
    }
}

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims")
            .field("issuer", &self.principal.issuer())
            .field("subject", &self.principal.subject())
            .field("expires", &self.expires())
            .finish_non_exhaustive()
    }
}

/// `iss` of a payload, before anybody has vouched for it: good for looking up whose rules apply. The
/// payload is read in full when its signature was found to be good.
///
/// # Errors
/// [`Denial::ClaimsMalformed`] or [`Denial::IssuerMissing`].
pub(super) fn claimed_issuer(json: &[u8]) -> Result<Box<str>, Denial> {
    let member = glance(json, "iss").ok_or(Denial::ClaimsMalformed)?.ok_or(Denial::IssuerMissing)?;
    let issuer = member.text().ok_or(Denial::ClaimsMalformed)?;
    if issuer.is_empty() { Err(Denial::IssuerMissing) } else { Ok(issuer) }
}

/// To whom a token is bound. One that is said to be bound to a key is not without it, whatever else it is bound to.
fn confirmation(claims: &Object<'_>, origin: Origin) -> Option<Confirmation> {
    let confirmation = claims.member("cnf").map(Confirmation::read);
    let has_key = confirmation.is_some_and(|confirmation| confirmation.key().is_some());
    if says_bound(claims, origin) && !has_key { Some(Confirmation::Other) } else { confirmation }
}

fn kept(claims: &Object<'_>, rules: &TokenRules) -> Box<[(Box<str>, Box<str>)]> {
    let names = rules.kept_claims().iter();
    names.filter_map(|name| Some((name.clone(), claims.member(name)?.json().into()))).collect()
}

/// A string that has to be there.
fn text(claims: &Object<'_>, name: &str, missing: Denial) -> Result<Box<str>, Denial> {
    optional_text(claims, name)?.filter(|text| !text.is_empty()).ok_or(missing)
}

/// A string. One that is present and of another type is never taken for absent.
fn optional_text(claims: &Object<'_>, name: &str) -> Result<Option<Box<str>>, Denial> {
    let text = |member: Member<'_>| member.text().ok_or(Denial::ClaimsMalformed);
    claims.member(name).map(text).transpose()
}

/// Whoever was asked is the issuer, where an introspection answer does not tell (RFC 7662 section
/// 2.2).
fn issuer(claims: &Object<'_>, rules: &TokenRules, origin: Origin) -> Result<Box<str>, Denial> {
    let may_be_absent = origin == Origin::Introspection && rules.profile() == Profile::Compatible;
    if may_be_absent && claims.member("iss").is_none() {
        return Ok(rules.issuer().into());
    }
    text(claims, "iss", Denial::IssuerMissing)
}

/// A string or an array of strings (TOK-03); one foreign element spoils the array.
fn audiences(claims: &Object<'_>) -> Result<Option<Vec<Box<str>>>, Denial> {
    let Some(member) = claims.member("aud") else {
        return Ok(None);
    };
    let audiences = match member.text() {
        Some(audience) if audience.is_empty() => Vec::new(),
        Some(audience) => vec![audience],
        None => member.texts().ok_or(Denial::ClaimsMalformed)?,
    };
    if audiences.is_empty() {
        return Err(Denial::AudienceMissing);
    }
    Ok(Some(audiences))
}

/// Whether the client may stand for the audience that a token does not name. Only where the issuer
/// says that it is an access token: the audience of an ID token is a client.
fn stands_for_audience(claims: &Object<'_>, rules: &TokenRules) -> bool {
    let token_use = claims.member("token_use").and_then(Member::text);
    rules.takes_client_as_audience()
        && rules.profile() == Profile::Compatible
        && token_use.as_deref() == Some("access")
}

/// A `NumericDate` (RFC 7519 section 2). One that is present and wrong is never taken for absent.
pub(super) fn date(claims: &Object<'_>, name: &str) -> Result<Option<UnixSeconds>, Denial> {
    let Some(member) = claims.member(name) else {
        return Ok(None);
    };
    // Rounding down comes first, so that no negative fraction becomes zero.
    let seconds = member.number().ok_or(Denial::ClaimsMalformed)?.floor();
    if !(0.0..=NUMERIC_DATE_MAX).contains(&seconds) {
        return Err(Denial::ClaimsMalformed);
    }
    // Exact: a whole number within the range just checked.
    Ok(Some(UnixSeconds(seconds as u64)))
}

fn subject(claims: &Object<'_>, origin: Origin) -> Result<Option<Box<str>>, Denial> {
    if origin == Origin::Introspection && claims.member("sub").is_none() {
        return Ok(None);
    }
    text(claims, "sub", Denial::SubjectMissing).map(Some)
}

fn client(claims: &Object<'_>, profile: Profile) -> Result<Box<str>, Denial> {
    match profile {
        Profile::Rfc9068 => text(claims, "client_id", Denial::ClientMissing),
        Profile::Compatible => {
            let mut client: Option<Box<str>> = None;
            for name in CLIENT_CLAIMS {
                let Some(named) = optional_text(claims, name)? else {
                    continue;
                };
                if client.as_ref().is_some_and(|client| *client != named) {
                    return Err(Denial::ClaimsMalformed);
                }
                client = Some(named);
            }
            client.filter(|client| !client.is_empty()).ok_or(Denial::ClientMissing)
        }
    }
}

fn token_id(claims: &Object<'_>, profile: Profile, origin: Origin) -> Result<Option<Box<str>>, Denial> {
    let token_id = optional_text(claims, "jti")?.filter(|text| !text.is_empty());
    match (profile, origin) {
        (Profile::Rfc9068, Origin::Token { .. }) => token_id.ok_or(Denial::TokenIdMissing).map(Some),
        (Profile::Rfc9068, Origin::Introspection) => Ok(token_id),
        (Profile::Compatible, Origin::Token { .. } | Origin::Introspection) => {
            let uti = || claims.member("uti").and_then(Member::text).filter(|text| !text.is_empty());
            Ok(token_id.or_else(uti))
        }
    }
}

/// The outermost actor (RFC 8693 section 4.1); those inside it are history.
fn actor(claims: &Object<'_>) -> Result<Option<Box<str>>, Denial> {
    let Some(member) = claims.member("act") else {
        return Ok(None);
    };
    let actor = member.object().ok_or(Denial::ClaimsMalformed)?;
    text(&actor, "sub", Denial::ClaimsMalformed).map(Some)
}

/// What is granted, by all the claims that can. One of the wrong type grants nothing and is not
/// worth refusing the token for.
fn scopes(claims: &Object<'_>, rules: &TokenRules) -> Scopes {
    let text = |name| claims.member(name).and_then(Member::text);
    let mut granted = Vec::from_iter(text("scope"));
    match rules.profile() {
        Profile::Rfc9068 => {}
        Profile::Compatible => {
            granted.extend(text("scp"));
            let listed = claims.member("scp").and_then(Member::texts).unwrap_or_default();
            // An element is one scope: not one that is granted by what stands beside it.
            granted.extend(listed.into_iter().filter(|scope| ScopeName::parse(scope).is_some()));
        }
    }
    let mapped = rules.grants().iter().filter(|grant| grant.applies_to(claims));
    granted.extend(mapped.map(|grant| grant.scope().as_str().into()));
    let granted = granted.join(" ");
    let mut seen = BTreeSet::new();
    let distinct: Vec<_> = granted.split(' ').filter(|scope| seen.insert(*scope)).collect();
    Scopes::parse(&distinct.join(" "))
}
