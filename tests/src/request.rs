//! Requests as the bytes that go over a connection.

/// A request in the making.
#[derive(Debug, Clone)]
pub struct Request {
    line: String,
    fields: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    /// What this method sends to this target of a host on loopback, without a body.
    #[must_use]
    pub fn bare(verb: &str, target: &str) -> Self {
        let request = Self { line: format!("{verb} {target}"), fields: Vec::new(), body: Vec::new() };
        request.field("Host", "127.0.0.1")
    }

    /// With this body in place of the one that it has.
    #[must_use]
    pub fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().to_vec();
        self
    }

    /// With one more field.
    #[must_use]
    pub fn field(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without this field.
    ///
    /// # Panics
    /// When it was not there.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        let fields = self.fields.len();
        self.fields.retain(|(field, _)| field != name);
        assert_ne!(self.fields.len(), fields, "{name} was not there");
        self
    }

    /// With another value in place of the one that the field has.
    ///
    /// # Panics
    /// When the field was not there.
    #[must_use]
    pub fn with(self, name: &str, value: &str) -> Self {
        self.without(name).field(name, value)
    }

    /// With a bearer token.
    #[must_use]
    pub fn token(self, token: &str) -> Self {
        self.field("Authorization", &format!("Bearer {token}"))
    }

    /// The request.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let length = match self.body.len() {
            0 => String::new(),
            length => format!("Content-Length: {length}\r\n"),
        };
        [self.head(&length).as_bytes(), &self.body].concat()
    }

    /// The same with its body in chunks of this length.
    #[must_use]
    pub fn chunked(&self, chunk_bytes: usize) -> Vec<u8> {
        let mut bytes = self.head("Transfer-Encoding: chunked\r\n").into_bytes();
        for chunk in self.body.chunks(chunk_bytes) {
            bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            bytes.extend_from_slice(chunk);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"0\r\n\r\n");
        bytes
    }

    /// Everything before the body.
    #[must_use]
    pub fn head(&self, framing: &str) -> String {
        let fields: String = self.fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        format!("{} HTTP/1.1\r\n{fields}{framing}\r\n", self.line)
    }

    /// Whether its answer has no body whatever its fields say.
    #[must_use]
    pub fn is_head(&self) -> bool {
        self.line.starts_with("HEAD ")
    }
}
