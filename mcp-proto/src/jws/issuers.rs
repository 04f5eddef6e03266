//! The issuers whose tokens a server accepts, and whose rules a token comes under.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;

use super::base64url;
use super::claims::claimed_issuer;
use super::header::{Header, Kind};
use super::json::Object;
use super::{Compact, Denial, KeySet, Profile, SignatureCheck, TokenRules, TokenRulesError, Verification};

/// The rules for all issuers of a server, each of another one.
///
/// A token comes under the rules of the issuer that it names and of no other, and is checked with
/// the keys of that issuer and no others: an issuer cannot speak for another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuers {
    rules: Box<[TokenRules]>,
    token_bytes_max: usize,
}

/// Whose rules a token comes under, and what is to be done about it.
#[derive(Debug)]
pub enum Identified<'a> {
    /// Its signature has to be checked.
    Signed(Unchecked<'a>),
    /// Its issuer has to be asked about it, see [`introspected`](super::introspected).
    Opaque {
        /// The place of the issuer in [`Issuers`].
        index: usize,
        /// The rules for that issuer.
        rules: &'a TokenRules,
    },
}

impl Issuers {
    /// Issuers in this order.
    ///
    /// # Errors
    /// When there is none, when two are the same (byte for byte), or when more than one is found
    /// good by introspection.
    pub fn new(rules: Vec<TokenRules>) -> Result<Self, TokenRulesError> {
        // There is no such limit without rules.
        let token_bytes_max =
            rules.iter().map(TokenRules::token_bytes_max).max().ok_or(TokenRulesError::IssuersEmpty)?;
        let distinct: BTreeSet<_> = rules.iter().map(TokenRules::issuer).collect();
        if distinct.len() != rules.len() {
            return Err(TokenRulesError::IssuerRepeated);
        }
        if rules.iter().filter(|rules| is_introspected(rules)).count() > 1 {
            return Err(TokenRulesError::IntrospectionRepeated);
        }
        Ok(Self { rules: rules.into(), token_bytes_max })
    }

    /// How many there are; never zero.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "it would never be")]
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// The longest token that any issuer's rules let through, in bytes.
    #[must_use]
    pub fn token_bytes_max(&self) -> usize {
        self.token_bytes_max
    }

    /// The rules at this place.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&TokenRules> {
        self.rules.get(index)
    }

    /// The rules of all issuers, in order.
    pub fn iter(&self) -> impl Iterator<Item = &TokenRules> {
        self.rules.iter()
    }

    /// The rules for the tokens of this issuer, compared byte for byte.
    #[must_use]
    pub fn rules_of(&self, issuer: &str) -> Option<&TokenRules> {
        self.place_of(issuer).map(|(_, rules)| rules)
    }

    /// Finds out whose rules a token comes under, before any key is looked up.
    ///
    /// A signed token names its issuer in `iss`, which is read for that alone and believed once the
    /// signature was found to be good under that issuer's keys. A text that is no signed token, so
    /// that only its issuer knows what it is, goes to the issuer that can be asked. A signed token
    /// of an issuer that is not ours goes to nobody: whoever is asked about it could use it.
    ///
    /// # Errors
    /// [`Denial::TooLong`] first; [`Denial::ClaimsMalformed`], [`Denial::IssuerMissing`] and
    /// [`Denial::IssuerForeign`] by what the payload says; else the first stage that refuses the token
    /// under its issuer's rules. Without an issuer to ask, what is no signed token is
    /// [`Denial::Malformed`], [`Denial::HeaderMalformed`] or [`Denial::AlgorithmRefused`].
    pub fn identify<'a>(&'a self, token: &'a str) -> Result<Identified<'a>, Denial> {
        let compact = match Compact::split(token, self.token_bytes_max) {
            Ok(compact) => compact,
            Err(Denial::Malformed) => return self.opaque(token, Denial::Malformed),
            Err(denial) => return Err(denial),
        };
        let Some(header) = Object::read(compact.header()) else {
            return self.opaque(token, Denial::HeaderMalformed);
        };
        let names_algorithm = header.member("alg").is_some_and(|algorithm| algorithm.text().is_some());
        let header = Header::of(&header);
        if !names_algorithm {
            return self.opaque(token, header.err().unwrap_or(Denial::AlgorithmRefused));
        }
        let issuer = claimed_issuer(compact.payload())?;
        let (index, rules) = self.place_of(&issuer).ok_or(Denial::IssuerForeign)?;
        require_length(token, rules)?;
        match rules.verification() {
            Verification::Introspection => Ok(Identified::Opaque { index, rules }),
            Verification::Signature => Unchecked::new(index, rules, header?, compact).map(Identified::Signed),
        }
    }

    fn opaque(&self, token: &str, denial: Denial) -> Result<Identified<'_>, Denial> {
        // A signed token with a flaw may be somebody else's good one to whoever mends it.
        if is_like_a_signed_token(token) {
            return Err(denial);
        }
        let mut asked = self.rules.iter().enumerate().filter(|(_, rules)| is_introspected(rules));
        let (index, rules) = asked.next().filter(|_| !token.is_empty()).ok_or(denial)?;
        require_length(token, rules)?;
        Ok(Identified::Opaque { index, rules })
    }

    fn place_of(&self, issuer: &str) -> Option<(usize, &TokenRules)> {
        self.rules.iter().enumerate().find(|(_, rules)| rules.issuer() == issuer)
    }
}

/// Whether a text that is no signed token was meant to be one: several segments, of which the first is a
/// JSON object, however it is padded or encoded. An encrypted token has five (RFC 7516 section 3.1), and
/// nobody but its issuer can read it.
fn is_like_a_signed_token(token: &str) -> bool {
    const ENCRYPTED_SEGMENTS: usize = 5;
    let mut segments = token.split('.');
    let first = segments.next().map(base64url::decode_leniently).unwrap_or_default();
    let segments = segments.count().saturating_add(1);
    let first = first.trim_ascii();
    segments > 1 && segments != ENCRYPTED_SEGMENTS && first.starts_with(b"{") && first.ends_with(b"}")
}

fn is_introspected(rules: &TokenRules) -> bool {
    rules.verification() == Verification::Introspection
}

fn require_length(token: &str, rules: &TokenRules) -> Result<(), Denial> {
    if token.len() <= rules.token_bytes_max() { Ok(()) } else { Err(Denial::TooLong) }
}

/// A signed token whose issuer is known and whose header is good under that issuer's rules. `Debug`
/// prints none of its bytes.
pub struct Unchecked<'a> {
    index: usize,
    rules: &'a TokenRules,
    header: Header,
    compact: Compact<'a>,
}

impl<'a> Unchecked<'a> {
    /// # Errors
    /// [`Denial::AlgorithmRefused`] or [`Denial::TypeRefused`].
    pub(super) fn new(
        index: usize,
        rules: &'a TokenRules,
        header: Header,
        compact: Compact<'a>,
    ) -> Result<Self, Denial> {
        if !rules.algorithms().contains(header.algorithm()) {
            return Err(Denial::AlgorithmRefused);
        }
        if !is_accepted(header.kind(), rules.profile()) {
            return Err(Denial::TypeRefused);
        }
        Ok(Self { index, rules, header, compact })
    }

    /// The place of its issuer in [`Issuers`].
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// The rules of its issuer.
    #[must_use]
    pub fn rules(&self) -> &'a TokenRules {
        self.rules
    }

    /// Chooses the key to check with among those of its issuer.
    ///
    /// # Errors
    /// [`Denial::KeyUnknown`], which alone may be worth fetching the keys again,
    /// [`Denial::KeyUnfit`], or [`Denial::BadSignature`] when the signature is not of the length
    /// that the key calls for.
    pub fn with_keys(self, keys: &'a KeySet) -> Result<SignatureCheck<'a>, Denial> {
        let key = keys.choose(self.header.key_id(), self.header.algorithm())?;
        // Providers differ in what they make of a short, long or DER signature, so none of them gets
        // to see one.
        if self.header.algorithm().signature_length(key) != Some(self.compact.signature().len()) {
            return Err(Denial::BadSignature);
        }
        Ok(SignatureCheck { rules: self.rules, header: self.header, key, compact: self.compact })
    }
}

impl fmt::Debug for Unchecked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unchecked")
            .field("issuer", &self.rules.issuer())
            .field("algorithm", &self.header.algorithm())
            .field("key", &self.header.key_id())
            .finish_non_exhaustive()
    }
}

fn is_accepted(kind: Kind, profile: Profile) -> bool {
    match (kind, profile) {
        (Kind::AccessToken, Profile::Rfc9068 | Profile::Compatible)
        | (Kind::Jwt | Kind::Unstated, Profile::Compatible) => true,
        (Kind::Jwt | Kind::Unstated, Profile::Rfc9068)
        | (Kind::Other, Profile::Rfc9068 | Profile::Compatible) => false,
    }
}
