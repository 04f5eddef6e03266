//! Who plays.

use mcp_driver::Server;
use mcp_tests::scenario::{Scenario, Stage};

use crate::{core_player::Core, tokio_player::Tokio};

/// A driver that scenarios are played against.
pub(crate) trait Player {
    /// Its name, for whoever reads of a difference.
    fn name(&self) -> &'static str;

    /// Whether it can play this one.
    fn plays(&self, scenario: &Scenario) -> bool {
        !scenario.needs_virtual_time
    }

    /// Runs this server.
    fn stage(&self, server: Server) -> Box<dyn Stage>;
}

/// Every driver. The core is played in two orders of tasks, once with all bytes at once and once in small pieces.
pub(crate) fn all() -> Vec<Box<dyn Player>> {
    vec![
        Box::new(Core { name: "core", seed: 1, piece_bytes_max: None }),
        Box::new(Core { name: "core in pieces", seed: 2, piece_bytes_max: Some(PIECE_BYTES_MAX) }),
        Box::new(Tokio),
    ]
}

/// Smaller than any line of a head that matters.
const PIECE_BYTES_MAX: usize = 7;
