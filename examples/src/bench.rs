//! The server that benchmarks measure: one worker, a tool `echo`, on request further tools and
//! token verification.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Instant,
};

use clap::Parser;
use mcp_driver::{
    Auth, Change, KeySource, Mode, NoArguments, Server, ServerLimits, SessionPolicy, Sessions, Tool,
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::Failure;

/// Serves http://127.0.0.1:PORT/mcp on one thread.
#[derive(Debug, Parser)]
#[command(name = "bench")]
pub struct Bench {
    /// Port on 127.0.0.1
    #[arg(long)]
    port: u16,
    /// How many tools there are: echo, tool_1, tool_2 and so on
    #[arg(long, default_value_t = 1)]
    tools: usize,
    /// Give clients of 2025-11-25 sessions
    #[arg(long)]
    sessions: bool,
    /// Most connections, and most sessions
    #[arg(long, default_value_t = 20_000)]
    connections: usize,
    /// File with the public key whose tokens are demanded; without it nobody is asked who they are
    #[arg(long)]
    jwk: Option<PathBuf>,
}

/// The issuer and the audience of the benchmark's tokens.
const ISSUER: &str = "https://auth.example.com/realms/bench";
const AUDIENCE: &str = "http://127.0.0.1/mcp";

#[derive(Deserialize, JsonSchema)]
struct EchoArgs {
    /// the text to send back
    text: String,
}

fn echo(name: &str) -> Tool {
    Tool::new(name).description("Echo the text back").typed(async |echo: EchoArgs| echo.text)
}

/// Tells all sessions that the list of tools is another; how long that took, in microseconds.
fn broadcast(sessions: Arc<OnceLock<Sessions>>) -> Tool {
    Tool::new("broadcast").description("Tell every session of a change").typed(move |_: NoArguments| {
        let sessions = Arc::clone(&sessions);
        async move {
            let began = Instant::now();
            if let Some(sessions) = sessions.get() {
                sessions.notify_all(&Change::ToolsChanged);
            }
            began.elapsed().as_micros().to_string()
        }
    })
}

impl Bench {
    /// What the command line says, which ends the process where it cannot be meant.
    #[must_use]
    pub fn begin() -> Self {
        Self::parse()
    }

    /// Where to listen.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// The server.
    ///
    /// # Errors
    /// When the flags make no server.
    pub fn server(&self) -> Result<Server, Failure> {
        let auth = match &self.jwk {
            Some(file) => Auth::jwt(ISSUER, AUDIENCE, KeySource::file(file)?).into(),
            None => Auth::none(),
        };
        let mut limits = ServerLimits::default();
        limits.connections = self.connections;
        limits.session_streams = self.connections;
        let mut server = Server::builder("bench", "1.0.0", auth).limits(limits).tool(echo("echo"));
        let sessions = Arc::new(OnceLock::new());
        if self.sessions {
            let mut policy = SessionPolicy::default();
            policy.sessions_max = self.connections;
            server = server.mode(Mode::Stateful).sessions(policy).tool(broadcast(Arc::clone(&sessions)));
        }
        for number in 1..self.tools {
            server = server.tool(echo(&format!("tool_{number}")));
        }
        let server = server.build()?;
        // It was empty until now.
        _ = sessions.set(server.sessions());
        Ok(server)
    }
}
