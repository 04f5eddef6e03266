//! Sessions as the application sees them.

use std::{fmt, sync::Arc};

use mcp_proto::session::{Change, Notice};

use super::{cell::Visited, table::Table};

/// The sessions of a server ([`Server::sessions`](crate::Server::sessions)). Cheap to clone.
#[derive(Clone)]
pub struct Sessions(Arc<Table>);

impl Sessions {
    pub(crate) fn new(table: Arc<Table>) -> Self {
        Self(table)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Tells every session of a change, each on one of its streams, or as soon as it has one.
    pub fn notify_all(&self, change: &Change) {
        let notice = Notice::from(change);
        self.0.each(|visited| visited.with(|session, _| session.notify(&notice)));
    }

    /// Tells all sessions of a subject, whatever clients they are of.
    pub fn notify(&self, issuer: &str, subject: &str, change: &Change) {
        let notice = Notice::from(change);
        self.each_of(issuer, subject, |visited| visited.with(|session, _| session.notify(&notice)));
    }

    /// Ends all sessions of a subject, as when they are logged out; how many that were.
    pub fn end(&self, issuer: &str, subject: &str) -> usize {
        let mut ended: usize = 0;
        self.each_of(issuer, subject, |visited| {
            ended = ended.saturating_add(1);
            visited.with(|session, _| session.end());
        });
        ended
    }

    /// Ends the streams on which clients wait for changes, so that they connect again, elsewhere if this server is
    /// about to stop. A listener does this when it stops.
    pub fn release_streams(&self) {
        self.0.each(|visited| visited.with(|session, _| session.release_streams()));
    }

    /// Cancels all calls that run in sessions, also those whose clients have gone: nobody could fetch their answers
    /// from a server that has stopped. A listener does this when it has stopped.
    pub fn cancel_calls(&self) {
        self.0.each(|visited| visited.with(|session, _| session.cancel_calls()));
    }

    fn each_of(&self, issuer: &str, subject: &str, mut act: impl FnMut(&Visited)) {
        self.0.each(|visited| {
            let party = visited.cell.owner.party();
            if party
                .is_some_and(|(its_issuer, its_subject, _)| its_issuer == issuer && its_subject == subject)
            {
                act(visited);
            }
        });
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").field("len", &self.len()).finish()
    }
}

/// The session of a call ([`Context::session`](crate::Context::session)). It may outlive the call.
#[derive(Clone)]
pub struct SessionHandle(Visited);

impl SessionHandle {
    pub(crate) fn new(visited: Visited) -> Self {
        Self(visited)
    }

    /// The same for all calls of a session and for no other: for state of the application's own. It is not the
    /// session's id, and nobody can use the session with it.
    #[must_use]
    pub fn key(&self) -> &str {
        self.0.key().as_str()
    }

    /// Tells the client of a change.
    pub fn notify(&self, change: &Change) {
        let notice = Notice::from(change);
        self.0.with(|session, _| session.notify(&notice));
    }

    /// Ends the session, with this call.
    pub fn end(&self) {
        self.0.with(|session, _| session.end());
    }
}

impl fmt::Debug for SessionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionHandle(..)")
    }
}
