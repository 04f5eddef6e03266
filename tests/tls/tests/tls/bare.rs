//! Connections without TLS that somebody else hands to a server which is to speak it.

use std::future::pending;

use hyper_util::rt::TokioIo;
use mcp_tokio::{Auth, ClientCertificate, Peer, ServerError, Service, StartError, TokioRuntime};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{
    authority::Authority,
    client::in_time,
    served::{builder, open, tls},
};

/// What comes of a request on a connection of this peer.
async fn answer(service: &Service<TokioRuntime>, peer: Option<Peer>) -> String {
    let (ours, mut theirs) = tokio::io::duplex(4096);
    let asked = b"GET /ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    theirs.write_all(asked).await.expect("room");
    let serving = async {
        match peer {
            Some(peer) => service.serve_connection_of(TokioIo::new(ours), peer, pending()).await,
            None => service.serve_connection(TokioIo::new(ours), pending()).await,
        }
    };
    let mut all = String::new();
    let (_, read) =
        in_time("the end", async { tokio::join!(serving, theirs.read_to_string(&mut all)) }).await;
    read.expect("text");
    all
}

#[tokio::test]
async fn they_are_ended_without_an_answer() {
    let authority = Authority::new("servers");
    let server = open(tls(&authority).build().expect("TLS"));
    let service = Service::start(server, TokioRuntime::new(), None).expect("a service");
    assert_eq!(answer(&service, None).await, "");
    assert_eq!(answer(&service, Some(Peer::default())).await, "");
    let with_certificate = Peer::with_certificate(ClientCertificate::new(*b"certificate"));
    assert!(answer(&service, Some(with_certificate)).await.starts_with("HTTP/1.1 200 OK"));
}

#[tokio::test]
async fn an_application_mounts_no_server_that_is_to_speak_tls() {
    let authority = Authority::new("servers");
    let server = || {
        let tls = tls(&authority).build().expect("TLS");
        builder(tls, Auth::none()).allow_open_beyond_loopback().build().expect("a server")
    };
    let refused = mcp_tokio::mount(server());
    assert!(matches!(refused, Err(StartError::Server(ServerError::TlsMount))), "{refused:?}");
    let refused = mcp_smol::mount(server());
    assert!(matches!(refused, Err(mcp_smol::StartError::Server(ServerError::TlsMount))), "{refused:?}");
}
