//! The tokio driver over loopback.

use mcp_driver::Server;
use mcp_tests::scenario::{Backstage, Stage};
use tokio::{net::TcpListener, runtime::Builder};

use crate::{loopback::Loopback, players::Player};

pub(crate) struct Tokio;

impl Player for Tokio {
    fn name(&self) -> &'static str {
        "tokio"
    }

    fn stage(&self, server: Server, _: &Backstage) -> Box<dyn Stage> {
        Box::new(Loopback::start(move |sockets, stop| {
            let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let sockets = TcpListener::from_std(sockets).expect("sockets");
                mcp_tokio::listen(server, sockets).expect("a listener").run(stop).await;
            });
        }))
    }
}
