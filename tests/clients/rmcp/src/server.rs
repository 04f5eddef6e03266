//! What the environment says about the server, and how a client is connected to it.

use std::{env, error::Error};

use rmcp::{
    ClientHandler, ClientLifecycleMode, ClientServiceExt, RoleClient,
    model::{
        CallToolRequestParams, CallToolResult, ClientConfig, JsonObject, ProgressNotificationParam,
        ProtocolVersion,
    },
    service::{ClientInitializeError, NotificationContext, RunningService},
    transport::{
        StreamableHttpClientTransport,
        streamable_http_client::{StreamableHttpClient, StreamableHttpClientTransportConfig},
    },
};
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Why a scenario has failed.
pub type Failure = Box<dyn Error + Send + Sync>;

/// The server, and who issues tokens for it.
pub struct Server {
    /// Its endpoint.
    pub url: String,
    /// A token with the scope `mcp` alone.
    pub token: String,
    /// The issuer.
    pub issuer: String,
    log: String,
}

/// A client that is connected, and the progress that it hears of.
pub struct Connection {
    /// The client.
    pub client: RunningService<RoleClient, Listener>,
    /// Progress and total.
    pub heard: UnboundedReceiver<(f64, Option<f64>)>,
}

/// Asks for a revision, and passes progress on.
pub struct Listener {
    revision: ProtocolVersion,
    progress: UnboundedSender<(f64, Option<f64>)>,
}

impl ClientHandler for Listener {
    fn get_info(&self) -> ClientConfig {
        let mut config = ClientConfig::default();
        config.protocol_version = self.revision.clone();
        config
    }

    async fn on_progress(&self, told: ProgressNotificationParam, _: NotificationContext<RoleClient>) {
        // Whoever listened may have heard enough.
        _ = self.progress.send((told.progress, told.total));
    }
}

impl Server {
    /// The one that the script has started.
    pub fn from_environment() -> Self {
        let named = |name| env::var(name).unwrap_or_else(|_| panic!("{name} has to be set"));
        Self {
            url: named("MCP_URL"),
            token: named("MCP_TOKEN"),
            issuer: named("MCP_ISSUER"),
            log: named("MCP_LOG"),
        }
    }

    /// Connects with this token, if any.
    pub async fn connect(
        &self,
        (mode, revision): (&ClientLifecycleMode, &ProtocolVersion),
        token: Option<&str>,
    ) -> Result<Connection, ClientInitializeError> {
        let mut config = StreamableHttpClientTransportConfig::with_uri(self.url.as_str());
        if let Some(token) = token {
            config = config.auth_header(token);
        }
        connect(mode, revision, reqwest::Client::new(), config).await
    }

    /// Connects by way of something that knows tokens.
    pub async fn connect_through<C>(
        &self,
        (mode, revision): (&ClientLifecycleMode, &ProtocolVersion),
        http: C,
    ) -> Result<Connection, ClientInitializeError>
    where
        C: StreamableHttpClient + Send + Sync + 'static,
        C::Error: Send + Sync,
    {
        connect(mode, revision, http, StreamableHttpClientTransportConfig::with_uri(self.url.as_str())).await
    }

    /// How many calls the server has seen cancelled.
    pub async fn cancellations(&self) -> std::io::Result<usize> {
        let log = tokio::fs::read_to_string(&self.log).await?;
        Ok(log.matches("call cancelled").count())
    }

    /// The challenge that names a scope, with what else it says.
    pub fn challenge(&self, told: &str, scope: &str) -> String {
        let origin = self.url.trim_end_matches("/mcp");
        format!(
            "Bearer {told}scope=\"{scope}\", resource_metadata=\"{origin}/.well-known/oauth-protected-resource/mcp\""
        )
    }
}

async fn connect<C>(
    mode: &ClientLifecycleMode,
    revision: &ProtocolVersion,
    http: C,
    config: StreamableHttpClientTransportConfig,
) -> Result<Connection, ClientInitializeError>
where
    C: StreamableHttpClient + Send + Sync + 'static,
    C::Error: Send + Sync,
{
    let (sender, heard) = unbounded_channel();
    let transport = StreamableHttpClientTransport::with_client(http, config);
    let listener = Listener { revision: revision.clone(), progress: sender };
    let client = listener.serve_with_lifecycle(transport, mode.clone()).await?;
    Ok(Connection { client, heard })
}

/// A call of this tool.
pub fn params(tool: &'static str, arguments: Value) -> CallToolRequestParams {
    let arguments: JsonObject = arguments.as_object().cloned().unwrap_or_default();
    CallToolRequestParams::new(tool).with_arguments(arguments)
}

/// The texts of a result.
pub fn text(result: &CallToolResult) -> Vec<&str> {
    result.content.iter().filter_map(|block| Some(block.as_text()?.text.as_str())).collect()
}
