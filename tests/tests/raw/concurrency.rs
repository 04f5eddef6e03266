//! Many calls at once.

use std::sync::Arc;

use mcp_driver::ServerBuilder;
use tokio::sync::Barrier;

use crate::raw::{
    client::assert_text,
    message::call,
    served::{Served, limits, tool},
};

const CALLS: usize = 400;

/// With a tool that answers once as many calls of it run as there are callers.
fn with_meeting(server: ServerBuilder) -> ServerBuilder {
    let barrier = Arc::new(Barrier::new(CALLS));
    let meet = tool("meet", move |arguments, cx| {
        let barrier = Arc::clone(&barrier);
        async move {
            barrier.wait().await;
            format!("{} for {}", arguments["text"], cx.principal().expect("a caller").subject())
        }
    });
    server.tool(meet).limits(limits(|limits| limits.calls_per_principal = CALLS))
}

#[tokio::test]
async fn four_hundred_calls_at_once_each_get_their_own_answer() {
    let served = Served::start(with_meeting).await;
    let tokens: Vec<_> = (0..7).map(|number| served.token(&format!("caller-{number}"))).collect();
    let mut clients = Vec::new();
    for number in 0..CALLS {
        let mut client = served.connect().await;
        // Every id is in use many times over, by different callers.
        let request = call("meet").arguments(serde_json::json!({"text": number})).id(number % 3);
        client.send(request.token(&tokens[number % tokens.len()]).bytes()).await;
        clients.push(client);
    }
    for (number, mut client) in clients.into_iter().enumerate() {
        let text = format!("{number} for caller-{}", number % tokens.len());
        assert_text(&client.response().await, number % 3, &text);
    }
}
