//! Clients that cannot be asked, and what a handler is told then.

use mcp_tests::socket::Socket;
use mcp_tokio::{Context, ListRoots};
use serde_json::{Value, json};

use super::{KINDS, Kind, everything};
use crate::{
    client::{NEWEST, REVISIONS, Session, post, puppet, said_by_tool},
    modern::{REVISION, envelope},
    served::{Served, said},
    tokens::ALICE,
};

#[tokio::test]
async fn a_client_is_only_asked_what_it_declared_and_its_revision_has() {
    let served = Served::start().await;
    let only = |declared: &str| match declared {
        "elicitation" => json!({"elicitation": {}}),
        other => json!({other: {}}),
    };
    for revision in REVISIONS {
        for declared in ["elicitation", "roots", "sampling", "experimental"] {
            let session = served.session_with(ALICE, revision, only(declared)).await;
            for kind in KINDS {
                let is_declared = match kind {
                    // An empty object means forms, and no pages.
                    Kind::Form => declared == "elicitation",
                    Kind::Page => false,
                    Kind::Sample => declared == "sampling",
                    Kind::Roots => declared == "roots",
                };
                if is_declared && kind.is_in(revision) {
                    continue;
                }
                assert_cannot_be_asked(&served, &session, kind, "NotDeclared").await;
            }
        }
    }
}

/// Fails unless the handler is told that this client cannot be asked, and the client nothing.
async fn assert_cannot_be_asked(served: &Served, session: &Session<'_>, kind: Kind, why: &str) {
    let mut socket = session.begin(&puppet(1)).await;
    let mut running = served.begun().await;
    let outcome = running.does(move |cx| kind.ask(cx)).await;
    let outcome = outcome.as_str().expect("a text");
    assert!(outcome.starts_with(why), "{} {kind:?} {outcome}", session.revision);
    running.finish("done");
    assert_eq!(said(&socket.response().await), (200, said_by_tool(1, "done")));
}

#[tokio::test]
async fn a_handler_that_cannot_go_on_without_an_answer_ends_with_an_error_that_the_model_reads() {
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    let mut socket = session.begin(&puppet(1)).await;
    let running = served.begun().await;
    running.begin(|cx: Context| async move {
        cx.input("key", ListRoots).await?;
        Ok(Value::Null)
    });
    let (status, json) = said(&socket.response().await);
    assert_eq!((status, &json["result"]["isError"]), (200, &json!(true)), "{json}");
}

#[tokio::test]
async fn a_client_that_takes_no_events_cannot_be_asked() {
    let served = Served::start().await;
    let session = served.session_with(ALICE, NEWEST, everything()).await;
    for kind in KINDS {
        let mut socket = Socket::connect(served.address).await;
        socket.send(session.post(&puppet(1)).with("Accept", "application/json").bytes()).await;
        let mut running = served.begun().await;
        let outcome = running.does(move |cx| kind.ask(cx)).await;
        assert_eq!(outcome, json!("NoStream"), "{kind:?}");
        running.finish("done");
        assert_eq!(said(&socket.response().await), (200, said_by_tool(1, "done")));
    }
}

#[tokio::test]
async fn a_request_without_a_session_cannot_ask() {
    let served = Served::start().await;
    let mut message = puppet(1);
    message["params"]["_meta"] = envelope();
    let capabilities = "io.modelcontextprotocol/clientCapabilities";
    message["params"]["_meta"][capabilities] = json!({"elicitation": {}, "roots": {}, "sampling": {}});
    let request = post(message.to_string())
        .field("MCP-Protocol-Version", REVISION)
        .field("Mcp-Method", "tools/call")
        .field("Mcp-Name", "puppet")
        .token(&ALICE.text());
    for kind in KINDS {
        let mut socket = Socket::connect(served.address).await;
        socket.send(request.bytes()).await;
        let mut running = served.begun().await;
        assert_eq!(running.does(move |cx| kind.ask(cx)).await, json!("NoSession"), "{kind:?}");
        let act = |cx: Context| async move { Ok(json!(cx.session().is_none())) };
        assert_eq!(running.does(act).await, json!(true));
        running.finish("done");
        assert_eq!(said(&socket.response().await).0, 200);
    }
}
