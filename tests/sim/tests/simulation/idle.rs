//! What a server holds that nobody uses: before anybody comes, and after everybody has left.

use std::sync::Arc;

use mcp_driver::{Runtime, proto::Tick};
use mcp_sim::{Allocated, ClientEnd, Executor, http1::Head};
use serde_json::json;

use crate::{
    client::{MODERN, Request, metadata, request},
    issuer::{Flaw, Keys, token},
    ledger::Ledger,
    listener::Listener,
};

/// Everybody that there is in a world.
pub(crate) const SUBJECTS: [&str; 3] = ["alice", "bob", "carol"];

/// How long an answer may take, and how often a server without the newest keys is asked again.
const ANSWER_MICROS: u64 = 10_000_000;
const ATTEMPTS: usize = 30;

/// What is alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Idle {
    pub(crate) tasks: usize,
    pub(crate) timers: usize,
    /// Tasks whose wakers are kept.
    pub(crate) wakers: usize,
    pub(crate) allocated: Allocated,
}

/// A server, and whoever signs the tokens for it.
pub(crate) struct Visit<'w> {
    pub(crate) executor: &'w mut Executor,
    pub(crate) listener: &'w Listener,
    pub(crate) ledger: &'w Ledger,
    pub(crate) keys: &'w Arc<Keys>,
    pub(crate) generation: usize,
}

impl Visit<'_> {
    /// Brings the server to where it knows the newest keys, everybody, and as many tokens as it ever does; what it
    /// holds then.
    pub(crate) fn count(mut self) -> Idle {
        self.ledger.entries().is_calm = true;
        // Only the second time some of them are remembered whose tokens are not.
        for subject in SUBJECTS.into_iter().chain(SUBJECTS) {
            let is_served = (0..ATTEMPTS).any(|_| self.ask(subject) == Some(200));
            assert!(is_served, "{subject} is not served");
        }
        self.ledger.entries().is_calm = false;
        let executor = self.executor;
        Idle {
            tasks: executor.tasks(),
            timers: executor.runtime().timers(),
            wakers: executor.wakers(),
            allocated: Allocated::now(),
        }
    }

    /// The status that a request without a session has.
    fn ask(&mut self, subject: &str) -> Option<u16> {
        let now = self.executor.runtime().now();
        let token = token(self.keys, self.generation, now.unix, subject, false, Flaw::None);
        let message = request(1, "tools/list", &json!({"_meta": metadata(1)}));
        let request = Request::post("/mcp", &message)
            .field("MCP-Protocol-Version", MODERN)
            .field("Mcp-Method", "tools/list")
            .field("Connection", "close");
        let bytes = request.token(token.as_deref()).bytes(None);
        let end = self.listener.visit(self.executor, bytes.len());
        assert_eq!(end.write(&bytes), bytes.len());
        let until = now.tick.after_micros(ANSWER_MICROS);
        let status = self.read(&end, until).map(|head| head.status);
        drop(end);
        self.executor.run_until_idle();
        if status != Some(200) {
            self.executor.run_until(until);
        }
        status
    }

    fn read(&mut self, end: &ClientEnd, until: Tick) -> Option<Head> {
        let mut bytes = Vec::new();
        loop {
            self.executor.run_until_idle();
            bytes.extend(end.read(usize::MAX));
            if end.is_closed() {
                return Some(Head::read(&bytes).expect("a head")?.0);
            }
            let next = self.executor.next_timer().filter(|next| *next <= until);
            self.executor.advance_to(next?);
        }
    }
}
