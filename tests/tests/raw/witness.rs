//! What becomes of a handler, as its test sees it.

use mcp_driver::Tool;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::raw::{client::in_time, served::tool};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// It was polled for the first time.
    Begun,
    /// It was dropped, after its end or before.
    Dropped,
}

/// Where handlers report.
#[derive(Debug, Clone)]
pub(crate) struct Witness(UnboundedSender<Seen>);

pub(crate) struct Sightings(UnboundedReceiver<Seen>);

pub(crate) fn witness() -> (Witness, Sightings) {
    let (sender, receiver) = unbounded_channel();
    (Witness(sender), Sightings(receiver))
}

/// Reports the drop of the handler that holds it.
pub(crate) struct Life(UnboundedSender<Seen>);

impl Witness {
    /// The handler begins.
    pub(crate) fn begin(&self) -> Life {
        // A test that has ended listens no more.
        let _ = self.0.send(Seen::Begun);
        Life(self.0.clone())
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        let _ = self.0.send(Seen::Dropped);
    }
}

impl Sightings {
    async fn next(&mut self, what: &str) -> Seen {
        in_time(what, self.0.recv()).await.expect("the server lives")
    }

    pub(crate) async fn begun(&mut self) {
        assert_eq!(self.next("the handler begins").await, Seen::Begun);
    }

    pub(crate) async fn dropped(&mut self) {
        assert_eq!(self.next("the handler is dropped").await, Seen::Dropped);
    }

    /// Fails when something happened that no test has asked for.
    pub(crate) fn nothing_more(&mut self) {
        assert_eq!(self.0.try_recv().ok(), None);
    }
}

/// A tool that never ends.
pub(crate) fn endless(name: &str, witness: &Witness) -> Tool {
    let witness = witness.clone();
    tool(name, move |_, _| {
        let witness = witness.clone();
        async move {
            let _life = witness.begin();
            std::future::pending::<()>().await;
        }
    })
}
