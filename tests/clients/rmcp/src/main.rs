//! The client of the Rust SDK, in each way in which it agrees on a revision: `rmcp-client SCENARIOS`.

mod asked;
mod server;
mod session;
mod spy;
mod user;
mod whoami;

use std::{env, process::ExitCode};

use rmcp::{ClientLifecycleMode, model::ProtocolVersion};

use self::server::{Failure, Server};

#[tokio::main]
async fn main() -> ExitCode {
    let server = Server::from_environment();
    let played = match env::args().nth(1).as_deref() {
        Some("whoami") => whoami(&server).await,
        Some("session") => session(&server).await,
        other => Err(format!("no scenarios are called {other:?}").into()),
    };
    match played {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:?}");
            ExitCode::FAILURE
        }
    }
}

async fn whoami(server: &Server) -> Result<(), Failure> {
    let modern = || vec![ProtocolVersion::V_2026_07_28];
    let auto = ClientLifecycleMode::Auto { preferred_versions: modern(), legacy_version: None };
    let discover = ClientLifecycleMode::Discover { preferred_versions: modern() };
    for revision in ProtocolVersion::KNOWN_VERSIONS {
        let modes = match revision.has_initialize() {
            true => vec![("initialize", ClientLifecycleMode::Initialize)],
            false => vec![("discover", discover.clone()), ("auto", auto.clone())],
        };
        for (name, mode) in modes {
            let scenario = whoami::Scenario { server, mode, revision };
            let name = format!("rmcp, {name} {revision}");
            scenario.play(&name).await.map_err(|error| format!("{name}: {error:?}"))?;
        }
    }
    Ok(())
}

async fn session(server: &Server) -> Result<(), Failure> {
    for revision in ProtocolVersion::KNOWN_VERSIONS.iter().filter(|revision| revision.has_initialize()) {
        let name = format!("rmcp, initialize {revision}");
        let played = session::Scenario { server, revision }.play(&name).await;
        played.map_err(|error| format!("{name}: {error:?}"))?;
    }
    Ok(())
}
