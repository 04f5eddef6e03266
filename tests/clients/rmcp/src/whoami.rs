//! What the client has to see at the example whoami, with sessions or without them.

use std::time::{Duration, Instant};

use rmcp::{
    ClientLifecycleMode, RoleClient, ServiceError,
    model::{CallToolRequest, CallToolResult, ClientRequest, ErrorCode, ProtocolVersion},
    service::{ClientInitializeError, Peer, PeerRequestOptions},
};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::{
    server::{Connection, Failure, Server, params, text},
    user::{authorize, granted, step_up},
};

const WRITE: (&str, &str) = ("write", "secret");

/// One way to connect, and the revision that comes of it.
pub struct Scenario<'s> {
    pub server: &'s Server,
    pub mode: ClientLifecycleMode,
    pub revision: &'s ProtocolVersion,
}

impl Scenario<'_> {
    pub async fn play(&self, name: &str) -> Result<(), Failure> {
        let done = |what: &str| println!("{name}: {what}");
        self.negotiates().await?;
        done("negotiates");
        self.hears_of_progress().await?;
        done("hears of progress");
        self.cancels().await?;
        done("cancels");
        self.learns_that_tokens_are_needed().await?;
        done("learns that tokens are needed");
        self.learns_that_a_scope_is_needed().await?;
        done("learns that a scope is needed");
        self.steps_up().await?;
        done("steps up");
        Ok(())
    }

    async fn connect(&self, token: Option<&str>) -> Result<Connection, ClientInitializeError> {
        self.server.connect((&self.mode, self.revision), token).await
    }

    async fn negotiates(&self) -> Result<(), Failure> {
        let connection = self.connect(Some(&self.server.token)).await?;
        let client = &connection.client;
        let agreed = client.peer_info().ok_or("nothing was agreed on")?;
        assert_eq!(agreed.protocol_version, *self.revision);
        let mut tools: Vec<_> = client.list_all_tools().await?.into_iter().map(|tool| tool.name).collect();
        tools.sort();
        assert_eq!(tools, ["echo", "slow", "whoami", "write"]);
        assert_eq!(text(&say(client, ("echo", "naïve ☃")).await?), ["naïve ☃"]);
        let me = self.whoami(client).await?;
        assert_eq!(
            (&me["issuer"], &me["subject"], &me["scopes"]),
            (&json!(self.server.issuer), &json!("static"), &json!(["mcp"]))
        );
        let misfit = client.call_tool(params("echo", json!({"text": 1}))).await;
        if *self.revision >= ProtocolVersion::V_2025_11_25 {
            assert_eq!(misfit?.is_error, Some(true));
        } else {
            assert!(
                matches!(&misfit, Err(ServiceError::McpError(error)) if error.code == ErrorCode::INVALID_PARAMS),
                "{misfit:?}"
            );
        }
        connection.client.cancel().await?;
        Ok(())
    }

    /// Who the server says that the caller is, as text and, since there are any, as a structured result.
    async fn whoami(&self, client: &Peer<RoleClient>) -> Result<Value, Failure> {
        let result = client.call_tool(params("whoami", json!({}))).await?;
        let me: Value = serde_json::from_str(text(&result).first().ok_or("no text")?)?;
        let is_structured = *self.revision >= ProtocolVersion::V_2025_06_18;
        assert_eq!(result.structured_content, is_structured.then(|| me.clone()));
        Ok(me)
    }

    async fn hears_of_progress(&self) -> Result<(), Failure> {
        let mut connection = self.connect(Some(&self.server.token)).await?;
        let result = connection.client.call_tool(params("slow", json!({"seconds": 1}))).await?;
        assert_eq!(text(&result), ["done"]);
        connection.client.cancel().await?;
        let mut heard = Vec::new();
        while let Some(progress) = connection.heard.recv().await {
            heard.push(progress);
        }
        assert!(heard.len() >= 2, "heard {heard:?}");
        assert!(heard.iter().all(|(_, total)| *total == Some(10.0)), "heard {heard:?}");
        assert!(heard.is_sorted_by(|(earlier, _), (later, _)| earlier < later), "heard {heard:?}");
        Ok(())
    }

    async fn cancels(&self) -> Result<(), Failure> {
        let mut connection = self.connect(Some(&self.server.token)).await?;
        let before = self.server.cancellations().await?;
        let slow =
            ClientRequest::CallToolRequest(CallToolRequest::new(params("slow", json!({"seconds": 30}))));
        let options = PeerRequestOptions::no_options();
        let call = connection.client.send_cancellable_request(slow, options).await?;
        connection.heard.recv().await.ok_or("nothing heard of progress")?;
        let began = Instant::now();
        // Where cancelling is a notification, an error says that the server refused it.
        call.cancel(Some("enough".into())).await?;
        assert!(began.elapsed() < Duration::from_secs(5));
        if *self.revision == ProtocolVersion::V_2026_07_28 {
            let seen = async {
                while self.server.cancellations().await? == before {
                    sleep(Duration::from_millis(50)).await;
                }
                self.server.cancellations().await
            };
            assert_eq!(timeout(Duration::from_secs(5), seen).await??, before + 1);
        }
        assert_eq!(text(&say(&connection.client, ("echo", "on")).await?), ["on"]);
        connection.client.cancel().await?;
        Ok(())
    }

    async fn learns_that_tokens_are_needed(&self) -> Result<(), Failure> {
        let invalid = "error=\"invalid_token\", error_description=\"The access token is malformed\", ";
        for (token, told) in [(None, ""), (Some("no.such.token"), invalid)] {
            let error = self.connect(token).await.err().ok_or("connected")?;
            assert_eq!(error.auth_challenge(), Some(self.server.challenge(told, "mcp").as_str()));
        }
        Ok(())
    }

    async fn learns_that_a_scope_is_needed(&self) -> Result<(), Failure> {
        let connection = self.connect(Some(&self.server.token)).await?;
        let error = say(&connection.client, WRITE).await.err().ok_or("written")?;
        let told = "error=\"insufficient_scope\", error_description=\"The request requires higher \
                    privileges than the access token provides\", ";
        assert_eq!(error.auth_challenge(), Some(self.server.challenge(told, "mcp mcp:write").as_str()));
        Ok(())
    }

    /// From no token at all to one that may write, by what the server says alone.
    async fn steps_up(&self) -> Result<(), Failure> {
        let refused = self.connect(None).await.err().ok_or("connected")?;
        let challenge = refused.auth_challenge().ok_or("no challenge")?;
        let http = authorize(self.server, challenge).await?;
        let manager = http.auth_manager.clone();
        assert_eq!(granted(self.server, &*manager.lock().await).await?, ["mcp"]);
        let connection = self.server.connect_through((&self.mode, self.revision), http).await?;
        let me = self.whoami(&connection.client).await?;
        assert_eq!((&me["subject"], &me["scopes"]), (&json!("alice"), &json!(["mcp"])));

        let refused = say(&connection.client, WRITE).await.err().ok_or("written")?;
        let challenge = refused.auth_challenge().ok_or("no challenge")?;
        step_up(self.server, &*manager.lock().await, challenge).await?;
        assert_eq!(granted(self.server, &*manager.lock().await).await?, ["mcp", "mcp mcp:write"]);
        assert_eq!(text(&say(&connection.client, WRITE).await?), ["wrote 6 bytes"]);
        connection.client.cancel().await?;
        Ok(())
    }
}

/// Calls a tool that takes a text.
async fn say(
    client: &Peer<RoleClient>,
    (tool, text): (&'static str, &str),
) -> Result<CallToolResult, ServiceError> {
    client.call_tool(params(tool, json!({ "text": text }))).await
}
