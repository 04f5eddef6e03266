//! The tools.

use std::time::Duration;

use mcp_tokio::{Caller, Context, Json, NoArguments, Tool, ToolAnnotations};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who a caller is.
#[derive(Serialize, JsonSchema)]
struct Identity {
    /// The person or service
    subject: String,
    /// The OAuth client that acts for them
    client: String,
    /// Who says so
    issuer: String,
    /// What they may do
    scopes: Vec<String>,
}

pub(crate) fn whoami() -> Tool {
    Tool::new("whoami")
        .title("Who am I?")
        .description("Tells the caller who they are: subject, client, issuer and scopes")
        .annotations(ToolAnnotations { read_only_hint: Some(true), ..ToolAnnotations::default() })
        .typed(async |_: NoArguments, caller: Option<Caller>| match caller {
            None => Json(Identity {
                subject: "anyone".into(),
                client: "any".into(),
                issuer: "nobody".into(),
                scopes: Vec::new(),
            }),
            Some(caller) => {
                let principal = caller.principal();
                Json(Identity {
                    subject: principal.subject().into(),
                    client: principal.client().into(),
                    issuer: principal.issuer().into(),
                    scopes: principal.scopes().iter().map(Into::into).collect(),
                })
            }
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
