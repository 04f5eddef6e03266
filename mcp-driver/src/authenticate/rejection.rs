//! Why the application lets nobody in.

use std::{any::type_name, error::Error, fmt};

/// Why a [`Verifier`](crate::Verifier) lets nobody in with a head.
///
/// Any error turns into one with `?` and means that the verifier itself failed. Of that error only the type
/// is kept: its text may hold the caller's credentials.
pub struct Rejection(Reason);

/// The closed list behind a [`Rejection`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    Denied,
    Unavailable,
    /// The type of the error.
    Failed(&'static str),
}

impl Rejection {
    /// The credentials are absent or not good: HTTP 401.
    #[must_use]
    pub fn denied() -> Self {
        Self(Reason::Denied)
    }

    /// Whether they are good cannot be found out now, because something that the answer depends on does not
    /// work: HTTP 503. The caller keeps its credentials and comes again.
    #[must_use]
    pub fn unavailable() -> Self {
        Self(Reason::Unavailable)
    }

    pub(crate) fn into_reason(self) -> Reason {
        self.0
    }
}

/// The verifier itself failed.
impl<E: Error> From<E> for Rejection {
    fn from(_: E) -> Self {
        Self(Reason::Failed(type_name::<E>()))
    }
}

impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
