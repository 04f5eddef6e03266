//! The client's end of one request and its answer: how it is sent and read, and what comes.

use mcp_driver::proto::Tick;
use mcp_sim::{
    ClientEnd,
    draw::Draw,
    event_reader::{Event, EventReader},
    http1::{Framing, Head, read_chunk},
};

use crate::plan::Plan;

/// How a request is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sending {
    AtOnce,
    /// So many bytes at a time, with a pause in between.
    Dribble(usize, u64),
    /// Up to this byte, and nothing more.
    StallAt(usize),
    /// Up to this byte, and then the connection is closed.
    AbortAt(usize),
}

/// How an answer is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    All,
    /// So many bytes at a time, with a pause in between.
    Slow(usize, u64),
    /// Up to so many bytes, and nothing more.
    StopAfter(usize),
}

impl Sending {
    pub(crate) fn draw(draw: &mut Draw, plan: &Plan, bytes: usize) -> Self {
        let bodies = plan.bodies;
        match draw.below(10) {
            0..3 if bodies.dribble => {
                Self::Dribble(draw.below(bytes).saturating_add(1), *draw.pick(&[0, 10_000, 900_000]))
            }
            3 if bodies.stall => Self::StallAt(draw.below(bytes)),
            4 if bodies.abort => Self::AbortAt(draw.below(bytes)),
            _ => Self::AtOnce,
        }
    }
}

impl Reading {
    pub(crate) fn draw(draw: &mut Draw, plan: &Plan) -> Self {
        match draw.below(10) {
            0..3 if plan.readers.slow => {
                Self::Slow(draw.below(3_000).saturating_add(200), *draw.pick(&[0, 10_000, 300_000]))
            }
            3 if plan.readers.stop => Self::StopAfter(draw.below(2_000)),
            _ => Self::All,
        }
    }
}

/// What has come of an answer.
#[derive(Debug)]
pub(crate) enum Item {
    Head(Head),
    Event(Event),
    /// The body, where it is none of events.
    Body(Vec<u8>),
    /// The answer is complete.
    End,
    /// The connection is over, and the answer is not complete.
    Closed,
}

/// One request and its answer on a connection.
pub(crate) struct Connection {
    end: Option<ClientEnd>,
    out: Vec<u8>,
    sent: usize,
    sending: Sending,
    write_at: Tick,
    reading: Reading,
    read: usize,
    read_at: Tick,
    answer: Answer,
    /// The connection has been used before, so the server may be about to close it.
    pub(crate) is_used: bool,
}

/// How far the answer is.
enum Answer {
    Head(Vec<u8>),
    Body { rest: Vec<u8>, framing: Framing, content: Content },
    Over,
}

enum Content {
    Bytes(Vec<u8>),
    Events(EventReader),
}

impl Connection {
    pub(crate) fn new(
        end: ClientEnd,
        out: Vec<u8>,
        sending: Sending,
        reading: Reading,
        is_used: bool,
    ) -> Self {
        let answer = Answer::Head(Vec::new());
        let (sent, read) = (0, 0);
        let (write_at, read_at) = (Tick(0), Tick(0));
        Self { end: Some(end), out, sent, sending, write_at, reading, read, read_at, answer, is_used }
    }

    /// The request has been sent as far as it ever will.
    pub(crate) fn is_sent(&self) -> bool {
        self.sent >= self.out.len()
    }

    /// Whether its client reads whatever comes at once.
    pub(crate) fn reads_all(&self) -> bool {
        self.reading == Reading::All
    }

    /// Whether its answer is complete, or will never be.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.answer, Answer::Over)
    }

    /// The connection for another request, if it can have one.
    pub(crate) fn take_end(&mut self) -> Option<ClientEnd> {
        let is_reusable = self.is_over() && self.is_sent() && self.reading == Reading::All;
        self.end.take().filter(|end| is_reusable && !end.is_closed())
    }

    /// Breaks off.
    pub(crate) fn cut(&mut self) {
        self.end = None;
        self.answer = Answer::Over;
    }

    /// Writes and reads what can be now; whether anything was.
    pub(crate) fn pump(&mut self, now: Tick, items: &mut Vec<Item>) -> bool {
        let wrote = self.write(now);
        let read = self.read(now, items);
        wrote || read
    }

    /// When it goes on by itself.
    pub(crate) fn wakes_at(&self) -> Option<Tick> {
        if self.is_over() {
            return None;
        }
        let write = matches!(self.sending, Sending::Dribble(..)) && !self.is_sent();
        let read = matches!(self.reading, Reading::Slow(..));
        let write = write.then_some(self.write_at);
        let read = read.then_some(self.read_at);
        [write, read].into_iter().flatten().min()
    }

    fn write(&mut self, now: Tick) -> bool {
        let Some(end) = &self.end else { return false };
        let left = self.out.len().saturating_sub(self.sent);
        let most = match self.sending {
            Sending::AtOnce => left,
            Sending::Dribble(bytes, micros) => {
                if now < self.write_at || left == 0 {
                    return false;
                }
                self.write_at = now.after_micros(micros);
                bytes.min(left)
            }
            Sending::StallAt(at) => left.min(at.saturating_sub(self.sent)),
            Sending::AbortAt(at) if self.sent >= at => {
                end.close();
                return false;
            }
            Sending::AbortAt(at) => left.min(at.saturating_sub(self.sent)),
        };
        let bytes = self.out.get(self.sent..self.sent.saturating_add(most)).unwrap_or_default();
        let taken = end.write(bytes);
        self.sent = self.sent.saturating_add(taken);
        taken > 0
    }

    fn read(&mut self, now: Tick, items: &mut Vec<Item>) -> bool {
        let Some(end) = &self.end else { return false };
        if self.is_over() {
            return false;
        }
        let most = match self.reading {
            Reading::All => usize::MAX,
            Reading::Slow(_, _) if now < self.read_at => return false,
            Reading::Slow(bytes, micros) => {
                self.read_at = now.after_micros(micros);
                bytes
            }
            Reading::StopAfter(bytes) => bytes.saturating_sub(self.read),
        };
        let bytes = end.read(most);
        self.read = self.read.saturating_add(bytes.len());
        let is_closed = end.is_closed() && (end.arrived() == 0 || most == 0);
        if bytes.is_empty() && !is_closed {
            return false;
        }
        self.take(&bytes, is_closed, items);
        true
    }

    fn take(&mut self, bytes: &[u8], is_closed: bool, items: &mut Vec<Item>) {
        if let Answer::Head(rest) = &mut self.answer {
            rest.extend_from_slice(bytes);
            if let Some((head, length)) = Head::read(rest).expect("a head") {
                let rest = rest.split_off(length);
                let framing = head.framing(false).expect("a framing");
                let is_stream = head.field("content-type") == Some("text/event-stream");
                let content = if is_stream {
                    Content::Events(EventReader::default())
                } else {
                    Content::Bytes(Vec::new())
                };
                self.answer = Answer::Body { rest, framing, content };
                items.push(Item::Head(head));
                self.go_on(is_closed, items);
            }
        } else if let Answer::Body { rest, .. } = &mut self.answer {
            rest.extend_from_slice(bytes);
            self.go_on(is_closed, items);
        }
        if is_closed && !self.is_over() {
            self.answer = Answer::Over;
            items.push(Item::Closed);
        }
    }

    /// Reads the body as far as it is there.
    fn go_on(&mut self, is_closed: bool, items: &mut Vec<Item>) {
        let Answer::Body { rest, framing, content } = &mut self.answer else { return };
        let mut is_complete = false;
        match framing {
            Framing::Length(length) => {
                let taken = rest.len().min(*length);
                content.take(&rest.drain(..taken).collect::<Vec<_>>(), items);
                *length = length.saturating_sub(taken);
                is_complete = *length == 0;
            }
            Framing::Chunked => {
                while let Some((chunk, length)) = read_chunk(rest).expect("a chunk") {
                    is_complete = chunk.is_empty();
                    content.take(chunk, items);
                    rest.drain(..length);
                }
            }
            Framing::ToClose => {
                content.take(&std::mem::take(rest), items);
                is_complete = is_closed;
            }
        }
        if is_complete {
            assert!(rest.is_empty(), "something stands behind an answer");
            if let Answer::Body { content: Content::Bytes(body), .. } =
                std::mem::replace(&mut self.answer, Answer::Over)
            {
                items.push(Item::Body(body));
            }
            items.push(Item::End);
        }
    }
}

impl Content {
    fn take(&mut self, bytes: &[u8], items: &mut Vec<Item>) {
        match self {
            Self::Bytes(body) => body.extend_from_slice(bytes),
            Self::Events(reader) => items.extend(reader.take(bytes).into_iter().map(Item::Event)),
        }
    }
}
