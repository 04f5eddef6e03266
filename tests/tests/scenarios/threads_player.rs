//! The driver on the runtime of its own example, over loopback.

#[path = "../../../mcp-driver/examples/os_threads.rs"]
#[allow(dead_code, reason = "its main is for those who try it")]
mod os_threads;

use mcp_driver::{ConnectionTimeouts, Server};
use mcp_tests::scenario::{Backstage, Scenario, Stage, Step, Trust};

use crate::{loopback::Loopback, players::Player};

pub(crate) struct OsThreads;

impl Player for OsThreads {
    fn name(&self) -> &'static str {
        "threads of its own"
    }

    /// The example serves until its process ends and fetches no keys, and writes block there, so that nobody counts
    /// their time.
    fn plays(&self, scenario: &Scenario) -> bool {
        let stops = |(_, step): &(usize, Step)| matches!(step, Step::Stop);
        let write_stall = scenario.settings.connections.write_stall;
        !scenario.needs_virtual_time
            && !scenario.steps.iter().any(stops)
            && scenario.settings.trust != Trust::TokensWithoutKeys
            && write_stall == ConnectionTimeouts::default().write_stall
    }

    fn stage(&self, server: Server, _: &Backstage) -> Box<dyn Stage> {
        Box::new(Loopback::start(move |sockets, _| {
            sockets.set_nonblocking(false).expect("sockets that block");
            os_threads::serve(server, &sockets).expect("a server");
        }))
    }
}
