//! One count of running calls for each principal, whatever tokens it has.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use mcp_proto::Principal;

use crate::load::Load;

/// How many principals are held before those without tokens and calls are looked for the first time.
const PRUNE_FIRST: usize = 64;

/// The counts of all principals that have a remembered token or a running call.
pub(crate) struct Principals(Mutex<Counts>);

struct Counts {
    by_principal: HashMap<PrincipalKey, Weak<Load>>,
    /// At this many principals, those that are gone are looked for.
    prune_at: usize,
}

/// Who somebody is: three names, none of which can run into the next.
#[derive(PartialEq, Eq, Hash)]
struct PrincipalKey {
    issuer: Box<str>,
    subject: Box<str>,
    client: Box<str>,
}

impl Default for Principals {
    fn default() -> Self {
        Self(Mutex::new(Counts { by_principal: HashMap::new(), prune_at: PRUNE_FIRST }))
    }
}

impl Principals {
    /// The count of this principal, the same one for as long as anybody holds it.
    pub(crate) fn load(&self, principal: &Principal) -> Arc<Load> {
        let key = PrincipalKey {
            issuer: principal.issuer().into(),
            subject: principal.subject().into(),
            client: principal.client().into(),
        };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).load(key)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.lock().unwrap().by_principal.len()
    }
}

impl Counts {
    fn load(&mut self, key: PrincipalKey) -> Arc<Load> {
        if let Some(load) = self.by_principal.get(&key).and_then(Weak::upgrade) {
            return load;
        }
        if self.by_principal.len() >= self.prune_at {
            self.prune();
        }
        let load = Arc::new(Load::default());
        self.by_principal.insert(key, Arc::downgrade(&load));
        load
    }

    /// Drops the principals that are gone. The next time is when there are twice as many as are left, so that
    /// each new principal pays for a constant number of others.
    fn prune(&mut self) {
        self.by_principal.retain(|_, load| load.strong_count() > 0);
        self.prune_at = self.by_principal.len().saturating_mul(2).max(PRUNE_FIRST);
    }
}

#[cfg(test)]
mod tests {
    use mcp_proto::{UnixSeconds, auth::scope::Scopes};

    use super::*;

    fn principal(issuer: &str, subject: &str, client: &str) -> Principal {
        Principal::new(issuer, subject, client, Scopes::default(), UnixSeconds(0))
    }

    #[test]
    fn a_principal_has_one_count_and_no_other_principal_has_it() {
        let principals = Principals::default();
        let one = principals.load(&principal("iss", "sub", "client"));
        assert!(Arc::ptr_eq(&one, &principals.load(&principal("iss", "sub", "client"))));
        let others = [
            ("isssub", "client", "x"),
            ("iss", "subclient", ""),
            ("isss", "ub", "client"),
            ("iss", "subc", "lient"),
            ("iss", "sub", "Client"),
            ("iss", "client", "sub"),
            ("iss\0sub", "", "client"),
        ];
        for (issuer, subject, client) in others {
            let other = principals.load(&principal(issuer, subject, client));
            assert!(!Arc::ptr_eq(&one, &other), "{issuer} {subject} {client}");
        }
    }

    #[test]
    fn a_count_lives_while_somebody_holds_it() {
        let principals = Principals::default();
        let held = principals.load(&principal("i", "held", "c"));
        for number in 0..10_000 {
            drop(principals.load(&principal("i", &number.to_string(), "c")));
        }
        assert!(Arc::ptr_eq(&held, &principals.load(&principal("i", "held", "c"))));
    }

    #[test]
    fn principals_that_are_gone_are_forgotten() {
        let principals = Principals::default();
        for number in 0..100_000 {
            drop(principals.load(&principal("i", &number.to_string(), "c")));
            assert!(principals.len() <= PRUNE_FIRST);
        }
    }

    #[test]
    fn the_number_held_is_at_most_twice_the_number_alive() {
        let principals = Principals::default();
        let mut alive = Vec::new();
        for number in 0..1_000 {
            alive.push(principals.load(&principal("i", &format!("alive {number}"), "c")));
        }
        for number in 0..100_000 {
            drop(principals.load(&principal("i", &number.to_string(), "c")));
            assert!(principals.len() <= 2 * alive.len() + 1);
        }
        alive.clear();
        for number in 0..100_000 {
            drop(principals.load(&principal("i", &number.to_string(), "c")));
        }
        assert!(principals.len() <= PRUNE_FIRST);
    }
}
