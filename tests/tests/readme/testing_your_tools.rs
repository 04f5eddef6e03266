use mcp_tokio::{Auth, Caller, Identity, KeySource, NoArguments, Server, ServerBuilder, ServerError, Tool};
use serde_json::json;

/// What `main` builds and serves.
fn server() -> ServerBuilder {
    let auth = Auth::jwt("https://auth.example.com", "https://mcp.example.com/mcp", KeySource::discovery());
    Server::builder("greeter", "1.0.0", auth).tool(Tool::new("greet").scope("greet").typed(greet))
}

async fn greet(_: NoArguments, caller: Caller) -> String {
    format!("Hello, {}!", caller.principal().subject())
}

#[tokio::test]
async fn only_those_who_may_greet_are_greeted() -> Result<(), ServerError> {
    let kit = mcp_tokio::test_kit(server())?;
    let alice = kit.caller(Identity::new("alice").scope("greet"));
    assert_eq!(alice.call_tool("greet", json!({})).await.text(), "Hello, alice!");
    let refused = kit.caller(Identity::new("bob")).call_tool("greet", json!({})).await;
    assert_eq!(refused.status(), 403);
    assert_eq!(refused.challenged_scopes(), ["greet"]);
    Ok(())
}
