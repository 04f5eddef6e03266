//! The client of the Rust SDK, in each way in which it agrees on a revision.

mod scenario;
mod server;
mod user;

use std::process::ExitCode;

use rmcp::{ClientLifecycleMode, model::ProtocolVersion};

use self::{scenario::Scenario, server::Server};

#[tokio::main]
async fn main() -> ExitCode {
    let modern = vec![ProtocolVersion::V_2026_07_28];
    let legacy = ProtocolVersion::V_2025_11_25;
    let modes = [
        ("discover", ClientLifecycleMode::Discover { preferred_versions: modern.clone() }, &modern[0]),
        (
            "auto",
            ClientLifecycleMode::Auto {
                preferred_versions: modern.clone(),
                legacy_version: Some(legacy.clone()),
            },
            &modern[0],
        ),
        ("initialize", ClientLifecycleMode::Initialize, &legacy),
    ];
    let server = Server::from_environment();
    for (name, mode, revision) in modes {
        let scenario = Scenario { server: &server, mode, revision };
        if let Err(error) = scenario.play(name).await {
            eprintln!("rmcp, {name}: {error:?}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
