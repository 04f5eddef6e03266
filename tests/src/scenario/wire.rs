//! One connection, as its client sees it.

use std::{collections::VecDeque, io};

use super::Connection;
use crate::http1::{Framing, Head, Response, read_chunk};

/// A connection to the server.
pub(super) struct Wire {
    stream: Box<dyn Connection>,
    received: Vec<u8>,
    /// For each request that is not answered: whether it is one for HEAD.
    asked: VecDeque<bool>,
    is_closed: bool,
    /// The answer that is read event by event.
    events: Option<Events>,
}

/// An answer whose head was read.
struct Events {
    framing: Framing,
    /// What came without its framing, and was not read.
    text: Vec<u8>,
    /// It is all there.
    is_whole: bool,
}

/// What came, and the length of its body.
pub(super) struct Came {
    pub(super) text: String,
    pub(super) body_length: usize,
}

impl Wire {
    pub(super) fn new(stream: Box<dyn Connection>) -> Self {
        Self { stream, received: Vec::new(), asked: VecDeque::new(), is_closed: false, events: None }
    }

    /// Sends a request, or the body of one whose head was sent.
    pub(super) fn send(&mut self, bytes: &[u8], has_head: bool, is_slow: bool) -> io::Result<()> {
        if has_head {
            self.asked.push_back(bytes.starts_with(b"HEAD "));
        }
        let piece = if is_slow { 1 } else { bytes.len().max(1) };
        for piece in bytes.chunks(piece) {
            self.stream.write_all(piece)?;
            self.stream.flush()?;
        }
        Ok(())
    }

    /// The next answer, whole.
    pub(super) fn answer(&mut self) -> Result<Came, String> {
        let is_answer_to_head = self.asked.front().copied().unwrap_or_default();
        loop {
            if let Some((response, length)) =
                Response::read(&self.received, is_answer_to_head, self.is_closed)?
            {
                self.received.drain(..length);
                // An interim answer is followed by another one to the same request.
                if response.head.status >= 200 {
                    self.asked.pop_front();
                }
                let body = String::from_utf8_lossy(&response.body);
                let text = format!("{}\n\n{body}", lines(&response.head));
                return Ok(Came { text, body_length: response.body.len() });
            }
            self.read_more()?;
        }
    }

    /// The head of the next answer, which comes event by event.
    pub(super) fn begins(&mut self) -> Result<Came, String> {
        loop {
            if let Some((head, length)) = Head::read(&self.received)? {
                self.received.drain(..length);
                let framing = head.framing(false)?;
                self.events = Some(Events { framing, text: Vec::new(), is_whole: false });
                return Ok(Came { text: lines(&head), body_length: 0 });
            }
            self.read_more()?;
        }
    }

    /// The lines of the next event.
    pub(super) fn event(&mut self) -> Result<Came, String> {
        loop {
            let events = self.events.as_mut().ok_or_else(no_events)?;
            if let Some(end) = events.text.windows(2).position(|window| window == b"\n\n") {
                let event: Vec<u8> = events.text.drain(..end.saturating_add(2)).take(end).collect();
                return Ok(Came { text: String::from_utf8_lossy(&event).into_owned(), body_length: 0 });
            }
            if events.is_whole {
                return Err(format!("it ends with {:?}", String::from_utf8_lossy(&events.text)));
            }
            self.read_piece()?;
        }
    }

    /// Reads on to the end of the answer that came event by event, where no more events may come.
    pub(super) fn ended(&mut self) -> Result<(), String> {
        loop {
            let events = self.events.as_mut().ok_or_else(no_events)?;
            if !events.text.is_empty() {
                return Err(format!("unexpected {:?}", String::from_utf8_lossy(&events.text)));
            }
            if events.is_whole {
                self.events = None;
                self.asked.pop_front();
                return Ok(());
            }
            self.read_piece()?;
        }
    }

    /// Reads on to the end of the connection, where nothing more may come. What came event by event ends with it,
    /// unfinished.
    pub(super) fn closed(mut self) -> Result<(), String> {
        while !self.is_closed {
            self.read()?;
        }
        let unread = self.events.as_ref().map_or(&[][..], |events| events.text.as_slice());
        match (unread, self.received.as_slice()) {
            ([], []) => Ok(()),
            (unread, received) => {
                let (unread, received) = (String::from_utf8_lossy(unread), String::from_utf8_lossy(received));
                Err(format!("unexpected {unread:?}{received:?}"))
            }
        }
    }

    /// What came and nobody has read.
    pub(super) fn rest(&self) -> String {
        let unread = self.events.as_ref().map_or(&[][..], |events| events.text.as_slice());
        let rest = [unread, self.received.as_slice()].concat();
        String::from_utf8_lossy(&rest).into_owned()
    }

    /// Takes the next piece of the answer out of what came.
    fn read_piece(&mut self) -> Result<(), String> {
        let events = self.events.as_mut().ok_or_else(no_events)?;
        match &mut events.framing {
            Framing::Chunked => {
                if let Some((chunk, length)) = read_chunk(&self.received)? {
                    events.is_whole = chunk.is_empty();
                    events.text.extend_from_slice(chunk);
                    self.received.drain(..length);
                    return Ok(());
                }
            }
            Framing::Length(left) => {
                let length = self.received.len().min(*left);
                *left = left.saturating_sub(length);
                events.is_whole = *left == 0;
                events.text.extend(self.received.drain(..length));
                if length > 0 || events.is_whole {
                    return Ok(());
                }
            }
            Framing::ToClose => {
                events.is_whole = self.is_closed;
                if !self.received.is_empty() || self.is_closed {
                    events.text.append(&mut self.received);
                    return Ok(());
                }
            }
        }
        self.read_more()
    }

    /// Reads where something has to come.
    fn read_more(&mut self) -> Result<(), String> {
        if self.is_closed {
            return Err(format!("closed after {:?}", self.rest()));
        }
        self.read()
    }

    fn read(&mut self) -> Result<(), String> {
        let mut buffer = vec![0; 64 << 10];
        match self.stream.read(&mut buffer) {
            Ok(0) => self.is_closed = true,
            Ok(length) => self.received.extend_from_slice(buffer.get(..length).unwrap_or_default()),
            Err(error) if is_timeout(&error) => {
                return Err(format!("nothing more came behind {:?}", self.rest()));
            }
            Err(_) => self.is_closed = true,
        }
        Ok(())
    }
}

fn no_events() -> String {
    "no answer has begun".to_owned()
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// A head in the notation of the files.
fn lines(Head { version, status, reason, fields }: &Head) -> String {
    let mut text = format!("{version} {status} {reason}");
    for (name, value) in fields {
        text.push_str(&format!("\n{name}: {value}"));
    }
    text
}
