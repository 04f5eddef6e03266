//! The server that benchmarks measure: one worker, a tool `echo`, on request further tools and
//! token verification.

use std::{error::Error, net::Ipv4Addr, path::PathBuf};

use clap::Parser;
use mcp_tokio::{Auth, KeySource, Server, Tool};
use schemars::JsonSchema;
use serde::Deserialize;

/// Serves http://127.0.0.1:PORT/mcp on one thread.
#[derive(Debug, Parser)]
struct Flags {
    /// Port on 127.0.0.1
    #[arg(long)]
    port: u16,
    /// How many tools there are: echo, tool_1, tool_2 and so on
    #[arg(long, default_value_t = 1)]
    tools: usize,
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

fn main() -> Result<(), Box<dyn Error>> {
    let flags = Flags::parse();
    let auth = match &flags.jwk {
        Some(file) => Auth::jwt(ISSUER, AUDIENCE, KeySource::file(file)?).into(),
        None => Auth::none(),
    };
    let mut server = Server::builder("bench", "1.0.0", auth).tool(echo("echo"));
    for number in 1..flags.tools {
        server = server.tool(echo(&format!("tool_{number}")));
    }
    let server = server.build()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // In a task, as the main future of a current-thread runtime is polled at more cost.
        let serving = tokio::spawn(mcp_tokio::serve(server, (Ipv4Addr::LOCALHOST, flags.port)));
        Ok(serving.await??)
    })
}
