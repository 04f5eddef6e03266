//! The body of an answer that is a stream of a session.

use std::task::{Context, Poll};

use bytes::Bytes;
use mcp_proto::session::{Party, Pull, StreamHandle};

use crate::{load::StreamPlace, runtime::Runtime, session_call::Attended, sessions::Visited};

/// What a connection is sent of a stream, and the call that runs meanwhile, if there is one.
pub(crate) struct SessionBody<R: Runtime> {
    session: Visited,
    stream: StreamHandle,
    call: Option<Attended<R>>,
    runtime: R,
    is_over: bool,
    _place: Option<StreamPlace>,
}

/// Bytes after which a frame is handed on.
const FRAME_BYTES: usize = 16 << 10;

impl<R: Runtime> SessionBody<R> {
    /// A stream on which a call answers.
    pub(crate) fn of_call(session: Visited, stream: StreamHandle, call: Attended<R>, runtime: R) -> Self {
        Self { session, stream, call: Some(call), runtime, is_over: false, _place: None }
    }

    /// A stream that a client waits on.
    pub(crate) fn waiting(
        session: Visited,
        stream: StreamHandle,
        place: Option<StreamPlace>,
        runtime: R,
    ) -> Self {
        Self { session, stream, call: None, runtime, is_over: false, _place: place }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over
    }

    pub(crate) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        // A call that is over stays a while: what it said last is still to be pulled.
        if let Some(call) = &mut self.call
            && call.poll(cx).is_ready()
        {
            self.call = None;
        }
        let (mut out, stream, mut is_over) = (Vec::new(), self.stream, false);
        self.session.with(|session, wakers| {
            while out.len() < FRAME_BYTES {
                match session.pull(stream, &mut out, FRAME_BYTES) {
                    Pull::Wrote => {}
                    Pull::Empty => {
                        wakers.wait(Party::Stream(stream), cx.waker());
                        return;
                    }
                    Pull::Ended => {
                        is_over = true;
                        return;
                    }
                }
            }
        });
        self.is_over = is_over;
        match (out.is_empty(), is_over) {
            (false, _) => Poll::Ready(Some(out.into())),
            (true, true) => Poll::Ready(None),
            (true, false) => Poll::Pending,
        }
    }
}

impl<R: Runtime> Drop for SessionBody<R> {
    fn drop(&mut self) {
        let (stream, now) = (self.stream, self.runtime.now());
        self.session.with(|session, wakers| {
            wakers.forget(Party::Stream(stream));
            session.detach(stream, now);
        });
    }
}
