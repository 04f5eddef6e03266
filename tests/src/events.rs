//! A receiver of server-sent events that shares no code with the server: "Interpreting an event
//! stream" of the HTML Living Standard, section 9.2.6.

/// What a receiver makes of a stream.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// Type (`message` when the stream says none) and data of each event that was dispatched.
    pub events: Vec<(String, String)>,
    /// Lines that begin with a colon.
    pub comments: usize,
    /// The last `id`, and the last `retry`, if there were any.
    pub last_id: Option<String>,
    /// See [`Received::last_id`].
    pub retry: Option<String>,
}

impl Received {
    /// Reads a stream. What has no end at the end of the stream is dropped, as the standard says.
    #[must_use]
    pub fn read(stream: &[u8]) -> Self {
        let text = String::from_utf8_lossy(stream);
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let mut received = Self::default();
        let (mut kind, mut data) = (String::new(), Vec::new());
        let unified = text.replace("\r\n", "\n").replace('\r', "\n");
        let mut lines: Vec<&str> = unified.split('\n').collect();
        lines.pop();
        for line in lines {
            if line.is_empty() {
                received.dispatch(std::mem::take(&mut kind), &std::mem::take(&mut data));
                continue;
            }
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "" => received.comments = received.comments.saturating_add(1),
                "event" => value.clone_into(&mut kind),
                "data" => data.push(value),
                "id" if !value.contains('\0') => received.last_id = Some(value.to_owned()),
                "retry" if value.bytes().all(|byte| byte.is_ascii_digit()) => {
                    received.retry = Some(value.to_owned());
                }
                _ => {}
            }
        }
        received
    }

    fn dispatch(&mut self, kind: String, data: &[&str]) {
        if !data.is_empty() {
            let kind = if kind.is_empty() { "message".to_owned() } else { kind };
            self.events.push((kind, data.join("\n")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_read_as_the_standard_says() {
        let received = Received::read(
            b"\xef\xbb\xbf: c\n\ndata: a\rdata:b\r\n\r\nevent: x\nid: 7\nretry: 9\nfoo: y\ndata\n\n\
              event: dropped\n\ndata: unfinished",
        );
        let expected = Received {
            events: vec![("message".into(), "a\nb".into()), ("x".into(), String::new())],
            comments: 1,
            last_id: Some("7".into()),
            retry: Some("9".into()),
        };
        assert_eq!(received, expected);
    }
}
