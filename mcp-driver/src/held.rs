//! What a connection holds for its requests.

use std::sync::Arc;

use mcp_proto::Engine;

use crate::{catalog::Handlers, context::Timer, load::Load, server::Snapshot};

/// A snapshot of the server, and what else calls need of it. The requests of a connection count
/// references to this and to nothing wider, so that connections on different cores share no cache
/// line but the counts of what is running.
pub(crate) struct Held {
    snapshot: Arc<Snapshot>,
    pub(crate) timer: Arc<dyn Timer>,
    pub(crate) load: Arc<Load>,
}

impl Held {
    pub(crate) fn new(snapshot: Arc<Snapshot>, timer: Arc<dyn Timer>, load: Arc<Load>) -> Self {
        Self { snapshot, timer, load }
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.snapshot.engine
    }

    pub(crate) fn handlers(&self) -> &Handlers {
        &self.snapshot.handlers
    }
}
