//! Who plays.

use mcp_driver::Server;
use mcp_tests::scenario::{Backstage, Scenario, Stage};

use crate::{
    blocking_player::Blocking, core_player::Core, smol_player::Smol, threads_player::OsThreads,
    tokio_player::Tokio,
};

/// A driver that scenarios are played against.
pub(crate) trait Player: Sync {
    /// Its name, for whoever reads of a difference.
    fn name(&self) -> &'static str;

    /// Whether it can play this one.
    fn plays(&self, scenario: &Scenario) -> bool {
        !scenario.needs_virtual_time
    }

    /// Runs this server.
    fn stage(&self, server: Server, backstage: &Backstage) -> Box<dyn Stage>;
}

/// Every driver. The core is played in two orders of tasks.
pub(crate) fn all() -> Vec<Box<dyn Player>> {
    vec![
        Box::new(Core { name: "core", seed: 1 }),
        Box::new(Core { name: "core in another order", seed: 2 }),
        Box::new(Tokio),
        Box::new(Smol),
        Box::new(OsThreads),
        Box::new(Blocking),
    ]
}
