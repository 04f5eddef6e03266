//! Names of streams and of the events on them.

use std::fmt;

use bytes::Bytes;

/// Names an event (RES-01 to RES-03): its stream, and its place on it. Written as two decimal numbers that
/// mean nothing to a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId {
    /// The stream, by its number in the session.
    pub stream: u64,
    /// The place on the stream; the first has 1.
    pub sequence: u64,
}

impl EventId {
    /// Reads an id as it was written.
    #[must_use]
    pub fn read(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let (stream, sequence) = text.split_once('-')?;
        let id = Self { stream: number(stream)?, sequence: number(sequence)? };
        Some(id)
    }
}

/// A number that is written in one way only.
fn number(digits: &str) -> Option<u64> {
    let is_canonical = digits.bytes().all(|digit| digit.is_ascii_digit()) && !digits.starts_with('0');
    digits.parse().ok().filter(|_| is_canonical)
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.stream, self.sequence)
    }
}

/// An event as it is kept elsewhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Event {
    /// Its name.
    pub id: EventId,
    /// What to keep of it, and to give back as it is.
    pub message: Bytes,
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Event({}, {} bytes)", self.id, self.message.len())
    }
}

/// A connection that a stream of a session is sent on. A stream that is resumed has another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StreamHandle {
    pub(super) stream: u64,
    pub(super) connection: u32,
}

/// What comes of pulling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "an ended stream is not to be pulled again"]
pub enum Pull {
    /// Something was appended; there may be more.
    Wrote,
    /// There is nothing to send now; [`super::Effect::Wake`] says when there is.
    Empty,
    /// The connection's stream is over.
    Ended,
}

/// What becomes of a message when there is no room for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// The client waits for it.
    Must,
    /// One of each is enough.
    Coalesce,
    /// The oldest goes first.
    Lossy,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::EventId;

    proptest! {
        #[test]
        fn an_id_reads_back(stream in 1u64.., sequence in 1u64..) {
            let id = EventId { stream, sequence };
            prop_assert_eq!(EventId::read(id.to_string().as_bytes()), Some(id));
        }

        #[test]
        fn what_reads_is_written_the_same(text in "[0-9+-]{0,12}|\\PC{0,6}") {
            if let Some(id) = EventId::read(text.as_bytes()) {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }

    #[test]
    fn nothing_else_is_an_id() {
        for text in [
            "",
            "-",
            "1",
            "1-",
            "-1",
            "0-1",
            "1-0",
            "01-1",
            "1-01",
            "+1-1",
            "1-1-1",
            " 1-1",
            "1-99999999999999999999",
        ] {
            assert_eq!(EventId::read(text.as_bytes()), None, "{text:?}");
        }
    }
}
