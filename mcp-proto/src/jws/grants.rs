//! Scopes that follow from other claims than `scope`: roles, groups.

use super::TokenRulesError;
use super::json::Object;
use crate::auth::scope::ScopeName;

/// The most names in the path to a claim.
pub const GRANT_PATH_MAX: usize = 4;

/// The most grants that the rules for one issuer can have.
pub const GRANTS_MAX: usize = 64;

/// "Whoever has this value in that claim is granted this scope."
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    path: Box<[Box<str>]>,
    value: Box<str>,
    scope: ScopeName,
}

impl Grant {
    /// # Errors
    /// When the path is empty or has more than [`GRANT_PATH_MAX`] names, when the value is empty,
    /// or when the scope is none (RFC 6749 section 3.3).
    pub(super) fn new(path: Box<[Box<str>]>, value: Box<str>, scope: &str) -> Result<Self, TokenRulesError> {
        if path.is_empty() {
            return Err(TokenRulesError::GrantPathEmpty);
        }
        if path.len() > GRANT_PATH_MAX {
            return Err(TokenRulesError::GrantPathTooLong);
        }
        if value.is_empty() {
            return Err(TokenRulesError::GrantValueEmpty);
        }
        let scope = ScopeName::parse(scope).ok_or(TokenRulesError::GrantScope)?;
        Ok(Self { path, value, scope })
    }

    /// The names that lead to the claim, outermost first.
    #[must_use]
    pub fn path(&self) -> &[Box<str>] {
        &self.path
    }

    /// The value that the claim has to have, or to list.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// What is granted.
    #[must_use]
    pub fn scope(&self) -> &ScopeName {
        &self.scope
    }

    /// Whether these claims have the value: as a string, which is one value whatever is in it, or
    /// in an array of strings. Any other type has none.
    pub(super) fn applies_to(&self, claims: &Object<'_>) -> bool {
        self.values(claims).is_some_and(|values| values.contains(&self.value))
    }

    fn values(&self, claims: &Object<'_>) -> Option<Vec<Box<str>>> {
        let (last, outer) = self.path.split_last()?;
        let mut nested: Option<Object<'_>> = None;
        for name in outer {
            nested = Some(nested.as_ref().unwrap_or(claims).member(name)?.object()?);
        }
        let claim = nested.as_ref().unwrap_or(claims).member(last)?;
        claim.text().map(|value| vec![value]).or_else(|| claim.texts())
    }
}
