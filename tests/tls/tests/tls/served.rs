//! A server on either driver.

use std::{
    net::SocketAddr,
    sync::mpsc,
    thread::{self, JoinHandle},
    time::{Duration, SystemTime},
};

use mcp_tokio::{
    Auth, BearerPolicy, BearerPolicyBuilder, ClientCertificate, DevIssuer, Mode, NoArguments, Server,
    ServerBuilder, ServerTls, ServerTlsBuilder, Tool, UnixSeconds,
};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::authority::{Authority, Pair};

pub(crate) const ISSUER: &str = "https://id.example";
pub(crate) const AUDIENCE: &str = "https://localhost/mcp";

/// What a server runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Driver {
    Tokio,
    Smol,
}

impl Driver {
    pub(crate) const ALL: [Self; 2] = [Self::Tokio, Self::Smol];

    /// Starts a server on a thread of its own.
    pub(crate) fn serve(self, server: Server) -> Running {
        let (told, tell) = mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async move { drop(stopped.await) };
        let thread = thread::spawn(move || match self {
            Self::Tokio => {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                runtime.expect("a runtime").block_on(async {
                    let listener = mcp_tokio::bind(server, "127.0.0.1:0").await.expect("a listener");
                    told.send(listener.local_addr().expect("an address")).expect("somebody waits");
                    listener.run(stopped).await;
                });
            }
            Self::Smol => smol::block_on(async {
                let listener = mcp_smol::bind(server, "127.0.0.1:0").await.expect("a listener");
                told.send(listener.local_addr().expect("an address")).expect("somebody waits");
                listener.run(stopped).await;
            }),
        });
        let address = tell.recv().expect("a server that listens");
        Running { address, stop: Some(stop), thread: Some(thread) }
    }
}

/// A server that is stopped when it is dropped.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !thread::panicking()
        {
            panic!("the server panicked");
        }
    }
}

/// The certificate of a server of this authority.
pub(crate) fn tls(authority: &Authority) -> ServerTlsBuilder {
    let Pair { certificate, key } = authority.server();
    ServerTls::pem(certificate, key)
}

/// A server whose one tool tells who calls, and with which certificate.
pub(crate) fn builder(tls: ServerTls, auth: impl Into<Auth>) -> ServerBuilder {
    let who = async |_: NoArguments, cx: mcp_tokio::Context, certificate: Option<ClientCertificate>| {
        assert_eq!(cx.client_certificate(), certificate.as_ref());
        let thumbprint = certificate.map(|certificate| format!("{:?}", certificate.thumbprint()));
        let subject = cx.principal().map(|principal| principal.subject().to_owned());
        format!("{} {}", subject.unwrap_or_default(), thumbprint.unwrap_or_default())
    };
    Server::builder("tls", "1", auth).mode(Mode::Stateful).tls(tls).tool(Tool::new("who").typed(who))
}

pub(crate) fn open(tls: ServerTls) -> Server {
    builder(tls, Auth::none()).build().expect("a server")
}

/// A server that takes tokens of this issuer.
pub(crate) fn guarded(tls: ServerTls, issuer: &DevIssuer, policy: BearerPolicyBuilder) -> ServerBuilder {
    builder(tls, Auth::bearer(policy, issuer.keys()))
}

pub(crate) fn issuer() -> DevIssuer {
    DevIssuer::new(ISSUER).expect("an issuer")
}

pub(crate) fn policy() -> BearerPolicyBuilder {
    BearerPolicy::builder(ISSUER, AUDIENCE)
}

/// Alice's token, bound to this certificate.
pub(crate) fn token(issuer: &DevIssuer, bound_to: Option<&Pair>) -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    let token = issuer.token(AUDIENCE, UnixSeconds(now)).subject("alice");
    let cnf = |pair: &Pair| -> Value { json!({"x5t#S256": pair.thumbprint()}) };
    match bound_to {
        Some(pair) => token.claim("cnf", cnf(pair)).sign(),
        None => token.sign(),
    }
}
