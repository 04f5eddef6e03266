//! The tools.

use std::time::Duration;

use mcp_driver::{Caller, Context, Json, NoArguments, Principal, Tool, ToolAnnotations, proto::UnixSeconds};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who a caller is.
#[derive(Serialize, JsonSchema)]
struct Identity {
    /// Who says so
    issuer: String,
    /// The person or service
    subject: String,
    /// The software that acts for them
    client: String,
    /// Who acts in their name, where the issuer delegated
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<String>,
    /// What they may do
    scopes: Vec<String>,
    /// The end of that, in seconds since 1970, where there is one
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<u64>,
}

impl Identity {
    /// Whoever calls a server that asks nobody.
    fn unknown() -> Self {
        Self {
            issuer: "nobody".into(),
            subject: "anyone".into(),
            client: "any".into(),
            actor: None,
            scopes: Vec::new(),
            expires: None,
        }
    }
}

impl From<&Principal> for Identity {
    fn from(principal: &Principal) -> Self {
        let UnixSeconds(expires) = principal.expires();
        Self {
            issuer: principal.issuer().into(),
            subject: principal.subject().into(),
            client: principal.client().into(),
            actor: principal.actor().map(Into::into),
            scopes: principal.scopes().iter().map(Into::into).collect(),
            // The last second of all is what those have who never expire.
            expires: (expires != u64::MAX).then_some(expires),
        }
    }
}

pub(crate) fn whoami() -> Tool {
    Tool::new("whoami")
        .title("Who am I?")
        .description("Tells the caller who they are: issuer, subject, client, actor, scopes and expiry")
        .annotations(ToolAnnotations { read_only_hint: Some(true), ..ToolAnnotations::default() })
        .typed(async |_: NoArguments, caller: Option<Caller>| {
            Json(caller.map_or_else(Identity::unknown, |caller| caller.principal().into()))
        })
}

#[derive(Deserialize, JsonSchema)]
struct Echo {
    /// What to send back
    text: String,
}

pub(crate) fn echo() -> Tool {
    Tool::new("echo").description("Sends the text back").typed(async |echo: Echo| echo.text)
}

#[derive(Deserialize, JsonSchema)]
struct Write {
    /// What to write
    text: String,
}

pub(crate) fn write() -> Tool {
    Tool::new("write")
        .description("Pretends to write something; needs the scope mcp:write")
        .scope("mcp:write")
        .typed(async |write: Write| format!("wrote {} bytes", write.text.len()))
}

#[derive(Deserialize, JsonSchema)]
struct Slow {
    /// For how long, in seconds, at most a minute
    seconds: u64,
}

/// Between two messages.
const TICK: Duration = Duration::from_millis(100);

pub(crate) fn slow() -> Tool {
    Tool::new("slow")
        .description("Takes its time and tells how far it has come; stops when it is cancelled")
        .typed(async |slow: Slow, cx: Context| {
            let ticks = slow.seconds.min(60) * 10;
            for tick in 1..=ticks {
                cx.sleep(TICK).await;
                cx.progress(tick as f64, Some(ticks as f64)).await;
            }
            "done"
        })
}
