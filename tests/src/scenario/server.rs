//! The server that scenarios are played against, on any runtime.

use std::{
    sync::mpsc::{Receiver, Sender, channel},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use mcp_driver::{
    Auth, BearerPolicy, Context, DevIssuer, Interrupt, Limits, LogLevel, Server, Tool, proto::UnixSeconds,
};
use serde_json::{Value, json};

const ISSUER: &str = "https://issuer.example";
const AUDIENCE: &str = "http://127.0.0.1/mcp";

/// What a handler reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sighting {
    /// It has begun.
    Running,
    /// It was dropped.
    Dropped,
}

/// Makes the tokens that scenarios name.
pub struct Tokens {
    issuer: DevIssuer,
    stranger: DevIssuer,
}

/// The server, the tokens it knows, and what its handlers will report.
///
/// # Errors
/// When the operating system has no random bytes, or the server cannot be built.
pub fn server() -> Result<(Server, Tokens, Receiver<Sighting>), Box<dyn std::error::Error>> {
    let tokens = Tokens { issuer: DevIssuer::new(ISSUER)?, stranger: DevIssuer::new(ISSUER)? };
    let (sender, sightings) = channel();
    let policy = BearerPolicy::builder(ISSUER, AUDIENCE).scope("mcp");
    let mut limits = Limits::default();
    limits.body_bytes_max = 4_096;
    let server = Server::builder("scenarios", "1", Auth::bearer(policy, tokens.issuer.keys()))
        .core_limits(limits)
        .allow_origin("https://app.example")
        .tool(echo())
        .tool(count())
        .tool(write())
        .tool(fail())
        .tool(endless(sender))
        .build()?;
    Ok((server, tokens, sightings))
}

impl Tokens {
    /// Replaces `{token}` and `{token:KIND}` by tokens.
    ///
    /// # Errors
    /// When there is no such kind.
    pub fn fill(&self, text: &str) -> Result<String, String> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("{token") {
            let (kind, behind) = behind.split_once('}').ok_or("a placeholder without an end")?;
            filled.push_str(before);
            filled.push_str(&self.token(kind.trim_start_matches(':'))?);
            rest = behind;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    fn token(&self, kind: &str) -> Result<String, String> {
        let now = now();
        let good = |issuer: &DevIssuer| issuer.token(AUDIENCE, now).subject("alice").scope("mcp").sign();
        let token = match kind {
            "" => good(&self.issuer),
            "writer" => self.issuer.token(AUDIENCE, now).subject("alice").scope("mcp mcp:write").sign(),
            "no-scope" => self.issuer.token(AUDIENCE, now).subject("alice").sign(),
            "expired" => {
                let long_ago = UnixSeconds(now.0.saturating_sub(7_200));
                self.issuer.token(AUDIENCE, long_ago).subject("alice").scope("mcp").sign()
            }
            "other-audience" => {
                self.issuer.token("http://127.0.0.1/other", now).subject("alice").scope("mcp").sign()
            }
            "stranger" => good(&self.stranger),
            _ => return Err(format!("no kind of token: {kind}")),
        };
        Ok(token)
    }
}

fn now() -> UnixSeconds {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixSeconds(elapsed.as_secs())
}

fn schema(properties: &Value) -> Value {
    json!({"type": "object", "properties": properties})
}

/// Returns its `text`, which has to be one.
fn echo() -> Tool {
    Tool::new("echo").raw_unchecked(schema(&json!({"text": {"type": "string"}})), async |arguments, _| {
        let text = arguments["text"].as_str().map(str::to_owned);
        text.ok_or_else(|| Interrupt::invalid_arguments("text must be a string"))
    })
}

/// Tells how far it has come, logs, and returns `done`.
fn count() -> Tool {
    Tool::new("count").raw_unchecked(schema(&json!({})), async |_, cx: Context| {
        for number in 1..=3_u8 {
            cx.progress(f64::from(number), Some(3.0)).await;
        }
        cx.log(LogLevel::Debug, "nearly").await;
        cx.log(LogLevel::Info, "counted\r\n\r\ndata: three").await;
        "done"
    })
}

/// Needs the scope `mcp:write`.
fn write() -> Tool {
    Tool::new("write").scope("mcp:write").raw_unchecked(schema(&json!({})), async |_, _| "written")
}

/// Fails with an error whose text is nobody's business.
fn fail() -> Tool {
    Tool::new("fail").raw_unchecked(schema(&json!({})), async |_, _| {
        Err::<(), Interrupt>(std::io::Error::other("the database is at 10.0.0.7").into())
    })
}

/// Tells the client that it runs, if it wants to know, and never ends.
fn endless(sightings: Sender<Sighting>) -> Tool {
    Tool::new("endless").raw_unchecked(schema(&json!({})), move |_, cx: Context| {
        let life = Life(sightings.clone());
        async move {
            // Whether somebody listens is nothing to a handler.
            let _ = life.0.send(Sighting::Running);
            cx.progress(1.0, None).await;
            cx.sleep(Duration::from_secs(3_600)).await;
        }
    })
}

struct Life(Sender<Sighting>);

impl Drop for Life {
    fn drop(&mut self) {
        let _ = self.0.send(Sighting::Dropped);
    }
}
