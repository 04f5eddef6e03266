//! Events as they are written, against a receiver that is written from the standard alone ("Interpreting an event
//! stream", HTML Living Standard, section 9.2.6) and knows nothing of how they are written.
//!
//! The input is what is to be said, one payload behind another with a NUL between; an empty one stands for a
//! comment. Whatever a payload is, its receiver gets one event, of no kind, without an id, whose data is the
//! payload with its line ends turned into spaces; and a payload that is JSON is the same JSON afterwards.

use mcp_proto::sse;
use serde_json::Value;

/// Writes what the input says and receives it again.
pub(crate) fn run(input: &[u8]) {
    let mut stream = Vec::new();
    let mut expected = Received::default();
    for payload in input.split(|byte| *byte == 0) {
        if payload.is_empty() {
            sse::comment(&mut stream);
            expected.comments += 1;
            continue;
        }
        let before = stream.len();
        sse::event(&mut stream, payload);
        assert!(stream[before..].ends_with(b"\n\n"), "an event has no end");
        let is_end = |byte: u8| matches!(byte, b'\r' | b'\n');
        let data: Vec<u8> = payload.iter().map(|byte| if is_end(*byte) { b' ' } else { *byte }).collect();
        same_json(payload, &data);
        expected.events.push(data);
    }
    assert_eq!(Received::read(&stream), expected);
}

fn same_json(written: &[u8], received: &[u8]) {
    if let Ok(value) = serde_json::from_slice::<Value>(written) {
        assert_eq!(serde_json::from_slice::<Value>(received).ok(), Some(value), "another value is received");
    }
}

/// What a receiver gets.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) events: Vec<Vec<u8>>,
    /// The ids, each before the event that it names.
    pub(crate) ids: Vec<Vec<u8>>,
    comments: usize,
    /// Lines that say something else: a kind, when to come again.
    others: usize,
}

impl Received {
    pub(crate) fn read(stream: &[u8]) -> Self {
        let mut received = Self::default();
        let mut data: Option<Vec<u8>> = None;
        let mut rest = stream;
        while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')) {
            let (line, behind) = rest.split_at(end);
            rest = behind.strip_prefix(b"\r\n").unwrap_or(&behind[1..]);
            let (field, value) = match line.iter().position(|byte| *byte == b':') {
                Some(colon) => (&line[..colon], &line[colon + 1..]),
                None => (line, &[][..]),
            };
            let value = value.strip_prefix(b" ").unwrap_or(value);
            match field {
                b"" if line.is_empty() => received.events.extend(data.take()),
                b"" => received.comments += 1,
                b"data" => match &mut data {
                    Some(data) => {
                        data.push(b'\n');
                        data.extend_from_slice(value);
                    }
                    None => data = Some(value.to_vec()),
                },
                b"id" => received.ids.push(value.to_vec()),
                _ => received.others += 1,
            }
        }
        assert!(rest.is_empty() && data.is_none(), "the stream stops inside an event");
        received
    }
}
