//! The body of an answer: nothing, bytes, or a call that runs inside it.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::{running::Running, runtime::Runtime, session_body::SessionBody, wire::OpenAnswer};

/// The body of an answer. Dropping it, as happens when the client has gone, cancels the call that it carries (HTTP-20,
/// HTTP-22, CANC-06), unless that belongs to a session.
pub struct ReplyBody<R: Runtime> {
    kind: Kind<R>,
    /// On HTTP/2: tells the connection that the peer still takes the answer.
    open: Option<OpenAnswer<R>>,
}

enum Kind<R: Runtime> {
    Empty,
    Whole(Bytes),
    Stream(Box<Stream<R>>),
    Session(Box<SessionBody<R>>),
}

/// An event stream: bytes that are due, then what the call goes on to say.
struct Stream<R: Runtime> {
    first: Bytes,
    running: Running<R>,
}

impl<R: Runtime> ReplyBody<R> {
    pub(crate) fn empty() -> Self {
        Self::of(Kind::Empty)
    }

    pub(crate) fn whole(bytes: Bytes) -> Self {
        Self::of(if bytes.is_empty() { Kind::Empty } else { Kind::Whole(bytes) })
    }

    pub(crate) fn stream(first: Bytes, running: Running<R>) -> Self {
        Self::of(Kind::Stream(Box::new(Stream { first, running })))
    }

    /// A stream of a session.
    pub(crate) fn session(body: SessionBody<R>) -> Self {
        Self::of(Kind::Session(Box::new(body)))
    }

    fn of(kind: Kind<R>) -> Self {
        Self { kind, open: None }
    }

    /// The same body, which tells its connection how it is getting on.
    pub(crate) fn of_answer(mut self, open: OpenAnswer<R>) -> Self {
        self.open = Some(open);
        self
    }

    /// Whether it is there before all that it is going to say.
    pub(crate) fn is_stream(&self) -> bool {
        matches!(self.kind, Kind::Stream(_) | Kind::Session(_))
    }

    fn is_over(&self) -> bool {
        match &self.kind {
            Kind::Empty => true,
            Kind::Whole(_) => false,
            Kind::Stream(stream) => stream.first.is_empty() && stream.running.is_over(),
            Kind::Session(body) => body.is_over(),
        }
    }

    fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        match &mut self.kind {
            Kind::Empty => Poll::Ready(None),
            // On HTTP/2 a large answer is handed over in pieces, so that what the peer does not take
            // stays here, where it is noticed.
            Kind::Whole(bytes) if self.open.is_some() && bytes.len() > PIECE_BYTES => {
                Poll::Ready(Some(bytes.split_to(PIECE_BYTES)))
            }
            Kind::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                self.kind = Kind::Empty;
                Poll::Ready(Some(bytes))
            }
            Kind::Stream(stream) if !stream.first.is_empty() => {
                Poll::Ready(Some(std::mem::take(&mut stream.first)))
            }
            Kind::Stream(stream) => stream.running.poll_frame(cx),
            Kind::Session(body) => body.poll_frame(cx),
        }
    }
}

/// The largest piece of a whole answer on HTTP/2.
const PIECE_BYTES: usize = 64 << 10;

impl<R: Runtime> Body for ReplyBody<R> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(open) = &self.open {
            open.is_taken();
        }
        self.poll_bytes(cx).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.is_over()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Empty => SizeHint::with_exact(0),
            Kind::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Stream(_) | Kind::Session(_) => SizeHint::default(),
        }
    }
}

impl<R: Runtime> std::fmt::Debug for ReplyBody<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match &self.kind {
            Kind::Empty => "ReplyBody::Empty",
            Kind::Whole(_) => "ReplyBody::Whole(..)",
            Kind::Stream(_) => "ReplyBody::Stream(..)",
            Kind::Session(_) => "ReplyBody::Session(..)",
        })
    }
}
