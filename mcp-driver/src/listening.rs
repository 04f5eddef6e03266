//! The accept loop, on any runtime's sockets.

mod connections;

#[cfg(test)]
mod tests;

use std::{
    future::{Future, poll_fn},
    io,
    pin::{Pin, pin},
    task::Poll,
};

pub use self::connections::Stop;
use self::connections::{Connections, Place};
use crate::{hyper_rt::micros, runtime::Runtime, serve::Service};

/// Sockets that listen: what a runtime's crate implements for [`Service::serve_sockets`].
pub trait Sockets: Send + Sync {
    /// What is accepted, whatever has to be said to it before it speaks HTTP.
    type Stream: Send + 'static;

    /// The next connection. Dropping the future loses none.
    ///
    /// # Errors
    /// When there is no resource for one now. The caller tries again after a pause.
    fn accept(&self) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

/// After an accept failed for want of a resource.
const ACCEPT_PAUSE_MICROS: u64 = 50_000;

impl<R: Runtime> Service<R> {
    /// Hands every connection to `serve`, in a task of its own, until `stop` is ready. No more are accepted while there
    /// are as many as [`ServerLimits::connections`](crate::ServerLimits::connections). Then the sockets are closed, the
    /// [`Stop`] of every connection is ready, and what is under way may be finished until the drain deadline, after which
    /// it is dropped. Dropping the future drops all of it at once.
    pub async fn serve_sockets<S, F>(
        self,
        sockets: S,
        serve: impl Fn(Self, S::Stream, Stop) -> F,
        stop: impl Future<Output = ()>,
    ) where
        S: Sockets,
        F: Future<Output = ()> + Send + 'static,
    {
        let connections = Connections::new(self.server().limits().connections);
        let mut stop = pin!(stop);
        let mut is_short = false;
        loop {
            match next(stop.as_mut(), &connections, &sockets).await {
                Event::Stop => break,
                Event::Accepted(Ok((stream, place))) => {
                    is_short = false;
                    let serving = serve(self.clone(), stream, place.stop());
                    self.runtime().spawn(place.hold(serving));
                }
                Event::Accepted(Err(error)) => {
                    // Once for each shortage: those who cause it shall not fill the log too.
                    if !std::mem::replace(&mut is_short, true) {
                        tracing::warn!(%error, "cannot accept connections");
                    }
                    self.sleep(ACCEPT_PAUSE_MICROS).await;
                }
            }
        }
        drop(sockets);
        connections.stop();
        // Clients that wait for changes would wait on, and can do so elsewhere.
        self.server().sessions().release_streams();
        self.drain(&connections).await;
        self.server().sessions().cancel_calls();
    }

    async fn drain(&self, connections: &Connections) {
        let mut deadline = pin!(self.sleep(micros(self.server().connection_timeouts().drain)));
        let drained = poll_fn(|cx| {
            if connections.poll_none(cx).is_ready() {
                return Poll::Ready(true);
            }
            deadline.as_mut().poll(cx).map(|()| false)
        });
        if !drained.await {
            tracing::warn!(connections = connections.count(), "drain deadline passed");
            connections.abort();
            poll_fn(|cx| connections.poll_none(cx)).await;
        }
    }

    fn sleep(&self, micros: u64) -> R::Sleep {
        self.runtime().sleep_until(self.runtime().now().tick.after_micros(micros))
    }
}

enum Event<S> {
    Stop,
    Accepted(io::Result<(S, Place)>),
}

/// The next connection, with a place of its own.
async fn next<S: Sockets>(
    mut stop: Pin<&mut impl Future<Output = ()>>,
    connections: &Connections,
    sockets: &S,
) -> Event<S::Stream> {
    let mut accepting = pin!(sockets.accept());
    poll_fn(|cx| {
        if stop.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Event::Stop);
        }
        if connections.poll_room(cx).is_pending() {
            return Poll::Pending;
        }
        let accepted = accepting.as_mut().poll(cx);
        accepted.map(|accepted| Event::Accepted(accepted.map(|stream| (stream, connections.place()))))
    })
    .await
}
