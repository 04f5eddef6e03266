//! A request as a file spells it: choices, a request line, header fields, an empty line, the body.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use mcp_proto::{Head, head::Framing, head::ScannedFields, head::Target};

use crate::lines;

/// What a line of choices says, counted from `0`; what is not there is the first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Choices<'i>(&'i [u8]);

impl Choices<'_> {
    fn at(self, place: usize) -> usize {
        self.0.get(place).map_or(0, |byte| byte.wrapping_sub(b'0').into())
    }

    /// How callers are recognised, and in which mode the server is.
    pub(super) fn server(self) -> (usize, usize) {
        (self.at(0), self.at(1))
    }

    /// What the verifier finds out.
    pub(super) fn facts(self) -> usize {
        self.at(2)
    }

    pub(super) fn framing(self) -> Framing {
        if self.at(3) == 1 { Framing::Ambiguous } else { Framing::Clear }
    }

    /// Whether the server is ready, and whether it has room for a session.
    pub(super) fn is_ready(self) -> bool {
        self.at(4) & 1 == 0
    }

    pub(super) fn has_room(self) -> bool {
        self.at(4) & 2 == 0
    }

    /// What reading the body comes to.
    pub(super) fn body(self) -> usize {
        self.at(5)
    }

    /// What the handlers come to, and what they tell before.
    pub(super) fn outcome(self) -> usize {
        self.at(6)
    }

    pub(super) fn notice(self) -> usize {
        self.at(7)
    }

    /// The revision of the session that there is.
    pub(super) fn session(self) -> usize {
        self.at(8)
    }
}

/// A request.
#[derive(Debug, Clone)]
pub(super) struct Sent<'i> {
    pub(super) choices: Choices<'i>,
    request: Request<()>,
    pub(super) body: &'i [u8],
}

impl<'i> Sent<'i> {
    /// Reads a request; nothing where an HTTP library would not have let it through.
    pub(super) fn read(input: &'i [u8]) -> Option<Self> {
        let (choices, rest) = lines::line(input);
        let (line, mut rest) = lines::text(rest);
        let (method, target) = line?.split_once(' ')?;
        let uri: Uri = target.parse().ok()?;
        let mut request = Request::new(());
        *request.method_mut() = Method::from_bytes(method.as_bytes()).ok()?;
        *request.uri_mut() = uri;
        loop {
            let (field, behind) = lines::line(rest);
            rest = behind;
            if field.is_empty() {
                break;
            }
            let colon = field.iter().position(|byte| *byte == b':')?;
            let name = HeaderName::from_bytes(&field[..colon]).ok()?;
            let value = field[colon + 1..].trim_ascii_start();
            request.headers_mut().append(name, HeaderValue::from_bytes(value).ok()?);
        }
        Some(Self { choices: Choices(choices), request, body: rest })
    }

    pub(super) fn method(&self) -> &Method {
        self.request.method()
    }

    pub(super) fn path(&self) -> &str {
        self.request.uri().path()
    }

    pub(super) fn fields(&self) -> &HeaderMap {
        self.request.headers()
    }

    pub(super) fn head(&self, target: Target) -> Head<'_, ScannedFields<'_>> {
        Head { framing: self.choices.framing(), ..Head::new(&self.request, target) }
    }

    /// The only value of a field.
    pub(super) fn only(&self, name: &str) -> Option<&HeaderValue> {
        let mut values = self.fields().get_all(name).iter();
        values.next().filter(|_| values.next().is_none())
    }

    /// The same request with other credentials of the same kind: each letter and digit behind the scheme is another
    /// one.
    pub(super) fn with_other_credentials(&self) -> Self {
        let mut other = self.clone();
        for (name, value) in other.request.headers_mut() {
            let is_authorization = name == "authorization";
            if !is_authorization && name != "dpop" {
                continue;
            }
            let mut bytes = value.as_bytes().to_vec();
            let scheme = bytes.iter().position(|byte| *byte == b' ').unwrap_or(bytes.len());
            let secret = bytes.get_mut(if is_authorization { scheme } else { 0 }..).unwrap_or_default();
            secret.iter_mut().for_each(|byte| *byte = successor(*byte));
            *value = HeaderValue::from_bytes(&bytes).expect("as visible as before");
        }
        other
    }
}

/// The next letter or digit, of the same kind.
const fn successor(byte: u8) -> u8 {
    match byte {
        b'z' => b'a',
        b'Z' => b'A',
        b'9' => b'0',
        b'a'..=b'y' | b'A'..=b'Y' | b'0'..=b'8' => byte + 1,
        _ => byte,
    }
}
