//! The body of an answer: nothing, bytes, or a call that runs inside it.

mod watched;

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use self::watched::Watched;
pub(crate) use self::watched::watch;
use crate::{running::Running, runtime::Runtime};

/// The body of an answer. Dropping it cancels the call that it carries.
pub struct ReplyBody<R: Runtime> {
    kind: Kind<R>,
    /// Dropped with the body.
    _held: Option<Box<dyn Send>>,
}

enum Kind<R: Runtime> {
    Empty,
    Whole(Bytes),
    Stream(Box<Stream<R>>),
    Watched(Watched<R>),
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

    fn of(kind: Kind<R>) -> Self {
        Self { kind, _held: None }
    }

    /// The same body, which drops `held` when it is dropped.
    pub(crate) fn holding(mut self, held: Box<dyn Send>) -> Self {
        self._held = Some(held);
        self
    }

    fn is_over(&self) -> bool {
        match &self.kind {
            Kind::Empty => true,
            Kind::Whole(_) => false,
            Kind::Stream(stream) => stream.first.is_empty() && stream.running.is_over(),
            Kind::Watched(watched) => watched.is_over(),
        }
    }

    fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        match &mut self.kind {
            Kind::Empty => Poll::Ready(None),
            Kind::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                self.kind = Kind::Empty;
                Poll::Ready(Some(bytes))
            }
            Kind::Stream(stream) if !stream.first.is_empty() => {
                Poll::Ready(Some(std::mem::take(&mut stream.first)))
            }
            Kind::Stream(stream) => stream.running.poll_frame(cx),
            Kind::Watched(watched) => watched.poll_bytes(cx),
        }
    }
}

impl<R: Runtime> Body for ReplyBody<R> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.poll_bytes(cx).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.is_over()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Empty => SizeHint::with_exact(0),
            Kind::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Stream(_) => SizeHint::default(),
            Kind::Watched(watched) => watched.size_hint(),
        }
    }
}

impl<R: Runtime> std::fmt::Debug for ReplyBody<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match &self.kind {
            Kind::Empty => "ReplyBody::Empty",
            Kind::Whole(_) => "ReplyBody::Whole(..)",
            Kind::Stream(_) => "ReplyBody::Stream(..)",
            Kind::Watched(_) => "ReplyBody::Watched(..)",
        })
    }
}
