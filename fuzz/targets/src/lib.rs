//! What the fuzzers assert, as plain functions over bytes.
//!
//! Each target has a corpus in `fuzz/corpus/NAME`: the tests of this package run all of it on a stable compiler, and
//! `fuzz/fuzz_targets/NAME.rs` hands the function to libFuzzer. What a target asserts stands at the top of its
//! module.

#![allow(clippy::expect_used, clippy::panic, reason = "a target says what is wrong by panicking")]

mod bearer;
mod challenge;
mod claims;
mod discovery;
mod dpop;
mod envelope;
mod event_id;
mod exchange;
mod jwk_set;
mod jws;
mod lines;
mod mirror;
mod origin;
mod session;
mod sse;
mod stored;
mod tokens;
mod tree;
mod uri_template;

/// A target: its name, and what it does with an input.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: &[Target] = &[
    ("bearer", bearer::run),
    ("challenge", challenge::run),
    ("claims", claims::run),
    ("discovery", discovery::run),
    ("dpop", dpop::run),
    ("dpop_replay", dpop::run_replay),
    ("envelope", envelope::run),
    ("event_id", event_id::run),
    ("exchange", exchange::run),
    ("introspection", claims::run_introspected),
    ("jwk_set", jwk_set::run),
    ("jws", jws::run),
    ("mirror", mirror::run),
    ("origin", origin::run),
    ("session", session::run),
    ("session_store", session::run_with_store),
    ("sse", sse::run),
    ("stored", stored::run),
    ("uri_template", uri_template::run),
];

/// Runs one input of the target of this name.
///
/// # Panics
/// When the target finds something wrong, or when there is no such target.
pub fn run(name: &str, input: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    let (_, run) = target.unwrap_or_else(|| panic!("there is no target {name}"));
    run(input);
}
