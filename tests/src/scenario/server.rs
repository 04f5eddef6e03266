//! The server that scenarios are played against, on any runtime.

use std::{
    error::Error,
    sync::mpsc::{Sender, channel},
    time::Duration,
};

use mcp_driver::{
    Auth, BearerPolicy, Catalog, Completion, CompletionInput, CompletionValues, Content, Context, Interrupt,
    KeySource, LogLevel, Prompt, PromptArguments, PromptMessage, ReadRequest, Resource, ResourceContents,
    ResourceTemplate, Server, Tool,
};
use serde_json::{Value, json};

use super::{
    Backstage, Puppets, Settings, Sighting, Tokens, Trust,
    puppet::{Life, puppet},
    tokens::{AUDIENCE, ISSUER, api_keys, callback},
};

/// A server of these settings, and what a player needs beside its connections.
///
/// # Errors
/// When the operating system has no random bytes, or the server cannot be built.
pub fn server(settings: &Settings) -> Result<(Server, Backstage), Box<dyn Error>> {
    let tokens = Tokens::new()?;
    let (sender, sightings) = channel();
    let puppets = Puppets::default();
    let auth = auth(settings.trust, &tokens)?;
    let mut builder = Server::builder("scenarios", "1", auth)
        .mode(settings.mode)
        .sessions(settings.sessions.clone())
        .core_limits(settings.limits.clone())
        .core_timeouts(settings.timeouts.clone())
        .limits(settings.server_limits.clone())
        .connection_timeouts(settings.connections.clone())
        .catalog(catalog(settings, &puppets, sender)?);
    builder = if settings.serves_any_origin {
        builder.allow_any_origin()
    } else {
        builder.allow_origin("https://app.example")
    };
    if settings.lists_by_scope {
        builder = builder.list_by_scope();
    }
    let server = builder.build()?;
    Ok((server.clone(), Backstage { server, tokens, sightings, puppets }))
}

/// A port on which nobody listens.
const NOBODY: &str = "http://127.0.0.1:1/keys";

fn auth(trust: Trust, tokens: &Tokens) -> Result<Auth, Box<dyn Error>> {
    let policy = || BearerPolicy::builder(ISSUER, AUDIENCE).scope("mcp");
    Ok(match trust {
        Trust::Tokens => Auth::bearer(policy(), tokens.keys()).into(),
        Trust::TokensWithoutKeys => Auth::bearer(policy(), KeySource::url(NOBODY)?).into(),
        Trust::Callback => Auth::verifier(callback),
        Trust::ApiKeys => Auth::api_keys(api_keys()?),
        Trust::Nobody => Auth::none(),
    })
}

fn catalog(
    settings: &Settings,
    puppets: &Puppets,
    sightings: Sender<Sighting>,
) -> Result<Catalog, Box<dyn Error>> {
    let mut catalog = Catalog::new()
        .tool(echo())
        .tool(count())
        .tool(fail())
        .tool(puppet("puppet", puppets.clone(), sightings.clone()))
        .tool(endless(sightings));
    // Where nobody is known, nobody has scopes.
    if settings.trust != Trust::Nobody {
        catalog = catalog.tool(write());
    }
    if settings.is_full {
        catalog = catalog
            .tool(deploy()?)
            .prompt(Prompt::new("greet").required("name", "Whom").optional("how", "How").handler(greet))
            .completion(Completion::of_prompt("greet", complete))
            .resource(Resource::new("note://1", "one").handler(read))
            .template(ResourceTemplate::new("note://of/{day}", "of a day").handler(read));
    }
    Ok(catalog)
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

/// Its `region` is mirrored in a header, and has to be one of two.
fn deploy() -> Result<Tool, Box<dyn Error>> {
    let region = json!({"type": "string", "enum": ["eu", "us"], "x-mcp-header": "Region"});
    let tool = Tool::new("deploy").raw(schema(&json!({"region": region})), async |_, _| "deployed")?;
    Ok(tool)
}

async fn read(request: ReadRequest) -> Result<ResourceContents, Interrupt> {
    Ok(ResourceContents::text(request.uri, "a note"))
}

async fn greet(_: PromptArguments, _: Context) -> Result<PromptMessage, Interrupt> {
    Ok(PromptMessage::user(Content::text("hello")))
}

async fn complete(_: CompletionInput, _: Context) -> Result<CompletionValues, Interrupt> {
    Ok(["warmly".to_owned()].into_iter().collect())
}

/// Tells the client that it runs, if it wants to know, and never ends.
fn endless(sightings: Sender<Sighting>) -> Tool {
    Tool::new("endless").raw_unchecked(schema(&json!({})), move |_, cx: Context| {
        let life = Life::new("endless".to_owned(), sightings.clone());
        async move {
            life.begin();
            cx.progress(1.0, None).await;
            cx.sleep(Duration::from_secs(3_600)).await;
        }
    })
}
