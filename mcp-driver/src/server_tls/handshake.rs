//! The time that a handshake has.

use std::{
    future::{Future, poll_fn},
    io,
    pin::{Pin, pin},
    task::Poll,
};

use crate::{hyper_rt::micros, runtime::Runtime, serve::Service};

impl<R: Runtime> Service<R> {
    /// What a handshake comes to, if it succeeds in the time that
    /// [`ConnectionTimeouts::handshake`](crate::ConnectionTimeouts::handshake) gives it and before `stop` is ready.
    /// Else it is dropped, and its socket with it.
    pub async fn handshake<T>(
        &self,
        handshake: impl Future<Output = io::Result<T>>,
        mut stop: Pin<&mut impl Future<Output = ()>>,
    ) -> Option<T> {
        let runtime = self.runtime();
        let time = micros(self.server().connection_timeouts().handshake);
        let mut handshake = pin!(handshake);
        let mut deadline = pin!(runtime.sleep_until(runtime.now().tick.after_micros(time)));
        let made = poll_fn(|cx| {
            if let Poll::Ready(made) = handshake.as_mut().poll(cx) {
                return Poll::Ready(made);
            }
            if stop.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Err(io::ErrorKind::Interrupted.into()));
            }
            deadline.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
        });
        made.await.inspect_err(|error| tracing::debug!(%error, "no TLS with the client")).ok()
    }
}
