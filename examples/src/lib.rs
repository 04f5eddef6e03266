//! The examples, but for what belongs to a runtime: it listens, runs and waits for a signal in a short `main` of its own
//! in `mcp-tokio/examples` and its like. Everything else of them is here, once.

#![allow(clippy::print_stdout, reason = "what examples print is what they are for")]

pub mod bench;
pub mod conformance;
pub mod whoami;

use std::{error::Error, io, process::ExitCode};

use tracing_subscriber::EnvFilter;

/// Any error, to be told to whoever started the program.
pub type Failure = Box<dyn Error + Send + Sync>;

/// Tells how the program of this name went.
#[must_use]
pub fn ended(name: &str, result: Result<(), Failure>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Logs to stderr what `RUST_LOG` says, or else this.
fn log_to_stderr(otherwise: &str) {
    let filter = EnvFilter::try_from_default_env();
    let filter = filter.unwrap_or_else(|_| otherwise.into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
}
