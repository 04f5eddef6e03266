//! The client of the Rust SDK, in each way in which it agrees on a revision.

mod scenario;
mod server;
mod user;

use std::process::ExitCode;

use rmcp::{ClientLifecycleMode, model::ProtocolVersion};

use self::{scenario::Scenario, server::Server};

#[tokio::main]
async fn main() -> ExitCode {
    let modern = || vec![ProtocolVersion::V_2026_07_28];
    let auto = ClientLifecycleMode::Auto { preferred_versions: modern(), legacy_version: None };
    let discover = ClientLifecycleMode::Discover { preferred_versions: modern() };
    let server = Server::from_environment();
    for revision in ProtocolVersion::KNOWN_VERSIONS {
        let modes = match revision.has_initialize() {
            true => vec![("initialize", ClientLifecycleMode::Initialize)],
            false => vec![("discover", discover.clone()), ("auto", auto.clone())],
        };
        for (name, mode) in modes {
            let scenario = Scenario { server: &server, mode, revision };
            let name = format!("rmcp, {name} {revision}");
            if let Err(error) = scenario.play(&name).await {
                eprintln!("{name}: {error:?}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
