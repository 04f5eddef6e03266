//! The application's own way to tell who a caller is: any async function of the request's head.
//!
//! The function is a stranger to the server. Whatever it does, a request ends in one of four ways: accepted
//! with a principal, denied, failed, or unavailable. Only the first lets anyone in, and nothing that the
//! function says goes to the peer.

mod caller_value;
mod head;
mod identity;
mod rejection;

#[cfg(test)]
mod tests;

use std::{
    any::Any,
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use mcp_proto::Principal;

use self::rejection::Reason;
pub use self::{
    caller_value::CallerValue,
    head::RequestHead,
    identity::{ISSUER_DEFAULT, Identity},
    rejection::Rejection,
};

/// Tells who a caller is from the head of a request. Every async function of a [`RequestHead`] is one:
///
/// ```
/// use mcp_driver::{Identity, Rejection, RequestHead};
///
/// async fn authenticate(head: RequestHead) -> Result<Identity, Rejection> {
///     match head.bearer() {
///         Some("let me in") => Ok(Identity::new("alice").scope("read")),
///         Some(_) | None => Err(Rejection::denied()),
///     }
/// }
/// # fn is_one(_: impl mcp_driver::Verifier) {}
/// # is_one(authenticate);
/// ```
///
/// It runs once for each request, before a byte of the body is read, and has to end within
/// [`Timeouts::verify_micros`](mcp_proto::Timeouts::verify_micros). A panic is a failure like any other error.
///
/// The `?` operator works on any error. What the error says is neither sent nor logged, since it may repeat
/// the caller's credentials; a function that wants it in a log writes it there itself.
///
/// A closure takes what it captured along in an `async move` block:
/// `move |head: RequestHead| { let users = users.clone(); async move { .. } }`.
#[diagnostic::on_unimplemented(
    message = "this does not authenticate callers",
    note = "it takes an async function of a `RequestHead` that returns `Result<Identity, Rejection>`, or a type that implements `Verifier`"
)]
pub trait Verifier: Send + Sync + 'static {
    /// Who the caller is.
    ///
    /// # Errors
    /// Why nobody is let in with this head: [`Rejection`].
    fn verify(&self, head: RequestHead) -> impl Future<Output = Result<Identity, Rejection>> + Send;
}

impl<F, Fut> Verifier for F
where
    F: Fn(RequestHead) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Identity, Rejection>> + Send,
{
    fn verify(&self, head: RequestHead) -> impl Future<Output = Result<Identity, Rejection>> + Send {
        self(head)
    }
}

type Verifying<'v> = Pin<Box<dyn Future<Output = Result<Identity, Rejection>> + Send + 'v>>;

/// A [`Verifier`] of whatever type.
pub(crate) trait ErasedVerifier: Send + Sync + 'static {
    fn begin(&self, head: RequestHead) -> Verifying<'_>;
}

impl<V: Verifier> ErasedVerifier for V {
    fn begin(&self, head: RequestHead) -> Verifying<'_> {
        Box::pin(self.verify(head))
    }
}

/// What came of asking a [`Verifier`].
pub(crate) enum Verdict {
    /// It is this principal, for which the application keeps this value.
    Accepted(Arc<Principal>, Option<Arc<dyn Any + Send + Sync>>),
    /// The credentials are absent or not good.
    Denied,
    /// The verifier is broken.
    Failed,
    /// It cannot be found out now.
    Unavailable,
}

/// Asks a verifier once. There is no time limit; dropping the future ends the verifier's work.
pub(crate) async fn ask(verifier: &dyn ErasedVerifier, head: RequestHead) -> Verdict {
    let mut guarded = Guarded::begin(verifier, head);
    let answer = poll_fn(|context| guarded.poll(context)).await;
    // Before the answer counts: a future that panics while it is dropped has not ended well.
    if guarded.end() { verdict(answer) } else { Verdict::Failed }
}

fn verdict(answer: Option<Result<Identity, Rejection>>) -> Verdict {
    match answer.map(|answer| answer.map_err(Rejection::into_reason)) {
        Some(Ok(identity)) => match identity.into_parts() {
            Ok((principal, value)) => Verdict::Accepted(Arc::new(principal), value),
            Err(unnamed) => {
                tracing::error!(%unnamed, "the application's authentication named nobody");
                Verdict::Failed
            }
        },
        Some(Err(Reason::Denied)) => Verdict::Denied,
        Some(Err(Reason::Unavailable)) => Verdict::Unavailable,
        Some(Err(Reason::Failed(error))) => {
            tracing::error!(error, "the application's authentication failed");
            Verdict::Failed
        }
        // A panic, which is logged where it is caught.
        None => Verdict::Failed,
    }
}

/// A verifier at work, whose panics end that work and nothing else.
struct Guarded<'v>(Option<Verifying<'v>>);

impl<'v> Guarded<'v> {
    fn begin(verifier: &'v dyn ErasedVerifier, head: RequestHead) -> Self {
        Self(caught("before it began", || verifier.begin(head)))
    }

    /// The answer; nothing after a panic.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Identity, Rejection>>> {
        let Some(verifying) = &mut self.0 else { return Poll::Ready(None) };
        match caught("while it ran", || verifying.as_mut().poll(context)) {
            Some(polled) => polled.map(Some),
            None => Poll::Ready(None),
        }
    }

    /// Drops what is left; whether that went well.
    fn end(&mut self) -> bool {
        let left = self.0.take();
        caught("while it was dropped", || drop(left)).is_some()
    }
}

impl Drop for Guarded<'_> {
    fn drop(&mut self) {
        self.end();
    }
}

/// What foreign code returns; nothing if it panics.
fn caught<T>(when: &'static str, foreign: impl FnOnce() -> T) -> Option<T> {
    let result = catch_unwind(AssertUnwindSafe(foreign));
    if result.is_err() {
        tracing::error!(when, "the application's authentication panicked");
    }
    result.ok()
}
