//! Plays every file of `scenarios/` against the tokio driver over loopback.

#![allow(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::PathBuf,
    thread,
    time::Duration,
};

use mcp_tests::scenario::{Scenario, Stage, play, server};
use mcp_tokio::Server;

const PATIENCE: Duration = Duration::from_secs(10);

/// Fewer would mean that they were not found.
const FILES_MIN: usize = 30;

/// Serves on a port of its own for as long as the process lives.
fn start(server: Server) -> SocketAddr {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build().expect("a runtime");
    let listener = runtime.block_on(mcp_tokio::bind(server, (Ipv4Addr::LOCALHOST, 0))).expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || runtime.block_on(listener.run(std::future::pending())));
    address
}

fn files() -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let entries = fs::read_dir(folder).expect("the folder of the scenarios");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "scenario"));
    files.sort();
    files
}

#[test]
fn every_scenario_goes_as_it_is_written() {
    let (server, tokens, sightings) = server().expect("the server of the scenarios");
    let address = start(server);
    let connect = || {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(stream)
    };
    let mut stage = Stage { connect, tokens: &tokens, sightings: &sightings, patience: PATIENCE };
    let files = files();
    let mut failures = Vec::new();
    for file in &files {
        let text = fs::read_to_string(file).expect("a scenario");
        let played = Scenario::parse(&text)
            .map_err(|error| error.to_string())
            .and_then(|scenario| play(&scenario, &mut stage));
        failures.extend(played.err().map(|why| format!("{}: {why}", file.display())));
    }
    assert!(files.len() >= FILES_MIN, "{} scenarios", files.len());
    assert!(failures.is_empty(), "{} failed:\n\n{}", failures.len(), failures.join("\n"));
}
