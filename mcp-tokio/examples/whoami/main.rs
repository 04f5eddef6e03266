//! An OAuth-protected MCP server that tells callers who they are.
//!
//! Without further flags it trusts an issuer of its own, for development, and prints a token of
//! it and a `curl` line that uses it.

#![allow(clippy::print_stdout, reason = "what it prints is what it is for")]

mod flags;
mod tools;

use std::{error::Error, net::SocketAddr, process::ExitCode};

use clap::Parser;
use mcp_tokio::{
    Auth, BearerPolicy, DevIssuer, IssuerPolicy, KeySource, Listener, Server, TokioRuntime, proto::Now,
};

use self::flags::Flags;

/// What everybody who uses the server needs.
const BASELINE: &str = "mcp";

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("whoami: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env();
    let filter = filter.unwrap_or_else(|_| "info,h2=error".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let flags = Flags::parse();
    let (auth, issuer) = auth(&flags)?;
    let server = server(&flags, auth)?;
    let listener = mcp_tokio::bind(server.clone(), flags.listen).await?;
    announce(&flags, &server, issuer.as_ref(), &listener)?;
    listener.run(async { _ = tokio::signal::ctrl_c().await }).await;
    Ok(())
}

/// Who may use the server, and the issuer for development if nobody named another.
fn auth(flags: &Flags) -> Result<(Auth, Option<DevIssuer>), Box<dyn Error>> {
    if flags.no_auth {
        return Ok((Auth::none(), None));
    }
    let (keys, issuer) = match (&flags.jwks_url, &flags.jwk) {
        (Some(url), _) => (KeySource::url(url)?, None),
        (None, Some(file)) => (KeySource::file(file)?, None),
        (None, None) => {
            let issuer = DevIssuer::new(flags.issuer())?;
            (issuer.keys(), Some(issuer))
        }
    };
    let trusted = IssuerPolicy::new(flags.issuer(), flags.audience()).leeway_seconds(flags.leeway);
    let mut policy = BearerPolicy::trusting(trusted).resource_name("whoami");
    for scope in flags.scopes() {
        policy = policy.scope(scope);
    }
    Ok((Auth::bearer(policy, keys).into(), issuer))
}

fn server(flags: &Flags, auth: Auth) -> Result<Server, Box<dyn Error>> {
    let mut limits = mcp_tokio::Limits::default();
    limits.body_bytes_max = flags.max_body;
    let mut server = Server::builder("whoami", env!("CARGO_PKG_VERSION"), auth)
        .path(&flags.path)
        .core_limits(limits)
        .tool(tools::whoami())
        .tool(tools::echo())
        .tool(tools::write())
        .tool(tools::slow());
    for origin in &flags.allow_origin {
        server = server.allow_origin(origin);
    }
    for host in &flags.allow_host {
        server = server.allow_host(host);
    }
    Ok(server.build()?)
}

fn announce(
    flags: &Flags,
    server: &Server,
    issuer: Option<&DevIssuer>,
    listener: &Listener,
) -> Result<(), Box<dyn Error>> {
    let address: SocketAddr = listener.local_addr()?;
    println!("endpoint      http://{address}{}", flags.path);
    println!("{}", server.describe());
    let authorization = match issuer {
        None => String::new(),
        Some(issuer) => {
            println!("\n*** DEVELOPMENT ISSUER: its key was made when this process began and is good for");
            println!("*** trying things out. Name a real one with --issuer and --jwks-url or --jwk.\n");
            let token = token(issuer, flags, &TokioRuntime::new());
            println!("token (one hour, scopes {}):\n{token}\n", granted(flags));
            format!("  -H 'Authorization: Bearer {token}' \\\n")
        }
    };
    if flags.no_auth || issuer.is_some() {
        println!("try it:\n\n{}\n", curl(&format!("http://{address}{}", flags.path), &authorization));
    }
    if issuer.is_some() {
        println!("Without the Authorization line the same shows the challenge; add -i to see it.");
    }
    Ok(())
}

/// What the token of the development issuer may do.
fn granted(flags: &Flags) -> String {
    let mut scopes: Vec<&str> = flags.scopes().collect();
    scopes.push("mcp:write");
    scopes.join(" ")
}

fn token(issuer: &DevIssuer, flags: &Flags, runtime: &impl mcp_tokio::Runtime) -> String {
    let Now { unix, .. } = runtime.now();
    issuer
        .token(flags.audience(), unix)
        .subject("alice")
        .client("whoami-example")
        .scope(granted(flags))
        .sign()
}

fn curl(endpoint: &str, authorization: &str) -> String {
    format!(
        "curl -s {endpoint} \\\n{authorization}  -H 'Content-Type: application/json' \\\n  \
         -H 'Accept: application/json, text/event-stream' \\\n  -H 'MCP-Protocol-Version: 2026-07-28' \\\n  \
         -H 'Mcp-Method: tools/call' \\\n  -H 'Mcp-Name: whoami' \\\n  -d '{{\"jsonrpc\":\"2.0\",\"id\":1,\
         \"method\":\"tools/call\",\"params\":{{\"name\":\"whoami\",\"arguments\":{{}},\"_meta\":{{\
         \"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\",\
         \"io.modelcontextprotocol/clientCapabilities\":{{}}}}}}}}'"
    )
}
