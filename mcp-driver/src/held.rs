//! What a connection holds for its requests.

use std::sync::Arc;

use mcp_proto::Engine;

use crate::{calls::CallCount, catalog::Handlers, context::Timer, server::Snapshot};

/// A snapshot of the server, and what else calls need of it. The requests of a connection count
/// references to this and to nothing wider, so that connections on different cores share no cache
/// line but the count of running calls.
pub(crate) struct Held {
    snapshot: Arc<Snapshot>,
    pub(crate) timer: Arc<dyn Timer>,
    pub(crate) calls: Arc<CallCount>,
}

impl Held {
    pub(crate) fn new(snapshot: Arc<Snapshot>, timer: Arc<dyn Timer>, calls: Arc<CallCount>) -> Self {
        Self { snapshot, timer, calls }
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.snapshot.engine
    }

    pub(crate) fn handlers(&self) -> &Handlers {
        &self.snapshot.handlers
    }
}
