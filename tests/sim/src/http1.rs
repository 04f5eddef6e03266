//! A reader of HTTP/1.1 answers that shares no code with the server: RFC 9112, as strict as a test
//! wants its server to be.

/// The status line and the header fields, in the order and the spelling they were sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// `HTTP/1.1` or `HTTP/1.0`
    pub version: String,
    /// The status code.
    pub status: u16,
    /// The rest of the status line.
    pub reason: String,
    /// Names and values.
    pub fields: Vec<(String, String)>,
}

/// A whole answer. The body is without its framing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Everything before the body.
    pub head: Head,
    /// The body.
    pub body: Vec<u8>,
}

/// How the body of an answer ends (RFC 9112 section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// After so many bytes.
    Length(usize),
    /// With an empty chunk.
    Chunked,
    /// With the connection.
    ToClose,
}

/// What an answer has that none may have.
pub type Malformed = String;

impl Head {
    /// Reads a head from the start of `bytes`, and how long it is; `None` when it is not all there.
    ///
    /// # Errors
    /// When it is no head of an answer.
    pub fn read(bytes: &[u8]) -> Result<Option<(Self, usize)>, Malformed> {
        const END: &[u8] = b"\r\n\r\n";
        let Some(end) = bytes.windows(END.len()).position(|window| window == END) else {
            return Ok(None);
        };
        let (text, _) = bytes.split_at(end);
        let text = std::str::from_utf8(text).map_err(|_| "a head is not ASCII".to_owned())?;
        let mut lines = text.split("\r\n");
        let status_line = lines.next().unwrap_or_default();
        let malformed = || format!("status line {status_line:?}");
        let (version, rest) = status_line.split_once(' ').ok_or_else(malformed)?;
        let (status, reason) = rest.split_once(' ').ok_or_else(malformed)?;
        if !matches!(version, "HTTP/1.1" | "HTTP/1.0") || status.len() != 3 {
            return Err(malformed());
        }
        let status = status.parse().map_err(|_| malformed())?;
        let fields = lines.map(read_field).collect::<Result<_, _>>()?;
        let head = Self { version: version.to_owned(), status, reason: reason.to_owned(), fields };
        Ok(Some((head, end.saturating_add(END.len()))))
    }

    /// The value of a field that is sent at most once; `None` without it.
    ///
    /// # Panics
    /// When it was sent twice.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut values = self.fields.iter().filter(|(field, _)| field.eq_ignore_ascii_case(name));
        let value = values.next().map(|(_, value)| value.as_str());
        assert_eq!(values.next(), None, "{name} was sent twice");
        value
    }

    /// How the body ends. A body that says so in two ways is malformed, as is none at all on a
    /// connection that goes on.
    ///
    /// # Errors
    /// When the fields contradict one another.
    pub fn framing(&self, is_answer_to_head: bool) -> Result<Framing, Malformed> {
        let is_bodiless = is_answer_to_head || self.status < 200 || matches!(self.status, 204 | 304);
        match (self.field("content-length"), self.field("transfer-encoding")) {
            (Some(_), Some(_)) => Err("two lengths".to_owned()),
            _ if is_bodiless => Ok(Framing::Length(0)),
            (Some(length), None) => {
                length.parse().map(Framing::Length).map_err(|_| format!("Content-Length: {length}"))
            }
            (None, Some("chunked")) => Ok(Framing::Chunked),
            (None, Some(other)) => Err(format!("Transfer-Encoding: {other}")),
            (None, None) => Ok(Framing::ToClose),
        }
    }
}

fn read_field(line: &str) -> Result<(String, String), Malformed> {
    let (name, value) = line.split_once(": ").ok_or_else(|| format!("field line {line:?}"))?;
    let is_sound = !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if is_sound { Ok((name.to_owned(), value.to_owned())) } else { Err(format!("field line {line:?}")) }
}

impl Response {
    /// Reads an answer from the start of `bytes`, and how long it is; `None` when it is not all
    /// there. `is_closed`: nothing will follow the bytes.
    ///
    /// # Errors
    /// When it is no answer.
    pub fn read(
        bytes: &[u8],
        is_answer_to_head: bool,
        is_closed: bool,
    ) -> Result<Option<(Self, usize)>, Malformed> {
        let Some((head, begin)) = Head::read(bytes)? else { return Ok(None) };
        let (_, rest) = bytes.split_at(begin);
        let read = match head.framing(is_answer_to_head)? {
            Framing::Length(length) => rest.get(..length).map(|body| (body.to_vec(), length)),
            Framing::ToClose => is_closed.then(|| (rest.to_vec(), rest.len())),
            Framing::Chunked => read_chunks(rest)?,
        };
        Ok(read.map(|(body, length)| (Self { head, body }, begin.saturating_add(length))))
    }
}

/// All chunks up to the empty one, and how many bytes they took; `None` when it is not there.
fn read_chunks(bytes: &[u8]) -> Result<Option<(Vec<u8>, usize)>, Malformed> {
    let mut body = Vec::new();
    let mut taken = 0_usize;
    loop {
        let Some((chunk, length)) = read_chunk(bytes.get(taken..).unwrap_or_default())? else {
            return Ok(None);
        };
        taken = taken.saturating_add(length);
        if chunk.is_empty() {
            return Ok(Some((body, taken)));
        }
        body.extend_from_slice(chunk);
    }
}

/// One chunk without its framing, and how many bytes it took; `None` when it is not all there.
///
/// # Errors
/// When it is no chunk. Extensions and trailers are none.
pub fn read_chunk(bytes: &[u8]) -> Result<Option<(&[u8], usize)>, Malformed> {
    let Some(end) = bytes.windows(2).position(|window| window == b"\r\n") else { return Ok(None) };
    let (size, rest) = bytes.split_at(end);
    let malformed = || format!("chunk size {:?}", String::from_utf8_lossy(size));
    let length = std::str::from_utf8(size).ok().and_then(|size| usize::from_str_radix(size, 16).ok());
    let length = length.ok_or_else(malformed)?;
    let Some((chunk, rest)) = rest.get(2..).and_then(|rest| rest.split_at_checked(length)) else {
        return Ok(None);
    };
    match rest.get(..2) {
        None => Ok(None),
        Some(b"\r\n") => Ok(Some((chunk, end.saturating_add(length).saturating_add(4)))),
        Some(_) => Err("a chunk without an end".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHUNKED: &[u8] =
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\nHTTP";

    #[test]
    fn an_answer_is_read_when_it_is_all_there() {
        let whole = CHUNKED.len() - 4;
        for end in 0..whole {
            assert_eq!(Response::read(&CHUNKED[..end], false, false), Ok(None), "{end}");
        }
        let (response, length) = Response::read(CHUNKED, false, false).unwrap().unwrap();
        assert_eq!((response.body.as_slice(), length), (&b"abc0123456789"[..], whole));
        assert_eq!(response.head.field("Transfer-Encoding"), Some("chunked"));
    }

    #[test]
    fn a_body_ends_where_its_head_says() {
        for (bytes, is_answer_to_head, is_closed, body) in [
            (&b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nabc"[..], false, false, Some(&b"ab"[..])),
            (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\na", false, true, None),
            (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n", true, false, Some(b"")),
            (b"HTTP/1.1 204 No Content\r\nallow: POST\r\n\r\nHTTP", false, false, Some(b"")),
            (b"HTTP/1.1 100 Continue\r\nx: y\r\n\r\nHTTP", false, false, Some(b"")),
            (b"HTTP/1.0 200 OK\r\nx: y\r\n\r\nab", false, false, None),
            (b"HTTP/1.0 200 OK\r\nx: y\r\n\r\nab", false, true, Some(b"ab")),
        ] {
            let read = Response::read(bytes, is_answer_to_head, is_closed).unwrap();
            let read = read.map(|(response, _)| response.body);
            assert_eq!(read.as_deref(), body, "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn what_no_server_may_send_is_malformed() {
        for bytes in [
            &b"HTTP/1.1 200\r\nx: y\r\n\r\n"[..],
            b"HTTP/2 200 OK\r\nx: y\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nx:y\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nx : y\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nx: \x01\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nx\r\n",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nabc",
        ] {
            assert!(Response::read(bytes, false, false).is_err(), "{}", String::from_utf8_lossy(bytes));
        }
    }
}
