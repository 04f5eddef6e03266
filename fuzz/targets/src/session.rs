//! Sessions against the reference model.

use mcp_model::{Story, Tale};

/// Has the story happen that the input spells: the machine and the reference agree after each command, and what
/// the client saw breaks no law.
pub(crate) fn run(input: &[u8]) {
    if let Err(error) = Story::read(input).tell() {
        panic!("{error}");
    }
}

/// The same for a session whose events a store keeps.
pub(crate) fn run_with_store(input: &[u8]) {
    if let Err(error) = Tale::read(input).tell() {
        panic!("{error}");
    }
}
