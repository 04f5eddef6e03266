//! The stories that proptest draws.

use proptest::test_runner::{Config, TestCaseError, TestRunner};

use crate::command;

/// How many stories an ordinary run has, and how long they may be.
const CASES: u32 = 1_500;
const COMMANDS_MAX: usize = 80;

pub(crate) fn cases() -> u32 {
    std::env::var("SESSION_MODEL_CASES").map_or(CASES, |cases| cases.parse().expect("a number"))
}

#[test]
fn the_machine_does_what_the_reference_does() {
    let config =
        Config { cases: cases(), failure_persistence: None, max_shrink_iters: 4_000, ..Config::default() };
    let outcome = TestRunner::new(config)
        .run(&command::story(COMMANDS_MAX), |story| story.tell().map_err(TestCaseError::fail));
    if let Err(error) = outcome {
        panic!("{error}");
    }
}
