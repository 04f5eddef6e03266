//! Encoding of server-sent events (HTML Living Standard, section 9.2 "Server-sent events").
//!
//! An event is one `data` line, and on streams that can be resumed an `id` line before it. A payload cannot
//! write lines of its own: its line ends, which JSON allows between tokens, become spaces.

use http::HeaderValue;

/// The media type of a stream of events.
#[must_use]
pub const fn content_type() -> HeaderValue {
    HeaderValue::from_static("text/event-stream")
}

/// Appends an event whose data is `json`, one JSON text (SSE-21).
///
/// In JSON, CR and LF can only be insignificant white space; each becomes a space. U+2028 and
/// U+2029 do not end a line of a stream.
pub fn event(out: &mut Vec<u8>, json: &[u8]) {
    const BEFORE: &[u8] = b"data: ";
    const AFTER: &[u8] = b"\n\n";
    out.reserve(BEFORE.len() + json.len() + AFTER.len());
    out.extend_from_slice(BEFORE);
    let mut rest = json;
    while let Some((line, behind)) =
        memchr::memchr2(b'\r', b'\n', rest).and_then(|end| rest.split_at_checked(end))
    {
        out.extend_from_slice(line);
        out.push(b' ');
        rest = behind.get(1..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out.extend_from_slice(AFTER);
}

/// Appends an event that a client can resume from.
pub(crate) fn identified(out: &mut Vec<u8>, id: &str, json: &[u8]) {
    field(out, "id: ", id);
    event(out, json);
}

/// Appends an event of a kind.
pub(crate) fn named(out: &mut Vec<u8>, kind: &str, data: &[u8]) {
    field(out, "event: ", kind);
    event(out, data);
}

/// Appends an event without data, from which a client can resume, and says how long to wait before that
/// (SSE-05, SSE-06).
pub(crate) fn prime(out: &mut Vec<u8>, id: &str, retry_millis: u32) {
    field(out, "id: ", id);
    field(out, "retry: ", &retry_millis.to_string());
    out.extend_from_slice(b"data: \n\n");
}

/// Says how long to wait before connecting again.
pub(crate) fn retry(out: &mut Vec<u8>, millis: u32) {
    field(out, "retry: ", &millis.to_string());
    out.push(b'\n');
}

/// `value` has no line ends.
fn field(out: &mut Vec<u8>, name: &str, value: &str) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(value.as_bytes());
    out.push(b'\n');
}

/// Appends a comment, which receivers ignore and which keeps a connection alive (SSE-22).
pub fn comment(out: &mut Vec<u8>) {
    out.extend_from_slice(b":\n\n");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a receiver makes of a stream, written from the standard's "interpreting an event
    /// stream".
    #[derive(Debug, Default, PartialEq, Eq)]
    struct Received {
        events: Vec<(String, String)>,
        last_id: Option<String>,
        retry: Option<String>,
        comments: usize,
    }

    fn receive(stream: &[u8]) -> Received {
        let text = String::from_utf8_lossy(stream);
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let mut received = Received::default();
        let (mut data, mut kind) = (String::new(), String::new());
        // A line ends with CRLF, LF or CR; what has no end at the end of the stream is dropped.
        let unified = text.replace("\r\n", "\n").replace('\r', "\n");
        let mut lines: Vec<&str> = unified.split('\n').collect();
        lines.pop();
        for line in lines {
            if line.is_empty() {
                if !data.is_empty() {
                    let text = data.strip_suffix('\n').unwrap_or(&data).to_owned();
                    received.events.push((std::mem::take(&mut kind), text));
                }
                data.clear();
                kind.clear();
                continue;
            }
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "" => received.comments += 1,
                "event" => value.clone_into(&mut kind),
                "data" => {
                    data.push_str(value);
                    data.push('\n');
                }
                "id" if !value.contains('\0') => received.last_id = Some(value.to_owned()),
                "retry" if value.bytes().all(|byte| byte.is_ascii_digit()) => {
                    received.retry = Some(value.to_owned());
                }
                _ => {}
            }
        }
        received
    }

    fn encoded(json: &str) -> Vec<u8> {
        let mut out = Vec::new();
        event(&mut out, json.as_bytes());
        out
    }

    #[test]
    fn the_oracle_knows_what_a_stream_can_say() {
        let received = receive(b"event: a\nid: 7\nretry: 5\ndata: x\r\ndata:y\r\r: c\n\ndata: dropped");
        let expected = Received {
            events: vec![("a".to_owned(), "x\ny".to_owned())],
            last_id: Some("7".to_owned()),
            retry: Some("5".to_owned()),
            comments: 1,
        };
        assert_eq!(received, expected);
    }

    #[test]
    fn an_event_is_one_line_and_an_empty_one() {
        let table = [
            ("{}", "data: {}\n\n"),
            ("{\n\"a\":\r\n1}", "data: { \"a\":  1}\n\n"),
            ("\r{}\n", "data:  {} \n\n"),
            ("\"\u{2028}\u{2029}\u{85}\"", "data: \"\u{2028}\u{2029}\u{85}\"\n\n"),
            ("", "data: \n\n"),
        ];
        for (json, expected) in table {
            assert_eq!(String::from_utf8(encoded(json)).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn events_and_comments_are_appended() {
        let mut out = Vec::new();
        comment(&mut out);
        event(&mut out, b"1");
        comment(&mut out);
        event(&mut out, b"2");
        assert_eq!(out, b":\n\ndata: 1\n\n:\n\ndata: 2\n\n");
        let received = receive(&out);
        assert_eq!(received.events, [(String::new(), "1".to_owned()), (String::new(), "2".to_owned())]);
        assert_eq!(received.comments, 2);
    }

    #[test]
    fn the_media_type_is_that_of_the_standard() {
        assert_eq!(content_type(), "text/event-stream");
    }

    #[test]
    fn a_payload_cannot_speak_for_the_server() {
        for end in ["\n", "\r", "\r\n", "\n\r", "\n\n", "\r\r", "\r\n\r\n"] {
            for line in ["id: 1", "event: x", "retry: 1", "data: y", ": z", "", "data"] {
                let json = format!("{{{end}{line}{end}}}{end}");
                let received = receive(&encoded(&json));
                let expected = Received {
                    events: vec![(String::new(), json.replace(['\r', '\n'], " "))],
                    ..Received::default()
                };
                assert_eq!(received, expected, "{json:?}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_payload_is_received_as_one_event(
            before in proptest::collection::vec("[ -~é]{0,9}", 0..3),
            json in "([\r\n:]|id: |event: |retry: |data: |[ -~é\u{2028}\u{feff}\0]){0,40}",
            after in proptest::collection::vec("[ -~é]{0,9}", 0..3),
        ) {
            let mut out = Vec::new();
            let mut expected = Received::default();
            for payload in before.iter().chain([&json]).chain(&after) {
                event(&mut out, payload.as_bytes());
                comment(&mut out);
                expected.comments += 1;
                expected.events.push((String::new(), payload.replace(['\r', '\n'], " ")));
            }
            prop_assert_eq!(receive(&out), expected);
        }

        #[test]
        fn the_value_survives(value in "[\u{0}-\u{10ffff}]{0,20}", pretty in any::<bool>()) {
            let value = serde_json::json!({ "text": value, "list": [value, 1] });
            let json = if pretty { serde_json::to_vec_pretty(&value) } else { serde_json::to_vec(&value) };
            let mut out = Vec::new();
            event(&mut out, &json.expect("serialises"));
            let received = receive(&out);
            prop_assert_eq!(received.events.len(), 1);
            let back: serde_json::Value = serde_json::from_str(&received.events[0].1).expect("still JSON");
            prop_assert_eq!(back, value);
        }
    }
}
