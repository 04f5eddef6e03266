//! A receiver that takes a stream of server-sent events piece by piece and keeps each event's own fields:
//! "Interpreting an event stream" of the HTML Living Standard, section 9.2.6. It shares no code with the
//! server.

use serde_json::Value;

/// One event: the lines between two empty ones, unless all of them are comments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Event {
    /// `event`; `None` when it says none, and is a `message` then.
    pub kind: Option<String>,
    /// `id`
    pub id: Option<String>,
    /// `retry`, in milliseconds.
    pub retry: Option<u64>,
    /// The lines of `data`; `None` without such a line. A receiver dispatches no event whose data is empty.
    pub data: Option<String>,
}

impl Event {
    /// The JSON-RPC message that it carries.
    ///
    /// # Panics
    /// When it carries none, or is of another type than `message`.
    #[must_use]
    #[allow(clippy::expect_used, reason = "a test that cannot go on has failed")]
    pub fn message(&self) -> Value {
        assert!(matches!(self.kind.as_deref(), None | Some("message")), "{self:?}");
        let data = self.data.as_deref().expect("data");
        serde_json::from_str(data).expect("JSON")
    }

    /// Its id.
    ///
    /// # Panics
    /// When it has none.
    #[must_use]
    #[allow(clippy::expect_used, reason = "a test that cannot go on has failed")]
    pub fn id(&self) -> &str {
        self.id.as_deref().expect("an id")
    }
}

/// Takes bytes, gives events.
#[derive(Debug, Default)]
pub struct EventReader {
    /// Bytes behind the last whole line.
    rest: Vec<u8>,
    event: Event,
    /// Lines that begin with a colon.
    pub comments: usize,
}

impl EventReader {
    /// The events that are whole with these bytes.
    ///
    /// # Panics
    /// When a line is no UTF-8, has another end than one line feed, or is a field that the standard does not
    /// know: a receiver could live with that, and no server has a reason to send it.
    pub fn take(&mut self, bytes: &[u8]) -> Vec<Event> {
        self.rest.extend_from_slice(bytes);
        let mut events = Vec::new();
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches('\n');
            assert!(!line.contains(['\r', '\0', char::REPLACEMENT_CHARACTER]), "{line:?}");
            events.extend(self.line(line));
        }
        events
    }

    /// Whether something came of which the end is missing.
    #[must_use]
    pub fn is_within_an_event(&self) -> bool {
        !self.rest.is_empty() || self.event != Event::default()
    }

    fn line(&mut self, line: &str) -> Option<Event> {
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            return (event != Event::default()).then_some(event);
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value).to_owned();
        match field {
            "" => self.comments = self.comments.saturating_add(1),
            "event" => self.event.kind = Some(value),
            "id" => self.event.id = Some(value),
            "retry" => {
                let retry = value.parse();
                assert!(retry.is_ok(), "retry: {value}");
                self.event.retry = retry.ok();
            }
            "data" => {
                let data = match self.event.data.take() {
                    Some(lines) => lines + "\n" + &value,
                    None => value,
                };
                self.event.data = Some(data);
            }
            _ => assert_eq!(field, "", "no field of an event"),
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: Option<&str>, id: Option<&str>, retry: Option<u64>, data: Option<&str>) -> Event {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Event { kind: owned(kind), id: owned(id), retry, data: owned(data) }
    }

    #[test]
    fn events_are_whole_whatever_pieces_they_come_in() {
        let stream =
            b": c\n\nid: 1-0\nretry: 1000\ndata:\n\ndata: {\"a\": 1}\n\n:\nevent: x\ndata: a\ndata:b\n\n";
        let expected = [
            event(None, Some("1-0"), Some(1_000), Some("")),
            event(None, None, None, Some("{\"a\": 1}")),
            event(Some("x"), None, None, Some("a\nb")),
        ];
        for size in 1..stream.len() {
            let mut reader = EventReader::default();
            let events: Vec<_> = stream.chunks(size).flat_map(|piece| reader.take(piece)).collect();
            assert_eq!(events, expected, "{size}");
            assert_eq!((reader.comments, reader.is_within_an_event()), (2, false));
            assert_eq!(reader.take(b"data: x"), []);
            assert!(reader.is_within_an_event());
        }
    }

    #[test]
    #[should_panic = "no field of an event"]
    fn what_no_server_has_a_reason_to_send_is_noticed() {
        EventReader::default().take(b"dato: x\n\n");
    }
}
