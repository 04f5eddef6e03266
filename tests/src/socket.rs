//! A client on a socket: answers that are read whole, and streams that are read event by event.

use std::{collections::VecDeque, future::Future, net::SocketAddr, time::Duration};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::{
    event_reader::{Event, EventReader},
    http1::{Framing, Head, Response, read_chunk},
    request::Request,
};

/// How long anything may take. Much longer than every deadline that a test sets.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for something that has to happen.
///
/// # Panics
/// When it does not.
#[allow(clippy::panic, reason = "a test that cannot go on has failed")]
pub async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("not in time: {what}"))
}

/// Fails when something happens within a moment. It can miss that, but not report it wrongly.
///
/// # Panics
/// When it happens.
pub async fn not_now<T>(what: &str, future: impl Future<Output = T>) {
    const MOMENT: Duration = Duration::from_millis(100);
    assert!(timeout(MOMENT, future).await.is_err(), "too early: {what}");
}

/// A connection that stays open as long as the server likes.
#[derive(Debug)]
pub struct Socket {
    stream: TcpStream,
    received: Vec<u8>,
    is_closed: bool,
}

impl Socket {
    /// Connects.
    ///
    /// # Panics
    /// When nobody listens.
    #[allow(clippy::expect_used, reason = "a test that cannot go on has failed")]
    pub async fn connect(address: SocketAddr) -> Self {
        let stream = in_time("connect", TcpStream::connect(address)).await.expect("a connection");
        stream.set_nodelay(true).expect("a socket");
        Self { stream, received: Vec::new(), is_closed: false }
    }

    /// Sends as much as the server takes: it may answer and close before the end.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = in_time("send", self.stream.write_all(bytes.as_ref())).await;
    }

    /// Sends a request and reads its answer.
    pub async fn exchange(&mut self, request: &Request) -> Response {
        self.send(request.bytes()).await;
        self.response_to(request.is_head()).await
    }

    /// The next answer.
    pub async fn response(&mut self) -> Response {
        self.response_to(false).await
    }

    #[allow(clippy::expect_used, reason = "a test that cannot go on has failed")]
    async fn response_to(&mut self, is_answer_to_head: bool) -> Response {
        // Each byte may come in time and the end never.
        in_time("a whole answer", async {
            loop {
                let read = Response::read(&self.received, is_answer_to_head, self.is_closed);
                if let Some((response, length)) = read.expect("an answer") {
                    self.received.drain(..length);
                    return response;
                }
                self.read().await;
            }
        })
        .await
    }

    /// The next answer: an event stream, or another one that is read whole.
    ///
    /// # Errors
    /// The answer that is no stream.
    #[allow(clippy::expect_used, reason = "a test that cannot go on has failed")]
    pub async fn begun(mut self) -> Result<Stream, Response> {
        let head = self.head().await;
        if head.field("content-type") == Some("text/event-stream") {
            let framing = head.framing(false).expect("a framing");
            let (reader, events) = (EventReader::default(), VecDeque::new());
            return Ok(Stream { head, framing, socket: self, reader, events, end: None });
        }
        Err(self.response().await)
    }

    /// The next answer, which has to be an event stream.
    ///
    /// # Panics
    /// When it is another one.
    #[allow(clippy::panic, reason = "a test that cannot go on has failed")]
    pub async fn stream(self) -> Stream {
        match self.begun().await {
            Ok(stream) => {
                assert_eq!(stream.head.status, 200);
                stream
            }
            Err(Response { head, body }) => {
                panic!("no stream but {} {}", head.status, String::from_utf8_lossy(&body))
            }
        }
    }

    #[allow(clippy::expect_used, reason = "a test that cannot go on has failed")]
    async fn head(&mut self) -> Head {
        loop {
            if let Some((head, length)) = Head::read(&self.received).expect("an answer") {
                // Whoever reads the answer whole reads its head again.
                if head.field("content-type") == Some("text/event-stream") {
                    self.received.drain(..length);
                }
                return head;
            }
            self.read().await;
        }
    }

    /// The next piece of a stream, of which this much is still to come; empty at its end, nothing where the
    /// connection ended before.
    #[allow(clippy::expect_used, reason = "a test that cannot go on has failed")]
    async fn piece(&mut self, framing: &mut Framing) -> Option<Vec<u8>> {
        loop {
            match framing {
                Framing::Chunked => {
                    if let Some((chunk, length)) = read_chunk(&self.received).expect("a chunk") {
                        let chunk = chunk.to_vec();
                        self.received.drain(..length);
                        return Some(chunk);
                    }
                }
                Framing::Length(left) => {
                    let length = self.received.len().min(*left);
                    if length > 0 || *left == 0 {
                        *left -= length;
                        return Some(self.received.drain(..length).collect());
                    }
                }
                Framing::ToClose => {
                    if !self.received.is_empty() || self.is_closed {
                        return Some(std::mem::take(&mut self.received));
                    }
                }
            }
            if self.is_closed {
                return None;
            }
            self.read().await;
        }
    }

    /// Reads some bytes, or finds out that there will be none.
    async fn read(&mut self) {
        let received = String::from_utf8_lossy(&self.received);
        assert!(!self.is_closed, "closed after {received:?}");
        let mut buffer = vec![0; 64 << 10];
        match in_time("read", self.stream.read(&mut buffer)).await {
            Ok(0) | Err(_) => self.is_closed = true,
            Ok(length) => self.received.extend_from_slice(buffer.get(..length).unwrap_or_default()),
        }
    }
}

/// How a stream came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The server said that this is all.
    Whole,
    /// The connection ended, and nothing said that this is all.
    Cut,
}

/// An answer that is an event stream. Dropping it closes its connection.
#[derive(Debug)]
pub struct Stream {
    /// What came before the stream.
    pub head: Head,
    framing: Framing,
    socket: Socket,
    reader: EventReader,
    events: VecDeque<Event>,
    end: Option<End>,
}

impl Stream {
    /// The next event; nothing at the end of the stream.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            if self.end.is_some() {
                return None;
            }
            match self.socket.piece(&mut self.framing).await {
                Some(piece) if piece.is_empty() => self.end = Some(End::Whole),
                Some(piece) => self.events.extend(self.reader.take(&piece)),
                None => self.end = Some(End::Cut),
            }
            assert!(self.end.is_none() || !self.reader.is_within_an_event(), "it ends within an event");
        }
    }

    /// The next event.
    ///
    /// # Panics
    /// At the end of the stream.
    #[allow(clippy::expect_used, reason = "a test that cannot go on has failed")]
    pub async fn event(&mut self) -> Event {
        self.next().await.expect("an event before the end")
    }

    /// The message of the next event.
    ///
    /// # Panics
    /// When it has none, or another type than `message`.
    pub async fn message(&mut self) -> Value {
        self.event().await.message()
    }

    /// All events up to the end, and what kind of end it is.
    pub async fn rest(mut self) -> (Vec<Event>, End) {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        (events, self.end.unwrap_or(End::Cut))
    }

    /// Fails unless the stream ends here, as whole.
    ///
    /// # Panics
    /// When something else comes.
    pub async fn expect_end(self) {
        assert_eq!(self.rest().await, (Vec::new(), End::Whole));
    }

    /// Fails when an event comes, or the end, within a moment.
    ///
    /// # Panics
    /// When it comes.
    pub async fn expect_silence(&mut self) {
        not_now("an event", self.next()).await;
    }

    /// How many comments came so far.
    #[must_use]
    pub fn comments(&self) -> usize {
        self.reader.comments
    }
}
