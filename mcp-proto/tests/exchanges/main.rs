//! Whole exchanges as text: what is asked, what is found out about the caller, and the answer to the last byte.
//!
//! Each file is a sequence of exchanges on servers of [`servers`]; what is asked for in a session is found in the one that
//! an exchange before it in the file opened. An exchange is written as
//!
//! ```text
//! === What must hold (the rules that say so)
//! to SERVER, FACTS; OUTCOME
//! POST /mcp
//! field: value
//!
//! the body, or `modern METHOD PARAMETERS`
//! ---
//! the answer
//! ```
//!
//! `FACTS` is what a verifier finds out, and `OUTCOME` what a handler comes to. What is asked of the driver stands before
//! the answer. A request has `Host`, and a POST `Content-Type`, unless it says otherwise (`-field` sends none). `modern` stands for
//! the request of 2026-07-28 with its metadata and the fields that mirror it.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod facts;
mod play;
mod request;
mod servers;

use std::{fs, path::Path};

use mcp_proto::{Head, Now, Step, Target};
use play::Player;

/// Plays a file, and says where what came instead is, if something else came.
fn plays(name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/exchanges").join(name);
    let expected = fs::read_to_string(&path).expect("a file of exchanges");
    let mut player = Player::default();
    let came: Vec<String> =
        expected.split_inclusive("\n\n\n").map(|exchange| player.play(exchange)).collect();
    let came = came.join("\n\n\n");
    if came.trim_end() != expected.trim_end() {
        let instead = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::write(&instead, came + "\n").expect("a directory for tests");
        panic!("another answer: diff {} {}", path.display(), instead.display());
    }
}

#[test]
fn what_the_head_says_is_judged_in_order() {
    plays("head.txt");
}

#[test]
fn callers_are_recognised_or_challenged() {
    plays("callers.txt");
}

#[test]
fn a_body_is_one_message() {
    plays("body.txt");
}

#[test]
fn a_batch_is_judged_as_a_whole_and_answered_in_order() {
    plays("batches.txt");
}

#[test]
fn a_list_shows_what_its_caller_may_see() {
    plays("lists.txt");
}

#[test]
fn requests_of_2026_07_28_climb_the_ladder() {
    plays("modern.txt");
}

#[test]
fn older_requests_are_served_without_a_session() {
    plays("older.txt");
}

#[test]
fn a_session_is_for_its_owner() {
    plays("sessions.txt");
}

#[test]
fn the_transport_of_2024_11_05_has_two_paths() {
    plays("legacy.txt");
}

/// Whoever logs a step logs no credentials.
#[test]
fn a_step_does_not_show_the_credentials_that_it_holds() {
    let engine = servers::named("proofs");
    for (text, shown) in [
        ("POST /mcp\nauthorization: Bearer secret", &["HeldToken(6 bytes)"][..]),
        (
            "POST /mcp\nauthorization: DPoP secret\ndpop: hid.den",
            &["HeldToken(6 bytes)", "HeldProof(7 bytes)"],
        ),
    ] {
        let request = request::read(text);
        let Step::Verify(verify) = engine.accept(&Head::new(&request, Target::Endpoint), Now::default())
        else {
            panic!("credentials are verified")
        };
        let presented = format!("{:?}", verify.presented());
        assert!(presented.contains("Token(6 bytes)"), "{presented}");
        let step = format!("{verify:?}{presented}");
        assert!(shown.iter().all(|held| step.contains(held)), "{step}");
        assert!(!step.contains("secret") && !step.contains("hid.den"), "{step}");
    }
}
