//! Clients with certificates, and what an application makes of them.

use mcp_tokio::{Auth, Identity, Rejection, RequestHead};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::rustls::version::{TLS12, TLS13};

use crate::{
    authority::{Authority, Pair},
    client::{Client, in_time},
    served::{Driver, builder, open, tls},
};

/// Whether the server takes the certificate, which a client of TLS 1.3 learns by reading.
async fn is_served(client: &Client<'_>, address: std::net::SocketAddr) -> bool {
    let Ok(mut stream) = client.handshake(address).await else { return false };
    let request = b"GET /ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    if stream.write_all(request).await.is_err() {
        return false;
    }
    let mut answer = Vec::new();
    let _ = in_time("an answer", stream.read_to_end(&mut answer)).await;
    answer.starts_with(b"HTTP/1.1 200 ")
}

#[tokio::test]
async fn only_certificates_of_the_authority_for_clients_are_taken() {
    let (servers, clients, strangers) =
        (Authority::new("servers"), Authority::new("clients"), Authority::new("clients"));
    let (own, foreign) = (clients.client("own"), strangers.client("own"));
    // One of the same authority, for another purpose.
    let server = clients.server();
    for driver in Driver::ALL {
        for is_required in [false, true] {
            let tls = tls(&servers).client_ca_pem(clients.pem());
            let tls = if is_required { tls.require_client_certificate() } else { tls };
            let running = driver.serve(open(tls.build().expect("TLS")));
            let table: [(Option<&Pair>, bool); 4] =
                [(None, !is_required), (Some(&own), true), (Some(&foreign), false), (Some(&server), false)];
            for (number, (certificate, expected)) in table.into_iter().enumerate() {
                for version in [&TLS12, &TLS13] {
                    let client = Client { versions: &[version], ..Client::new(&servers).with(certificate) };
                    let served = is_served(&client, running.address).await;
                    assert_eq!(served, expected, "{driver:?} {is_required} line {number} {version:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn handlers_see_the_certificate_of_their_connection() {
    let (servers, clients) = (Authority::new("servers"), Authority::new("clients"));
    let [one, other] = ["one", "other"].map(|name| clients.client(name));
    let shown =
        |pair: &Pair| mcp_tokio::CertificateThumbprint::parse(&pair.thumbprint()).expect("a thumbprint");
    for driver in Driver::ALL {
        let tls = tls(&servers).client_ca_pem(clients.pem()).build().expect("TLS");
        let server = driver.serve(open(tls));
        for certificate in [None, Some(&one), Some(&other)] {
            let expected = certificate.map(|pair| format!("{:?}", shown(pair))).unwrap_or_default();
            for client in [Client::new(&servers), Client::new(&servers).http2()] {
                let mut connection = client.with(certificate).connect(server.address).await;
                for _ in 0..2 {
                    assert_eq!(connection.who(None).await.said(), format!(" {expected}"), "{driver:?}");
                }
            }
        }
    }
}

/// A server that asks no client has nothing to show, whatever the client has.
#[tokio::test]
async fn a_certificate_that_nobody_asked_for_is_none() {
    let (servers, clients) = (Authority::new("servers"), Authority::new("clients"));
    let own = clients.client("own");
    for driver in Driver::ALL {
        let server = driver.serve(open(tls(&servers).build().expect("TLS")));
        let mut connection = Client::new(&servers).with(Some(&own)).connect(server.address).await;
        assert_eq!(connection.who(None).await.said(), " ", "{driver:?}");
    }
}

#[tokio::test]
async fn a_verifier_recognises_callers_by_their_certificates_and_binds_them() {
    let (servers, clients) = (Authority::new("servers"), Authority::new("clients"));
    let [alice, bob] = ["alice", "bob"].map(|name| clients.client(name));
    let of_alice = mcp_tokio::CertificateThumbprint::parse(&alice.thumbprint()).expect("a thumbprint");
    let der = alice.der();
    for driver in Driver::ALL {
        let der = der.clone();
        // By the certificate alone; or by a word, which is good with alice's certificate.
        let verifier = move |head: RequestHead| {
            let der = der.clone();
            async move {
                if head.bearer() == Some("word") {
                    return Ok(Identity::new("alice").bound_to_certificate(of_alice));
                }
                let certificate = head.client_certificate().ok_or_else(Rejection::denied)?;
                let is_alice = certificate.der() == &*der && *certificate.thumbprint() == of_alice;
                if is_alice { Ok(Identity::new("alice")) } else { Err(Rejection::denied()) }
            }
        };
        let tls = tls(&servers).client_ca_pem(clients.pem()).build().expect("TLS");
        let server = driver.serve(builder(tls, Auth::verifier(verifier)).build().expect("a server"));
        for (certificate, status) in [(None, 401), (Some(&alice), 200), (Some(&bob), 401)] {
            let mut connection = Client::new(&servers).with(certificate).connect(server.address).await;
            for word in [None, Some("word")] {
                let answer = connection.who(word).await;
                assert_eq!(answer.status, status, "{driver:?} {answer:?}");
            }
        }
    }
}
