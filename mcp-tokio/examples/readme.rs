//! Adds numbers, for callers who may.

use mcp_tokio::{Auth, BearerPolicy, Caller, KeySource, Server, Tool};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema)]
struct Add {
    a: f64,
    b: f64,
}

async fn add(numbers: Add, caller: Caller) -> String {
    format!("{}, for {}", numbers.a + numbers.b, caller.principal().subject())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let keys = KeySource::file("jwks.json")?;
    let policy = BearerPolicy::builder("https://auth.example.com", "http://127.0.0.1:3000/mcp");
    let server = Server::builder("adder", "1.0.0", Auth::bearer(policy, keys))
        .tool(Tool::new("add").description("Adds two numbers").scope("math:add").typed(add))
        .build()?;
    mcp_tokio::serve(server, "127.0.0.1:3000").await?;
    Ok(())
}
