//! An issuer in a process of its own.

use std::process::Stdio;

use mcp_tests::http1::Response;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use crate::{
    client::{Connection, Request, expect_status},
    report::Failure,
};

const FORM: &str = "application/x-www-form-urlencoded";

/// A process that issues tokens until this is dropped.
pub(crate) struct Issuer {
    url: String,
    address: String,
    _process: Child,
    /// Its end tells the issuer to end, also when this program is killed.
    _input: ChildStdin,
    /// Read no further, and still open so that the issuer can write.
    _output: BufReader<ChildStdout>,
}

impl Issuer {
    /// Starts a program that says `ready ISSUER ADDRESS` in its first line: its issuer URL, and where plain
    /// HTTP is spoken.
    pub(crate) async fn start(command: &mut Command) -> Result<Self, Failure> {
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = process.stdin.take().ok_or("no standard input")?;
        let mut output = BufReader::new(process.stdout.take().ok_or("no standard output")?);
        let mut line = String::new();
        output.read_line(&mut line).await?;
        let mut words = line.split_whitespace();
        let (Some("ready"), Some(url), Some(address)) = (words.next(), words.next(), words.next()) else {
            return Err(format!("an issuer began with {line:?}").into());
        };
        let (url, address) = (url.to_owned(), address.to_owned());
        Ok(Self { url, address, _process: process, _input: input, _output: output })
    }

    /// The issuer URL: `iss` of its tokens.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Where it speaks plain HTTP.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Posts a form.
    pub(crate) async fn post(
        &self,
        target: &str,
        form: &[(&str, &str)],
        fields: Vec<(&str, String)>,
    ) -> Result<Response, Failure> {
        let body: Vec<String> =
            form.iter().map(|(name, value)| format!("{name}={}", percent_encoded(value))).collect();
        let request = Request { fields, body: Some((FORM, body.join("&"))) };
        Connection::open(&self.address).await?.exchange(target, &request).await
    }

    /// Asks the token endpoint for an access token.
    pub(crate) async fn token(
        &self,
        endpoint: &str,
        form: &[(&str, &str)],
        fields: Vec<(&str, String)>,
    ) -> Result<String, Failure> {
        let response = self.post(endpoint, form, fields).await?;
        if response.head.status != 200 {
            return Err(format!("no token: {}", String::from_utf8_lossy(&response.body)).into());
        }
        let answer: Value = serde_json::from_slice(&response.body)?;
        let token = answer.get("access_token").and_then(Value::as_str).ok_or("an answer without a token")?;
        Ok(token.to_owned())
    }

    /// Controls it in a way that only issuers for tests allow.
    pub(crate) async fn control(&self, what: &str) -> Result<Value, Failure> {
        let response = self.post(&format!("/control/{what}"), &[], Vec::new()).await?;
        expect_status(&response, 200)?;
        Ok(serde_json::from_slice(&response.body)?)
    }
}

/// As RFC 3986 section 2.1 has it; only unreserved characters stay.
fn percent_encoded(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|b| if is_plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
