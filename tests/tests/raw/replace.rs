//! Replacing the catalog of a server that is in use.

use std::sync::Arc;

use mcp_driver::Catalog;
use tokio::sync::Notify;

use crate::raw::{
    client::{assert_error, assert_text},
    message::call,
    served::{Served, tool},
    witness::witness,
};

#[tokio::test]
async fn the_next_request_sees_the_new_catalog_and_a_running_call_keeps_the_old_one() {
    let go_on = Arc::new(Notify::new());
    let (witness, mut sightings) = witness();
    let old = {
        let go_on = Arc::clone(&go_on);
        tool("version", move |_, _| {
            let (go_on, witness) = (Arc::clone(&go_on), witness.clone());
            async move {
                let _life = witness.begin();
                go_on.notified().await;
                "old"
            }
        })
    };
    let served = Served::start(|server| server.tool(old)).await;
    let request = call("version").token(&served.token("alice"));
    let mut running = served.connect().await;
    let mut kept = served.connect().await;
    let absent = kept.exchange(call("added").token(&served.token("alice")).bytes()).await;
    assert_error(&absent, 200, -32602, Some(1.into()));
    running.send(request.bytes()).await;
    sightings.begun().await;

    // The number that `version` had is that of another tool now.
    let catalog = Catalog::new()
        .tool(tool("added", async |_, _| "added"))
        .tool(tool("another", async |_, _| "another"))
        .tool(tool("version", async |_, _| "new"));
    served.server.replace(catalog).expect("a catalog");

    assert_text(&kept.exchange(request.bytes()).await, 1, "new");
    let added = kept.exchange(call("added").token(&served.token("alice")).bytes()).await;
    assert_text(&added, 1, "added");
    go_on.notify_one();
    assert_text(&running.response().await, 1, "old");
    assert_text(&running.exchange(request.bytes()).await, 1, "new");
    let gone = kept.exchange(call("echo").token(&served.token("alice")).bytes()).await;
    assert_error(&gone, 200, -32602, Some(1.into()));
}

#[tokio::test]
async fn a_catalog_that_cannot_be_served_changes_nothing() {
    let served = Served::start(|server| server).await;
    let twice = Catalog::new().tool(tool("same", async |_, _| "a")).tool(tool("same", async |_, _| "b"));
    assert!(served.server.replace(twice).is_err());
    let request = crate::raw::message::echo("still").token(&served.token("alice"));
    assert_text(&served.connect().await.exchange(request.bytes()).await, 1, "still");
}
