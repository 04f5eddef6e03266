//! What a client makes of an event stream, after the standard: WHATWG HTML, "Server-sent events",
//! "Interpreting an event stream".

/// One block of a stream: what stood between two empty lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) event: Option<String>,
    pub(crate) id: Option<String>,
    pub(crate) retry: Option<u64>,
    /// The lines of data, joined; `None` where there was no such field.
    pub(crate) data: Option<String>,
    pub(crate) comments: usize,
}

/// Every block of `bytes`.
///
/// # Errors
/// When the stream stops inside a block, or has a field that receivers ignore: a server that writes
/// such a thing has lost its place.
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<Frame>, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    let unified = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut frames = Vec::new();
    let mut frame = Frame::default();
    let mut rest = unified.as_str();
    while let Some((line, behind)) = rest.split_once('\n') {
        rest = behind;
        if line.is_empty() {
            if frame == Frame::default() {
                return Err("a block that says nothing".into());
            }
            frames.push(std::mem::take(&mut frame));
        } else {
            field(&mut frame, line)?;
        }
    }
    if rest.is_empty() && frame == Frame::default() {
        Ok(frames)
    } else {
        Err(format!("the stream stops inside a block: {rest:?} {frame:?}"))
    }
}

fn field(frame: &mut Frame, line: &str) -> Result<(), String> {
    let (name, value) = line.split_once(':').unwrap_or((line, ""));
    let value = value.strip_prefix(' ').unwrap_or(value);
    match name {
        "" => frame.comments += 1,
        "event" => frame.event = Some(value.into()),
        "id" if !value.contains('\0') => frame.id = Some(value.into()),
        "retry" => frame.retry = Some(value.parse().map_err(|_| format!("retry {value:?}"))?),
        "data" => match &mut frame.data {
            Some(data) => {
                data.push('\n');
                data.push_str(value);
            }
            None => frame.data = Some(value.into()),
        },
        _ => return Err(format!("the field {line:?}")),
    }
    Ok(())
}

#[test]
fn a_stream_is_read_as_the_standard_says() {
    let read = |text: &str| read(text.as_bytes()).expect("whole blocks");
    let frames = read(": ping\n\nid: 1-2\nretry: 10\ndata\n\nevent:message\r\ndata: a\r\ndata:  b\r\n\r\n");
    let expected = [
        Frame { comments: 1, ..Frame::default() },
        Frame { id: Some("1-2".into()), retry: Some(10), data: Some(String::new()), ..Frame::default() },
        Frame { event: Some("message".into()), data: Some("a\n b".into()), ..Frame::default() },
    ];
    assert_eq!(frames, expected);
    assert!(read("").is_empty());
}

#[test]
fn a_stream_that_has_lost_its_place_is_not_read() {
    for text in ["data: 1\n", "data: 1", "dat: 1\n\n", "retry: x\n\n", "\n", "data: 1\n\n\n"] {
        assert!(read(text.as_bytes()).is_err(), "{text:?}");
    }
}
