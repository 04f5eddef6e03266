//! Tools that do what the test says, when the test says it.

use std::{future::Future, pin::Pin};

use mcp_tests::socket::in_time;
use mcp_tokio::{Context, Interrupt, Tool};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What a call does with its context. An error is what the call ends with.
type Act = Box<dyn FnOnce(Context) -> Acting + Send>;
type Acting = Pin<Box<dyn Future<Output = Result<Value, Interrupt>> + Send>>;

type Obeying = Pin<Box<dyn Future<Output = Result<String, Interrupt>> + Send>>;

enum Order {
    Do(Act),
    Finish(String),
}

/// Calls that have begun.
pub(crate) struct Calls(UnboundedReceiver<Running>);

/// A call that runs. Dropping it does nothing to the call.
pub(crate) struct Running {
    orders: UnboundedSender<Order>,
    done: UnboundedReceiver<Value>,
}

/// The tool `puppet`, the same as `guarded` for administrators alone, and what becomes of their calls.
pub(crate) fn puppets() -> ([Tool; 2], Calls) {
    let (begun, calls) = unbounded_channel();
    let schema = json!({"type": "object"});
    let puppet = Tool::new("puppet").raw_unchecked(schema.clone(), obeys(begun.clone()));
    let guarded = Tool::new("guarded").scope("admin").raw_unchecked(schema, obeys(begun));
    ([puppet, guarded], Calls(calls))
}

/// The function of a tool that reports its calls here.
fn obeys(begun: UnboundedSender<Running>) -> impl Fn(Value, Context) -> Obeying + Send + Sync + 'static {
    move |_, cx| {
        let begun = begun.clone();
        Box::pin(async move {
            let (orders, mut ordered) = unbounded_channel();
            let (done, told) = unbounded_channel();
            // Who listens no more has ended.
            let _ = begun.send(Running { orders, done: told });
            while let Some(order) = ordered.recv().await {
                match order {
                    Order::Do(act) => {
                        let _ = done.send(act(cx.clone()).await?);
                    }
                    Order::Finish(text) => return Ok(text),
                }
            }
            std::future::pending().await
        })
    }
}

impl Calls {
    pub(crate) async fn next(&mut self) -> Running {
        in_time("a call begins", self.0.recv()).await.expect("the server lives")
    }

    pub(crate) fn expect_none(&mut self) {
        assert!(self.0.try_recv().is_err(), "a call has begun");
    }
}

impl Running {
    /// From here on the call does this.
    pub(crate) fn begin<F, Fut>(&self, act: F)
    where
        F: FnOnce(Context) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Value, Interrupt>> + Send + 'static,
    {
        let act: Act = Box::new(move |cx| Box::pin(act(cx)));
        self.order(Order::Do(act));
    }

    /// What came of what the call has begun.
    pub(crate) async fn done(&mut self) -> Value {
        in_time("the call goes on", self.done.recv()).await.expect("the call runs")
    }

    /// The call does this, and tells what came of it.
    pub(crate) async fn does<F, Fut>(&mut self, act: F) -> Value
    where
        F: FnOnce(Context) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Value, Interrupt>> + Send + 'static,
    {
        self.begin(act);
        self.done().await
    }

    /// Tells the client how far it is.
    pub(crate) async fn progress(&mut self, done: u32) {
        let act = move |cx: Context| async move {
            cx.progress(f64::from(done), None).await;
            Ok(Value::Null)
        };
        self.does(act).await;
    }

    /// Returns this text.
    pub(crate) fn finish(&self, text: &str) {
        self.order(Order::Finish(text.to_owned()));
    }

    fn order(&self, order: Order) {
        assert!(self.orders.send(order).is_ok(), "the call is over");
    }

    /// Waits until the call is over, because it ended or because it was dropped.
    pub(crate) async fn over(&mut self) {
        assert_eq!(in_time("the call is over", self.done.recv()).await, None);
    }

    /// The same, whatever the call told before that.
    pub(crate) async fn over_whatever_it_did(&mut self) {
        in_time("the call is over", async { while self.done.recv().await.is_some() {} }).await;
    }

    /// Whether the call is over.
    pub(crate) fn is_over(&self) -> bool {
        self.orders.is_closed()
    }
}
