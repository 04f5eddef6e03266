//! An axum application of its own with an MCP server inside, whose callers bring tokens of a development
//! issuer. Prints a token and a `curl` line that uses it.

#![allow(clippy::print_stdout, reason = "what it prints is its interface")]

use std::error::Error;

use axum::{Router, routing::get};
use mcp_tokio::{
    Auth, BearerPolicy, Caller, DevIssuer, NoArguments, Runtime as _, Server, TokioRuntime, Tool,
};
use tokio::net::TcpListener;

const ISSUER: &str = "https://issuer.invalid";

async fn whoami(_: NoArguments, caller: Caller) -> String {
    caller.principal().subject().to_owned()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    let address = listener.local_addr()?;
    // What tokens are for is the URL that clients use, with everything that routers take off its path.
    let url = format!("http://{address}/api/mcp");

    let issuer = DevIssuer::new(ISSUER)?;
    let policy = BearerPolicy::builder(ISSUER, &url).scope("mcp");
    let server = Server::builder("mounted", "1.0.0", Auth::bearer(policy, issuer.keys()))
        .tool(Tool::new("whoami").description("Names the caller").typed(whoami))
        .build()?;

    let mcp = mcp_tokio::mount(server)?;
    let api = Router::new()
        .route("/hello", get(async || "hello from the application\n"))
        .route_service("/mcp", mcp.endpoint());
    let mut app = Router::new().nest("/api", api);
    // Clients look for the metadata at the host's root, wherever the endpoint is.
    for path in mcp.server().metadata_paths() {
        println!("metadata  http://{address}{path}");
        app = app.route_service(&path, mcp.metadata());
    }

    let token = issuer.token(&url, TokioRuntime::new().now().unix).subject("alice").scope("mcp").sign();
    println!(
        "route     http://{address}/api/hello\nMCP       {url}\n\ntry it (the token is good for an hour):\n"
    );
    println!(
        "curl -s {url} \\\n  -H 'Authorization: Bearer {token}' \\\n  -H 'Content-Type: application/json' \\\n  \
         -H 'Accept: application/json, text/event-stream' \\\n  -H 'MCP-Protocol-Version: 2026-07-28' \\\n  \
         -H 'Mcp-Method: tools/call' \\\n  -H 'Mcp-Name: whoami' \\\n  -d '{{\"jsonrpc\":\"2.0\",\"id\":1,\
         \"method\":\"tools/call\",\"params\":{{\"name\":\"whoami\",\"arguments\":{{}},\"_meta\":{{\
         \"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\",\
         \"io.modelcontextprotocol/clientCapabilities\":{{}}}}}}}}'\n"
    );
    println!("Without the Authorization line the same shows the challenge; add -i to see it.");
    axum::serve(listener, app).await?;
    Ok(())
}
