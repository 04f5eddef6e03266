//! Plays every file of `scenarios/` against every driver: what each of them writes down is equal, byte for byte, to
//! what the file says and to what the others wrote.

#![allow(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

mod blocking_player;
mod core_player;
mod diff;
mod files;
mod loopback;
mod players;
mod rows;
mod smol_player;
mod threads_player;
mod tokio_player;

use std::thread;

use mcp_tests::scenario::{Scenario, play, server};

use crate::{
    blocking_player::Blocking,
    diff::diff,
    files::{files, wanted},
    players::Player,
    threads_player::OsThreads,
};

/// Fewer would mean that they were not found.
const FILES_MIN: usize = 120;

/// How many scenarios may need time of their own: the others are played by every driver.
const VIRTUAL_MAX: usize = 4;

/// What a player writes down; nothing where it does not play it.
fn transcript(player: &dyn Player, scenario: &Scenario) -> Option<String> {
    if !player.plays(scenario) {
        return None;
    }
    let (server, backstage) =
        server(&scenario.settings).unwrap_or_else(|error| panic!("{error}: {:?}", scenario.about));
    let mut stage = player.stage(server, &backstage);
    Some(play(scenario, stage.as_mut(), &backstage))
}

/// What a player writes down of each scenario.
fn transcripts(player: &dyn Player, files: &[(String, Scenario)]) -> Vec<Option<String>> {
    files.iter().map(|(_, scenario)| transcript(player, scenario)).collect()
}

/// What each player writes down. They play at once.
fn played(players: &[Box<dyn Player>], files: &[(String, Scenario)]) -> Vec<Vec<Option<String>>> {
    thread::scope(|scope| {
        let mut threads = Vec::new();
        for player in players {
            threads.push(scope.spawn(|| transcripts(player.as_ref(), files)));
        }
        threads.into_iter().map(|thread| thread.join().expect("a player that does not panic")).collect()
    })
}

#[test]
fn every_scenario_goes_as_it_is_written_whoever_plays_it() {
    let players = players::all();
    let files = wanted();
    let played = played(&players, &files);
    let mut failures = Vec::new();
    for (place, (name, scenario)) in files.iter().enumerate() {
        let mut written = scenario.transcript();
        let mut writer = "the file";
        for (player, transcripts) in players.iter().zip(&played) {
            let Some(transcript) = &transcripts[place] else { continue };
            if *transcript != written {
                let (player, difference) = (player.name(), diff(&written, transcript));
                failures.push(format!("{name}, - {writer}, + {player}:\n{difference}"));
                // The others are compared with what this one wrote: a fault of the file is told once.
                written.clone_from(transcript);
                writer = player;
            }
        }
    }
    assert!(failures.is_empty(), "{} differences:\n\n{}", failures.len(), failures.join("\n"));
}

/// How many scenarios the example without a runtime plays at least: those of whole answers on an ordinary server.
const BLOCKING_MIN: usize = 25;

/// How many the example of a runtime of one's own plays at least: all but those of shutdown.
const THREADS_MIN: usize = 100;

#[test]
fn there_are_scenarios_for_every_driver() {
    let files = files();
    let plays = |player: &dyn Player| files.iter().filter(|(_, scenario)| player.plays(scenario)).count();
    assert!(plays(&Blocking) >= BLOCKING_MIN, "{} for no runtime", plays(&Blocking));
    assert!(plays(&OsThreads) >= THREADS_MIN, "{} for a runtime of one's own", plays(&OsThreads));
    let virtual_time = files.iter().filter(|(_, scenario)| scenario.needs_virtual_time).count();
    assert!(files.len() >= FILES_MIN, "{} scenarios", files.len());
    assert!(virtual_time <= VIRTUAL_MAX, "{virtual_time} scenarios need virtual time");
}

#[test]
fn every_answer_and_every_row_of_the_seed_is_shown() {
    let complaints = rows::check(&files());
    assert!(complaints.is_empty(), "{complaints:#?}");
}
