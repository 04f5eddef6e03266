//! Whose a session is.

use std::{fmt, sync::Arc};

use crate::auth::principal::Principal;

/// The party that opened a session, and that alone may use it: issuer, subject and client (SES-14, TOK-05). On a
/// server without authentication it is nobody, and so is everybody.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Owner(Option<Arc<Party>>);

#[derive(PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Party {
    issuer: Box<str>,
    subject: Box<str>,
    client: Box<str>,
}

impl Owner {
    /// The party that a caller is; `None` on a server without authentication.
    #[must_use]
    pub fn of(caller: Option<&Principal>) -> Self {
        Self(caller.map(|principal| {
            Arc::new(Party {
                issuer: principal.issuer().into(),
                subject: principal.subject().into(),
                client: principal.client().into(),
            })
        }))
    }

    /// The party of these names.
    pub(super) fn named([issuer, subject, client]: [Box<str>; 3]) -> Self {
        Self(Some(Arc::new(Party { issuer, subject, client })))
    }

    /// Nobody.
    pub(super) fn nobody() -> Self {
        Self(None)
    }

    /// Issuer, subject and client; `None` for nobody.
    #[must_use]
    pub fn party(&self) -> Option<(&str, &str, &str)> {
        self.0.as_deref().map(|party| (&*party.issuer, &*party.subject, &*party.client))
    }

    /// Whether this caller is the same party. Scopes and expiry are those of each request.
    #[must_use]
    pub fn is(&self, caller: Option<&Principal>) -> bool {
        let caller = caller.map(|principal| (principal.issuer(), principal.subject(), principal.client()));
        self.party() == caller
    }
}

impl fmt::Debug for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.party() {
            None => f.write_str("Owner(nobody)"),
            Some((issuer, subject, client)) => f
                .debug_struct("Owner")
                .field("issuer", &issuer)
                .field("subject", &subject)
                .field("client", &client)
                .finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{auth::scope::Scopes, time::UnixSeconds};

    #[test]
    fn an_owner_is_an_issuer_a_subject_and_a_client() {
        let principal = |issuer, subject, client, scopes, expires| {
            Principal::new(issuer, subject, client, Scopes::parse(scopes), UnixSeconds(expires))
        };
        let opener = principal("i", "s", "c", "read", 9);
        let owner = Owner::of(Some(&opener));
        assert_eq!(owner.party(), Some(("i", "s", "c")));
        let refreshed = principal("i", "s", "c", "write", 99);
        assert!(owner.is(Some(&opener)) && owner.is(Some(&refreshed)));
        assert_eq!(owner, Owner::of(Some(&refreshed)));
        for foreign in [
            principal("x", "s", "c", "read", 9),
            principal("i", "x", "c", "read", 9),
            principal("i", "s", "x", "read", 9),
        ] {
            assert!(!owner.is(Some(&foreign)), "{foreign:?}");
            assert_ne!(owner, Owner::of(Some(&foreign)));
        }
        let nobody = Owner::of(None);
        assert!(!owner.is(None) && nobody.is(None) && !nobody.is(Some(&opener)));
    }

    #[test]
    fn an_owner_is_shown_by_its_names() {
        let opener = Principal::new("i", "s", "c", Scopes::parse("read"), UnixSeconds(9));
        assert_eq!(
            format!("{:?}", Owner::of(Some(&opener))),
            r#"Owner { issuer: "i", subject: "s", client: "c" }"#
        );
        assert_eq!(format!("{:?}", Owner::of(None)), "Owner(nobody)");
    }
}
