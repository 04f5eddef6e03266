//! Plays every file of `scenarios/` against every driver: what each of them writes down is equal, byte for byte, to
//! what the file says and to what the others wrote.

#![allow(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

mod core_player;
mod diff;
mod files;
mod loopback;
mod players;
mod tokio_player;

use mcp_tests::scenario::{Scenario, play, server};

use crate::{diff::diff, files::files, players::Player};

/// Fewer would mean that they were not found.
const FILES_MIN: usize = 60;

/// How many scenarios may need time of their own: the others are played by every driver.
const VIRTUAL_MAX: usize = 8;

/// What a player writes down; nothing where it does not play it.
fn transcript(player: &dyn Player, scenario: &Scenario) -> Option<String> {
    if !player.plays(scenario) {
        return None;
    }
    let (server, backstage) =
        server(&scenario.settings).unwrap_or_else(|error| panic!("{error}: {:?}", scenario.about));
    let mut stage = player.stage(server);
    Some(play(scenario, stage.as_mut(), &backstage))
}

#[test]
fn every_scenario_goes_as_it_is_written_whoever_plays_it() {
    let players = players::all();
    let files = files();
    let mut failures = Vec::new();
    for (name, scenario) in &files {
        let mut written = scenario.transcript();
        let mut writer = "the file";
        let mut played = 0;
        for player in &players {
            let Some(transcript) = transcript(player.as_ref(), scenario) else { continue };
            played += 1;
            if transcript != written {
                failures.push(format!(
                    "{name}, - {writer}, + {}:\n{}",
                    player.name(),
                    diff(&written, &transcript)
                ));
                // The others are compared with what this one wrote: a fault of the file is told once.
                written = transcript;
                writer = player.name();
            }
        }
        assert!(played > 0 || scenario.needs_virtual_time, "nobody plays {name}");
    }
    let virtual_time = files.iter().filter(|(_, scenario)| scenario.needs_virtual_time).count();
    assert!(failures.is_empty(), "{} differences:\n\n{}", failures.len(), failures.join("\n"));
    assert!(files.len() >= FILES_MIN, "{} scenarios", files.len());
    assert!(virtual_time <= VIRTUAL_MAX, "{virtual_time} scenarios need virtual time");
}
