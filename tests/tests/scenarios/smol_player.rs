//! The smol driver over loopback.

use std::sync::Arc;

use mcp_driver::Server;
use mcp_smol::SmolRuntime;
use mcp_tests::scenario::{Backstage, Stage};
use smol::{Executor, net::TcpListener};

use crate::{loopback::Loopback, players::Player};

pub(crate) struct Smol;

impl Player for Smol {
    fn name(&self) -> &'static str {
        "smol"
    }

    fn stage(&self, server: Server, _: &Backstage) -> Box<dyn Stage> {
        Box::new(Loopback::start(move |sockets, stop| {
            // On an executor of its own, what a server leaves behind ends with it.
            let executor = Arc::new(Executor::new());
            let runtime = SmolRuntime::on(Arc::clone(&executor));
            let sockets = TcpListener::try_from(sockets).expect("sockets");
            let listener = runtime.listen(server, sockets).expect("a listener");
            smol::block_on(executor.run(listener.run(stop)));
        }))
    }
}
