//! The drivers, for tests that hold for all of them. Clients and tests run on tokio; a server runs on what is tested.

use std::{
    future::Future,
    net::{Ipv4Addr, SocketAddr},
};

use mcp_driver::Server;

/// What a server runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Driver {
    /// The runtime of the test.
    Tokio,
    /// The global executor of smol, on a thread of its own.
    Smol,
}

impl Driver {
    /// Serves on a port of its own until `stop` is ready.
    ///
    /// # Panics
    /// When the server cannot be started.
    #[expect(clippy::expect_used, reason = "a test says what is wrong by panicking")]
    pub async fn start(self, server: Server, stop: impl Future<Output = ()> + Send + 'static) -> Running {
        let any = (Ipv4Addr::LOCALHOST, 0);
        match self {
            Self::Tokio => {
                let listener = mcp_tokio::bind(server, any).await.expect("a listener");
                let address = listener.local_addr().expect("an address");
                Running { address, run: Run::Tokio(tokio::spawn(listener.run(stop))) }
            }
            Self::Smol => {
                let listener = mcp_smol::bind(server, any).await.expect("a listener");
                let address = listener.local_addr().expect("an address");
                Running { address, run: Run::Smol(smol::spawn(listener.run(stop))) }
            }
        }
    }
}

/// A server that runs. On tokio it goes on when this is dropped; on smol it is dropped too.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    run: Run,
}

#[derive(Debug)]
enum Run {
    Tokio(tokio::task::JoinHandle<()>),
    Smol(smol::Task<()>),
}

impl Running {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Drops the future of the server.
    pub async fn abort(self) {
        match self.run {
            Run::Tokio(task) => task.abort(),
            Run::Smol(task) => _ = task.cancel().await,
        }
    }

    /// Waits until the server has shut down.
    ///
    /// # Panics
    /// When the server did.
    #[expect(clippy::expect_used, reason = "a test says what is wrong by panicking")]
    pub async fn ended(self) {
        match self.run {
            Run::Tokio(task) => task.await.expect("the server did not panic"),
            Run::Smol(task) => task.await,
        }
    }
}
