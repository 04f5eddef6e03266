//! What becomes of a handler, as its test sees it.

use std::time::Duration;

use mcp_tokio::{Context, LogLevel, NoArguments, Tool};
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::timeout,
};

/// How long a handler may keep its test waiting: longer than anything that a test sets.
const PATIENCE: Duration = Duration::from_secs(3_600);

/// The same on sockets, where it is waited for in earnest.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// Where handlers report that they have begun and that they were dropped.
#[derive(Debug, Clone)]
pub(crate) struct Witness(UnboundedSender<&'static str>);

pub(crate) struct Sightings(UnboundedReceiver<&'static str>);

pub(crate) fn witness() -> (Witness, Sightings) {
    let (sender, receiver) = unbounded_channel();
    (Witness(sender), Sightings(receiver))
}

/// Reports the drop of the handler that holds it.
struct Life(UnboundedSender<&'static str>);

impl Drop for Life {
    fn drop(&mut self) {
        // A test that has ended listens no more.
        let _ = self.0.send("dropped");
    }
}

impl Witness {
    fn begin(&self) -> Life {
        let _ = self.0.send("begun");
        Life(self.0.clone())
    }

    /// A tool that says nothing for this long.
    pub(crate) fn silent(&self, time: Duration) -> Tool {
        let witness = self.clone();
        Tool::new("silent").typed(move |_: NoArguments, cx: Context| {
            let life = witness.begin();
            async move {
                cx.sleep(time).await;
                drop(life);
                "done"
            }
        })
    }

    /// A tool that tells more than anyone wants to know, for ever.
    pub(crate) fn talkative(&self) -> Tool {
        let witness = self.clone();
        Tool::new("talkative").typed(move |_: NoArguments, cx: Context| {
            let life = witness.begin();
            async move {
                while !cx.is_cancelled() {
                    cx.log(LogLevel::Error, "x".repeat(64 << 10)).await;
                }
                drop(life);
            }
        })
    }
}

impl Sightings {
    pub(crate) async fn begun(&mut self) {
        assert_eq!(self.next(PATIENCE).await, "begun");
    }

    pub(crate) async fn dropped(&mut self) {
        assert_eq!(self.next(PATIENCE).await, "dropped");
    }

    pub(crate) async fn begun_soon(&mut self) {
        assert_eq!(self.next(SOON).await, "begun");
    }

    pub(crate) async fn dropped_soon(&mut self) {
        assert_eq!(self.next(SOON).await, "dropped");
    }

    async fn next(&mut self, patience: Duration) -> &'static str {
        timeout(patience, self.0.recv()).await.expect("in time").expect("the server lives")
    }

    /// Fails when something happened that no test has asked for.
    pub(crate) fn nothing_more(&mut self) {
        assert_eq!(self.0.try_recv().ok(), None);
    }
}
