//! Sessions against a reference model.
//!
//! A session of each older revision is driven as a driver drives it, through real exchanges, by commands that
//! proptest draws: what a client sends, what handlers do, what becomes of connections, time, and a store that
//! answers when it likes. Beside it runs a reference that is written as plainly as it can be ([`reference`]);
//! after each command both have to agree ([`steps`]). What clients see is also judged by laws of which the
//! reference knows nothing ([`laws`]).
//!
//! `SESSION_MODEL_CASES` says how many stories there are; the ordinary run has enough to reach every bound.

#![allow(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]
#![allow(clippy::needless_pass_by_value, reason = "what is sent and compared is made on the spot")]

mod command;
mod event_ids;
mod laws;
mod machine;
mod reader;
mod reference;
mod server;
mod settled;
mod steps;
mod stored;
mod table;

use proptest::test_runner::{Config, TestCaseError, TestRunner};

use crate::{command::Story, machine::Machine};

/// How many stories an ordinary run has, and how long they may be.
const CASES: u32 = 1_500;
const COMMANDS_MAX: usize = 80;

fn cases() -> u32 {
    std::env::var("SESSION_MODEL_CASES").map_or(CASES, |cases| cases.parse().expect("a number"))
}

fn tell(story: &Story) -> Result<(), String> {
    let engine = server::engine(story);
    let mut machine = Machine::open(&engine, story);
    for (place, command) in story.commands.iter().enumerate() {
        steps::step(&mut machine, command)
            .and_then(|()| settled::compare(&mut machine))
            .map_err(|error| format!("{place} {command:?}: {error}"))?;
    }
    settled::at_the_end(&mut machine)?;
    machine.transcript.judge(story.kept())
}

#[test]
fn the_machine_does_what_the_reference_does() {
    let config =
        Config { cases: cases(), failure_persistence: None, max_shrink_iters: 4_000, ..Config::default() };
    let outcome = TestRunner::new(config)
        .run(&command::story(COMMANDS_MAX), |story| tell(&story).map_err(TestCaseError::fail));
    if let Err(error) = outcome {
        panic!("{error}");
    }
}
