//! A service that tells a test of each of its decisions.

use std::sync::{Arc, Mutex, PoisonError};

use mcp_tokio::{Fetch, ServerBuilder, Service};
use serde_json::Value;

use crate::{asking::Ask, clock::Clock};

/// A service, and what it told its audit function.
#[derive(Debug)]
pub struct Audited {
    /// The service.
    pub service: Service<Clock>,
    events: Arc<Mutex<Vec<Value>>>,
}

impl Audited {
    /// Starts a server that fetches nothing.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start(server: ServerBuilder) -> Self {
        Self::fetching(server, None)
    }

    /// Starts a server that fetches like this.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    #[allow(clippy::expect_used, reason = "a test that cannot go on has failed")]
    pub fn fetching(server: ServerBuilder, fetch: Option<Arc<dyn Fetch>>) -> Self {
        let events = Arc::<Mutex<Vec<Value>>>::default();
        let heard = Arc::clone(&events);
        let server = server.audit(move |event| {
            let event = serde_json::to_value(event).expect("an event is JSON");
            heard.lock().unwrap_or_else(PoisonError::into_inner).push(event);
        });
        let server = server.build().expect("a server");
        Self { service: Service::start(server, Clock::new(), fetch).expect("a service"), events }
    }

    /// The events since this was last asked.
    #[must_use]
    pub fn events(&self) -> Vec<Value> {
        std::mem::take(&mut *self.events.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Asks, and tells the status and the rule that refused; nothing where none did.
    ///
    /// # Panics
    /// When there was not exactly one decision.
    pub async fn judge(&self, ask: Ask) -> (u16, Option<String>) {
        let _ = self.events();
        let answer = ask.send(&self.service).await;
        let events = self.events();
        assert_eq!(events.len(), 1, "{} {} {events:?}", answer.status, answer.body);
        let rule = events.first().and_then(|event| event["rule"].as_str());
        (answer.status, rule.map(str::to_owned))
    }
}
