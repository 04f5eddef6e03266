//! A client of HTTP/1.1 that knows how to call a tool.

use std::fmt::Write as _;

use mcp_tests::http1::Response;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::report::Failure;

/// One connection, which is kept open.
pub(crate) struct Connection {
    stream: TcpStream,
    address: String,
    unread: Vec<u8>,
}

/// What a request says beside its target.
#[derive(Default)]
pub(crate) struct Request<'r> {
    /// Names and values of header fields.
    pub(crate) fields: Vec<(&'r str, String)>,
    /// Its body and the body's media type; `GET` without one, else `POST`.
    pub(crate) body: Option<(&'r str, String)>,
}

impl Connection {
    pub(crate) async fn open(address: &str) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).await?;
        Ok(Self { stream, address: address.to_owned(), unread: Vec::new() })
    }

    pub(crate) async fn exchange(
        &mut self,
        target: &str,
        request: &Request<'_>,
    ) -> Result<Response, Failure> {
        let method = if request.body.is_some() { "POST" } else { "GET" };
        let mut text = format!("{method} {target} HTTP/1.1\r\nHost: {}\r\n", self.address);
        for (name, value) in &request.fields {
            write!(text, "{name}: {value}\r\n")?;
        }
        if let Some((media_type, body)) = &request.body {
            write!(text, "Content-Type: {media_type}\r\nContent-Length: {}\r\n\r\n{body}", body.len())?;
        } else {
            text.push_str("\r\n");
        }
        self.stream.write_all(text.as_bytes()).await?;
        self.answer().await
    }

    async fn answer(&mut self) -> Result<Response, Failure> {
        let mut is_closed = false;
        loop {
            if let Some((response, length)) = Response::read(&self.unread, false, is_closed)? {
                self.unread.drain(..length);
                return Ok(response);
            }
            if is_closed {
                return Err("the connection ended within an answer".into());
            }
            is_closed = self.stream.read_buf(&mut self.unread).await? == 0;
        }
    }

    /// Calls the tool `whoami` with these header fields.
    pub(crate) async fn whoami(&mut self, mut fields: Vec<(&str, String)>) -> Result<Response, Failure> {
        fields.extend([
            ("Accept", "application/json, text/event-stream".to_owned()),
            ("MCP-Protocol-Version", "2026-07-28".to_owned()),
            ("Mcp-Method", "tools/call".to_owned()),
            ("Mcp-Name", "whoami".to_owned()),
        ]);
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let params = json!({"name": "whoami", "arguments": {}, "_meta": meta});
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
        self.exchange("/mcp", &Request { fields, body: Some(("application/json", body.to_string())) }).await
    }
}

/// Calls the tool `whoami` with a bearer token on a connection of its own.
pub(crate) async fn whoami(address: &str, token: &str) -> Result<Response, Failure> {
    Connection::open(address).await?.whoami(vec![bearer(token)]).await
}

/// The credentials of RFC 6750.
pub(crate) fn bearer(token: &str) -> (&'static str, String) {
    ("Authorization", format!("Bearer {token}"))
}

/// Whom the tool `whoami` says it was called by.
///
/// # Errors
/// When it was not called.
pub(crate) fn identity(response: &Response) -> Result<Value, Failure> {
    expect_status(response, 200)?;
    let answer: Value = serde_json::from_slice(&response.body)?;
    let text = answer.pointer("/result/content/0/text").and_then(Value::as_str);
    Ok(serde_json::from_str(text.ok_or("an answer without a text")?)?)
}

/// That an answer has this status; else what it was instead.
pub(crate) fn expect_status(response: &Response, status: u16) -> Result<(), Failure> {
    if response.head.status == status {
        return Ok(());
    }
    let challenge = response.head.field("www-authenticate").unwrap_or("no challenge");
    Err(format!("{} in place of {status} ({challenge})", response.head.status).into())
}

/// That a token was refused as such: 401 with the challenge of this scheme that says so.
pub(crate) fn expect_refused(response: &Response, scheme: &str) -> Result<(), Failure> {
    expect_status(response, 401)?;
    let challenge = response.head.field("www-authenticate").unwrap_or_default();
    let is_told = challenge.starts_with(scheme) && challenge.contains("error=\"invalid_token\"");
    if is_told { Ok(()) } else { Err(format!("401 with the challenge {challenge:?}").into()) }
}

/// That a token could not be judged: 503, when to come again, and no word on the token.
pub(crate) fn expect_unavailable(response: &Response) -> Result<(), Failure> {
    expect_status(response, 503)?;
    match (response.head.field("retry-after"), response.head.field("www-authenticate")) {
        (Some(_), None) => Ok(()),
        (None, _) => Err("503 without Retry-After".into()),
        (Some(_), Some(_)) => Err("503 with a challenge".into()),
    }
}
