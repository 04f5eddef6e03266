//! What every caller needs, and which scopes include which.

use super::scope::{Implications, Requirement, ScopeName, Scopes};
use crate::error::BuildError;

/// The part of a policy that does not depend on how callers prove who they are.
#[derive(Debug, Clone, Default)]
pub(super) struct Access {
    implications: Implications,
    baseline: Requirement,
}

/// Collects what an [`Access`] is made of.
#[derive(Debug, Clone, Default)]
pub(super) struct AccessSpec {
    scopes: Vec<String>,
    implications: Vec<(String, String)>,
}

impl AccessSpec {
    pub(super) fn scope(&mut self, scope: String) {
        self.scopes.push(scope);
    }

    pub(super) fn implies(&mut self, broad: String, narrow: String) {
        self.implications.push((broad, narrow));
    }

    pub(super) fn build(&self) -> Result<Access, BuildError> {
        let mut implications = Implications::new();
        for (broad, narrow) in &self.implications {
            implications.imply(scope_name(broad)?, scope_name(narrow)?);
        }
        let baseline = requirement(&self.scopes, &implications)?;
        Ok(Access { implications, baseline })
    }
}

impl Access {
    /// The scopes that every request needs.
    pub(super) fn baseline(&self) -> &Requirement {
        &self.baseline
    }

    /// What something with scopes of its own needs: those of the endpoint too.
    pub(super) fn requirement(&self, scopes: &[String]) -> Result<Requirement, BuildError> {
        Ok(self.baseline.union(&self.only(scopes)?))
    }

    /// A requirement of these scopes alone.
    pub(super) fn only(&self, scopes: &[String]) -> Result<Requirement, BuildError> {
        requirement(scopes, &self.implications)
    }

    /// Whether what was granted covers this scope, directly or by implication.
    pub(super) fn grants(&self, granted: &Scopes, scope: &str) -> bool {
        ScopeName::parse(scope)
            .is_some_and(|name| Requirement::all_of([name], &self.implications).satisfied_by(granted))
    }
}

fn requirement(scopes: &[String], implications: &Implications) -> Result<Requirement, BuildError> {
    let names = scopes.iter().map(|scope| scope_name(scope)).collect::<Result<Vec<_>, _>>()?;
    Ok(Requirement::all_of(names, implications))
}

fn scope_name(scope: &str) -> Result<ScopeName, BuildError> {
    if scope == "offline_access" {
        return Err(BuildError::OfflineAccess);
    }
    ScopeName::parse(scope).ok_or_else(|| BuildError::Scope(scope.into()))
}
