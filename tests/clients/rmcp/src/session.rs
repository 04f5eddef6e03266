//! A session, from its beginning to its end.

#![allow(deprecated, reason = "older revisions have what 2026-07-28 has no more")]

use std::{env, time::Duration};

use rmcp::{
    ClientLifecycleMode, ClientServiceExt, RoleClient,
    model::{
        CallToolRequest, CallToolResult, ClientRequest, LoggingLevel, ProtocolVersion,
        ReadResourceRequestParams, SetLevelRequestParams, SubscribeRequestParams, UnsubscribeRequestParams,
    },
    service::{PeerRequestOptions, RunningService},
    transport::{StreamableHttpClientTransport, streamable_http_client::StreamableHttpClientTransportConfig},
};
use serde_json::{Value, json};
use tokio::{
    sync::mpsc::UnboundedReceiver,
    time::{sleep, timeout},
};

use crate::{
    asked::{Asked, ROOTS, Told},
    server::{Failure, Server, params, text},
    spy::Spy,
};

const WATCHED: &str = "test://watched-resource";
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server with sessions, and the revision that is agreed on.
pub struct Scenario<'s> {
    pub server: &'s Server,
    pub revision: &'s ProtocolVersion,
}

/// A client with a session of its own, which listens.
struct Opened {
    client: RunningService<RoleClient, Asked>,
    told: UnboundedReceiver<Told>,
    spy: Spy,
}

impl Opened {
    async fn call(&self, tool: &'static str, arguments: Value) -> Result<CallToolResult, Failure> {
        Ok(self.client.call_tool(params(tool, arguments)).await?)
    }

    async fn hears(&mut self) -> Result<Told, Failure> {
        Ok(timeout(PATIENCE, self.told.recv()).await?.ok_or("nothing more will be told")?)
    }

    async fn tools(&self) -> Result<Vec<String>, Failure> {
        Ok(self.client.list_all_tools().await?.into_iter().map(|tool| tool.name.into()).collect())
    }

    fn id(&self) -> Result<String, Failure> {
        Ok(self.spy.seen().sessions.last().ok_or("no session")?.clone())
    }
}

impl Scenario<'_> {
    pub async fn play(&self, name: &str) -> Result<(), Failure> {
        let done = |what: &str| println!("{name}, session: {what}");
        self.opens_a_session().await?;
        done("opens a session");
        self.is_asked_in_the_middle_of_a_call().await?;
        done("is asked in the middle of a call");
        self.resumes_what_was_cut().await?;
        done("resumes what was cut");
        self.comes_back_when_the_server_hangs_up().await?;
        done("comes back when the server hangs up");
        self.hears_of_changes().await?;
        done("hears of changes");
        self.sets_how_much_is_logged().await?;
        done("sets how much is logged");
        self.cancels().await?;
        done("cancels");
        self.keeps_it_to_itself().await?;
        done("keeps it to itself");
        self.begins_anew_when_it_has_ended().await?;
        done("begins anew when it has ended");
        Ok(())
    }

    async fn opened(&self) -> Result<Opened, Failure> {
        let spy = Spy::default();
        let config = StreamableHttpClientTransportConfig::with_uri(self.server.url.as_str())
            .auth_header(&self.server.token);
        let transport = StreamableHttpClientTransport::with_client(spy.clone(), config);
        let (asked, told) = Asked::new(self.revision);
        let client = asked.serve_with_lifecycle(transport, ClientLifecycleMode::Initialize).await?;
        until(async || Ok(spy.seen().streams > 0)).await?;
        Ok(Opened { client, told, spy })
    }

    async fn opens_a_session(&self) -> Result<(), Failure> {
        let opened = self.opened().await?;
        let agreed = opened.client.peer_info().ok_or("nothing was agreed on")?;
        assert_eq!(agreed.protocol_version, *self.revision);
        let id = opened.id()?;
        assert!(id.len() == 32 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')));
        assert_eq!(opened.tools().await?.first().map(String::as_str), Some("test_simple_text"));
        let simple = opened.call("test_simple_text", json!({})).await?;
        assert_eq!(text(&simple), ["This is a simple text response for testing."]);
        opened.client.cancel().await?;
        assert_eq!(opened.spy.seen().ended, 1);
        Ok(())
    }

    async fn is_asked_in_the_middle_of_a_call(&self) -> Result<(), Failure> {
        let opened = self.opened().await?;
        if *self.revision >= ProtocolVersion::V_2025_06_18 {
            for (action, end) in [
                ("accept", "The user is alice, alice@example.com"),
                ("decline", "The user declined"),
                ("cancel", "The user cancelled"),
            ] {
                let form = opened.call("test_elicitation", json!({ "message": action })).await?;
                assert_eq!(text(&form), [end]);
            }
        } else {
            let form = opened.call("test_elicitation", json!({"message": "accept"})).await?;
            assert_eq!(form.is_error, Some(true));
        }
        let sampled = opened.call("test_sampling", json!({"prompt": "Say it louder"})).await?;
        assert_eq!(text(&sampled), ["The model says: SAY IT LOUDER"]);
        assert_eq!(text(&opened.call("test_list_roots", json!({})).await?), [ROOTS.join("\n")]);
        opened.client.cancel().await?;
        Ok(())
    }

    /// The network breaks in the middle of a call: nothing is lost, and nothing comes twice.
    async fn resumes_what_was_cut(&self) -> Result<(), Failure> {
        let mut opened = self.opened().await?;
        let peer = opened.client.peer().clone();
        let call =
            tokio::spawn(async move { peer.call_tool(params("test_slow", json!({"seconds": 2}))).await });
        // The SDK hands over in any order what comes at once.
        let mut heard = Vec::new();
        while heard.len() < 20 {
            let Told::Progress(progress) = opened.hears().await? else { return Err("not progress".into()) };
            heard.push(progress);
            if progress == 3.0 {
                // The call's stream and the one for everything else.
                assert!(cut().await? >= 2);
            }
        }
        heard.sort_by(f64::total_cmp);
        assert_eq!(heard, (1..=20).map(f64::from).collect::<Vec<_>>());
        assert_eq!(text(&call.await??), ["done"]);
        assert!(opened.spy.seen().resumed > 0);
        // And what belongs to no call finds its way again.
        opened.call("test_trigger_tool_change", json!({})).await?;
        assert_eq!(opened.hears().await?, Told::ToolsChanged);
        opened.client.cancel().await?;
        Ok(())
    }

    async fn comes_back_when_the_server_hangs_up(&self) -> Result<(), Failure> {
        let opened = self.opened().await?;
        assert_eq!(text(&opened.call("test_reconnection", json!({})).await?), ["Reconnected"]);
        let resumed = usize::from(*self.revision >= ProtocolVersion::V_2025_11_25);
        assert_eq!(opened.spy.seen().resumed, resumed);
        opened.client.cancel().await?;
        Ok(())
    }

    async fn hears_of_changes(&self) -> Result<(), Failure> {
        let mut opened = self.opened().await?;
        let change = "test_trigger_resource_change";
        opened.call(change, json!({})).await?;
        opened.client.subscribe(SubscribeRequestParams::new(WATCHED)).await?;
        let read = async |opened: &Opened| {
            let contents =
                opened.client.read_resource(ReadResourceRequestParams::new(WATCHED)).await?.contents;
            Ok::<_, Failure>(serde_json::to_value(contents)?)
        };
        let first = read(&opened).await?;
        opened.call(change, json!({})).await?;
        assert_eq!(opened.hears().await?, Told::ResourceUpdated(WATCHED.into()));
        assert_ne!(read(&opened).await?, first);
        opened.client.unsubscribe(UnsubscribeRequestParams::new(WATCHED)).await?;
        opened.call(change, json!({})).await?;

        // Of what came before it subscribed and after it unsubscribed, nothing is told.
        opened.call("test_trigger_tool_change", json!({"added": "newcomer"})).await?;
        assert_eq!(opened.hears().await?, Told::ToolsChanged);
        assert_eq!(opened.tools().await?.last().map(String::as_str), Some("newcomer"));
        opened.call("test_trigger_tool_change", json!({})).await?;
        assert_eq!(opened.hears().await?, Told::ToolsChanged);
        assert!(!opened.tools().await?.contains(&"newcomer".to_owned()));
        opened.client.cancel().await?;
        Ok(())
    }

    async fn sets_how_much_is_logged(&self) -> Result<(), Failure> {
        let mut opened = self.opened().await?;
        for level in [LoggingLevel::Warning, LoggingLevel::Info] {
            opened.client.set_level(SetLevelRequestParams::new(level)).await?;
            opened.call("test_tool_with_logging", json!({})).await?;
        }
        let mut messages = Vec::new();
        while messages.len() < 3 {
            let Told::Log(message) = opened.hears().await? else { return Err("not a log message".into()) };
            messages.push(message.as_str().ok_or("not a text")?.to_owned());
        }
        messages.sort();
        assert_eq!(messages, ["Tool execution completed", "Tool execution started", "Tool processing data"]);
        opened.client.cancel().await?;
        assert_eq!(opened.told.recv().await, None);
        Ok(())
    }

    async fn cancels(&self) -> Result<(), Failure> {
        let mut opened = self.opened().await?;
        let before = self.server.cancellations().await?;
        let slow = CallToolRequest::new(params("test_slow", json!({"seconds": 30})));
        let options = PeerRequestOptions::no_options();
        let slow =
            opened.client.send_cancellable_request(ClientRequest::CallToolRequest(slow), options).await?;
        assert_eq!(opened.hears().await?, Told::Progress(1.0));
        slow.cancel(Some("enough".into())).await?;
        until(async || Ok(self.server.cancellations().await? > before)).await?;
        assert_eq!(self.server.cancellations().await?, before + 1);
        assert_eq!(text(&opened.call("test_simple_text", json!({})).await?).len(), 1);
        opened.client.cancel().await?;
        Ok(())
    }

    /// Somebody else has a good token, and has come by the session's id.
    async fn keeps_it_to_itself(&self) -> Result<(), Failure> {
        let opened = self.opened().await?;
        let token = env::var("MCP_OTHER_TOKEN")?;
        let thief = reqwest::Client::new();
        for request in [
            thief.post(&self.server.url).json(&json!({"jsonrpc": "2.0", "id": 1, "method": "ping"})),
            thief.get(&self.server.url),
            thief.delete(&self.server.url),
        ] {
            let request = request.bearer_auth(&token).header("Mcp-Session-Id", opened.id()?);
            let request = request.header("Accept", "application/json, text/event-stream");
            assert_eq!(request.send().await?.status(), 404);
        }
        assert_eq!(text(&opened.call("test_simple_text", json!({})).await?).len(), 1);
        opened.client.cancel().await?;
        Ok(())
    }

    async fn begins_anew_when_it_has_ended(&self) -> Result<(), Failure> {
        let opened = self.opened().await?;
        let ended = reqwest::Client::new().delete(&self.server.url).bearer_auth(&self.server.token);
        let ended = ended.header("Mcp-Session-Id", opened.id()?).send().await?;
        assert_eq!(ended.status(), 200);
        // The SDK is told 404, opens another session, and asks again there.
        assert_eq!(text(&opened.call("test_simple_text", json!({})).await?).len(), 1);
        let sessions = opened.spy.seen().sessions.clone();
        assert!(matches!(&sessions[..], [first, second] if first != second), "{} sessions", sessions.len());
        opened.client.cancel().await?;
        assert_eq!(opened.spy.seen().ended, 1);
        Ok(())
    }
}

/// Breaks every connection to the server, and tells how many there were.
async fn cut() -> Result<usize, Failure> {
    let control = env::var("MCP_LINE_CONTROL")?;
    Ok(reqwest::Client::new().post(format!("{control}/cut")).send().await?.json().await?)
}

async fn until(condition: impl AsyncFn() -> Result<bool, Failure>) -> Result<(), Failure> {
    let tried = async {
        while !condition().await? {
            sleep(Duration::from_millis(50)).await;
        }
        Ok::<_, Failure>(())
    };
    timeout(PATIENCE, tried).await?
}
