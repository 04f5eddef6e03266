//! What is agreed on, and what is no handshake.

use std::time::Duration;

use mcp_tokio::{Auth, ConnectionTimeouts, ServerLimits};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::rustls::{
    ProtocolVersion,
    version::{TLS12, TLS13},
};

use crate::{
    authority::Authority,
    client::{Client, in_time},
    served::{Driver, builder, open, tls},
};

/// RFC 7301: the server chooses, and takes clients that offer nothing for such of HTTP/1.1.
#[tokio::test]
async fn both_protocols_are_spoken_over_both_versions() {
    let authority = Authority::new("servers");
    for driver in Driver::ALL {
        let server = driver.serve(open(tls(&authority).build().expect("TLS")));
        let table: [(&[&str], Option<&[u8]>); 5] = [
            (&["h2"], Some(b"h2")),
            (&["http/1.1"], Some(b"http/1.1")),
            (&["http/1.1", "h2"], Some(b"h2")),
            (&["h3", "http/1.1"], Some(b"http/1.1")),
            (&[], None),
        ];
        for (protocols, chosen) in table {
            for (version, is) in [(&TLS12, ProtocolVersion::TLSv1_2), (&TLS13, ProtocolVersion::TLSv1_3)] {
                let client = Client { protocols, versions: &[version], ..Client::new(&authority) };
                let stream = client.handshake(server.address).await.expect("a handshake");
                let (_, connection) = stream.get_ref();
                assert_eq!(connection.alpn_protocol(), chosen, "{driver:?} {protocols:?}");
                assert_eq!(connection.protocol_version(), Some(is), "{driver:?}");
                drop(stream);
                let answer = client.connect(server.address).await.who(None).await;
                assert_eq!(answer.said(), " ", "{driver:?} {protocols:?}");
            }
        }
        let nothing_in_common = Client { protocols: &["h3"], ..Client::new(&authority) };
        nothing_in_common.handshake(server.address).await.expect_err("no protocol");
    }
}

#[tokio::test]
async fn what_is_no_tls_is_not_answered() {
    let authority = Authority::new("servers");
    for driver in Driver::ALL {
        let server = driver.serve(open(tls(&authority).build().expect("TLS")));
        let plain = ["GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"];
        for request in plain {
            let mut socket = TcpStream::connect(server.address).await.expect("a connection");
            socket.write_all(request.as_bytes()).await.expect("sent");
            let mut answer = Vec::new();
            // A reset is an end too.
            let _ = in_time("the end", socket.read_to_end(&mut answer)).await;
            assert!(!answer.windows(4).any(|piece| piece == b"HTTP"), "{driver:?} {answer:?}");
        }
        let answer = Client::new(&authority).connect(server.address).await.who(None).await;
        assert_eq!(answer.said(), " ", "{driver:?}: others are served");
    }
}

/// A stalled handshake has a place, and has it for no longer than its time.
#[tokio::test]
async fn a_handshake_that_stalls_makes_place_in_time() {
    let authority = Authority::new("servers");
    for driver in Driver::ALL {
        let mut limits = ServerLimits::default();
        limits.connections = 1;
        let mut timeouts = ConnectionTimeouts::default();
        assert_eq!(timeouts.handshake, Duration::from_secs(10));
        timeouts.handshake = Duration::from_secs(2);
        let server = builder(tls(&authority).build().expect("TLS"), Auth::none());
        let server = server.limits(limits).connection_timeouts(timeouts).build().expect("a server");
        let server = driver.serve(server);
        // The first bytes of a record that never ends, and nothing at all.
        for bytes in [&[22, 3, 1, 2, 0][..], &[]] {
            let mut stalled = TcpStream::connect(server.address).await.expect("a connection");
            stalled.write_all(bytes).await.expect("sent");
            // Waits for the one place that there is.
            let answer = Client::new(&authority).connect(server.address).await.who(None).await;
            assert_eq!(answer.said(), " ", "{driver:?}");
            let mut answer = Vec::new();
            let _ = in_time("the end", stalled.read_to_end(&mut answer)).await;
        }
    }
}

#[tokio::test]
async fn a_server_that_stops_does_not_wait_for_handshakes() {
    let authority = Authority::new("servers");
    for driver in Driver::ALL {
        let mut timeouts = ConnectionTimeouts::default();
        // None of them passes while the test runs.
        timeouts.handshake = Duration::from_secs(3600);
        timeouts.drain = Duration::from_secs(3600);
        let server = builder(tls(&authority).build().expect("TLS"), Auth::none());
        let server = driver.serve(server.connection_timeouts(timeouts).build().expect("a server"));
        let stalled = TcpStream::connect(server.address).await.expect("a connection");
        // The server has accepted what came before this one.
        let _ = Client::new(&authority).connect(server.address).await.who(None).await;
        in_time("the end", tokio::task::spawn_blocking(move || drop(server))).await.expect("no panic");
        drop(stalled);
    }
}
