//! Against sockets that behave well and badly. Whatever is waited for has [`PATIENCE`] as its upper bound.

use std::{
    net::{Ipv4Addr, Ipv6Addr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use mcp_driver::{Auth, FetchUrl, TlsFailure, TlsRoots};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
    time::{Duration, timeout},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{self, ServerConfig, pki_types::PrivateKeyDer},
};

use super::*;

const PATIENCE: Duration = Duration::from_secs(10);

const DOCUMENT: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";

/// Who vouches for servers.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// What a server presents that has a certificate for this name, valid in these years.
    fn presented(
        &self,
        name: &str,
        years: (i32, i32),
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> TlsAcceptor {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(years.0, 1, 1);
        params.not_after = rcgen::date_time_ymd(years.1, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            );
        TlsAcceptor::from(Arc::new(config.unwrap()))
    }

    fn good(&self, name: &str) -> TlsAcceptor {
        self.presented(name, (2020, 4000), rustls::ALL_VERSIONS)
    }

    fn roots(&self) -> TlsRoots {
        TlsRoots::pem(&self.pem).unwrap()
    }
}

/// A server that gives everybody the same answer, and counts those who asked.
struct Site {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
}

impl Site {
    /// Over TLS where there is something to present.
    async fn start(tls: Option<TlsAcceptor>, answer: &'static str) -> Self {
        Self::start_at((Ipv4Addr::LOCALHOST, 0).into(), tls, answer).await
    }

    async fn start_at(at: SocketAddr, tls: Option<TlsAcceptor>, answer: &'static str) -> Self {
        let sockets = TcpListener::bind(at).await.unwrap();
        let address = sockets.local_addr().unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = sockets.accept().await {
                match &tls {
                    None => serve(stream, &count, answer).await,
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream).await {
                            serve(stream, &count, answer).await;
                        }
                    }
                }
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn url(&self, scheme: &str, host: &str) -> String {
        format!("{scheme}://{host}:{}/jwks", self.address.port())
    }
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, asked: &AtomicUsize, answer: &str) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    if head.starts_with(b"GET /jwks HTTP/1.1\r\n") {
        asked.fetch_add(1, Ordering::SeqCst);
    }
    // The client may be gone before all is written.
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}

async fn fetch(url: &str, roots: TlsRoots) -> Result<Fetched, FetchFailure> {
    let server = Server::builder("test", "1", Auth::none()).tls_roots(roots).build().unwrap();
    let request = Outgoing::get(FetchUrl::parse(url).unwrap(), &["application/json"], 100);
    timeout(PATIENCE, TokioFetch::new(TokioRuntime::new(), &server).fetch(request)).await.expect("an outcome")
}

#[tokio::test]
async fn http_is_fetched_from_loopback_and_needs_no_certificates() {
    for at in [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), SocketAddr::from((Ipv6Addr::LOCALHOST, 0))] {
        let site = Site::start_at(at, None, DOCUMENT).await;
        let host = site.address.ip();
        let host = if host.is_ipv6() { format!("[{host}]") } else { host.to_string() };
        let fetched = fetch(&site.url("http", &host), TlsRoots::platform()).await.unwrap();
        assert_eq!((&*fetched.body, fetched.address), (b"{}".as_slice(), Some(site.address)));
        assert_eq!(site.asked(), 1);
    }
}

#[tokio::test]
async fn https_is_fetched_by_name_and_by_address_in_both_versions() {
    let authority = Authority::new("authority");
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        for (name, host, at) in [
            ("localhost", "localhost", SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
            ("127.0.0.1", "127.0.0.1", SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
            ("::1", "[::1]", SocketAddr::from((Ipv6Addr::LOCALHOST, 0))),
        ] {
            let tls = authority.presented(name, (2020, 4000), &[version]);
            let site = Site::start_at(at, Some(tls), DOCUMENT).await;
            let fetched = fetch(&site.url("https", host), authority.roots()).await.unwrap();
            assert_eq!((&*fetched.body, fetched.address), (b"{}".as_slice(), Some(site.address)), "{name}");
        }
    }
}

#[tokio::test]
async fn a_server_that_nobody_vouches_for_is_asked_nothing() {
    let authority = Authority::new("authority");
    let stranger = Authority::new("stranger");
    let impostor = Authority::new("authority");
    let table = [
        (stranger.good("localhost"), TlsFailure::IssuerUnknown),
        (impostor.good("localhost"), TlsFailure::Handshake),
        (authority.good("localhost.example"), TlsFailure::NameWrong),
        (authority.good("127.0.0.1"), TlsFailure::NameWrong),
        (authority.presented("localhost", (2020, 2021), rustls::ALL_VERSIONS), TlsFailure::Expired),
        (authority.presented("localhost", (3999, 4000), rustls::ALL_VERSIONS), TlsFailure::NotYetValid),
    ];
    for (tls, failure) in table {
        let site = Site::start(Some(tls), DOCUMENT).await;
        let outcome = fetch(&site.url("https", "localhost"), authority.roots()).await;
        assert_eq!(outcome, Err(FetchFailure::Tls(failure)));
        assert_eq!(site.asked(), 0, "{failure:?}");
    }
}

#[tokio::test]
async fn the_platform_does_not_vouch_for_a_stranger() {
    let site = Site::start(Some(Authority::new("authority").good("localhost")), DOCUMENT).await;
    let outcome = fetch(&site.url("https", "localhost"), TlsRoots::platform()).await;
    // The second is what a machine without certificates says.
    let expected =
        [TlsFailure::IssuerUnknown, TlsFailure::RootsMissing].map(|failure| Err(FetchFailure::Tls(failure)));
    assert!(expected.contains(&outcome), "{outcome:?}");
    assert_eq!(site.asked(), 0);
}

#[tokio::test]
async fn each_protocol_on_the_port_of_the_other_is_a_failure() {
    let authority = Authority::new("authority");
    // It speaks first: a greeting to TLS is no head, and a server that waits for the end of one waits.
    let sockets = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("https://localhost:{}/jwks", sockets.local_addr().unwrap().port());
    let talker = tokio::spawn(async move {
        let (mut stream, _) = sockets.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
    });
    assert_eq!(fetch(&url, authority.roots()).await, Err(FetchFailure::Tls(TlsFailure::Handshake)));
    talker.await.unwrap();

    let tls = Site::start(Some(authority.good("localhost")), DOCUMENT).await;
    let outcome = fetch(&tls.url("http", "localhost"), authority.roots()).await;
    assert_eq!(outcome, Err(FetchFailure::Unreachable));
}

#[tokio::test]
async fn a_server_that_is_not_there_or_hangs_up_is_unreachable() {
    let authority = Authority::new("authority");
    let sockets = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = sockets.local_addr().unwrap().port();
    let hangs_up = tokio::spawn(async move {
        for _ in 0..2 {
            drop(sockets.accept().await.unwrap());
        }
    });
    for scheme in ["http", "https"] {
        let outcome = fetch(&format!("{scheme}://127.0.0.1:{port}/jwks"), authority.roots()).await;
        assert_eq!(outcome, Err(FetchFailure::Unreachable), "{scheme}");
    }
    hangs_up.await.unwrap();
    for scheme in ["http", "https"] {
        let outcome = fetch(&format!("{scheme}://127.0.0.1:{port}/jwks"), authority.roots()).await;
        assert_eq!(outcome, Err(FetchFailure::Unreachable), "{scheme}");
    }
}

#[tokio::test]
async fn a_redirect_leads_nowhere() {
    let authority = Authority::new("authority");
    let target = Site::start(None, DOCUMENT).await;
    for status in [301, 302, 303, 307, 308] {
        let answer = format!(
            "HTTP/1.1 {status} Elsewhere\r\nlocation: {}\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{{}}",
            target.url("http", "127.0.0.1")
        );
        let site = Site::start(Some(authority.good("localhost")), answer.leak()).await;
        let outcome = fetch(&site.url("https", "localhost"), authority.roots()).await;
        assert_eq!(outcome, Err(FetchFailure::Status(status)));
        assert_eq!((site.asked(), target.asked()), (1, 0));
    }
}

#[tokio::test]
async fn a_bad_answer_is_told_as_what_it_is() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    let table = [
        (DOCUMENT.replace("application/json", "text/html"), FetchFailure::MediaType),
        (format!("{head}content-length: 101\r\n\r\n{}", " ".repeat(101)), FetchFailure::TooLong),
        (format!("{head}\r\n{}", " ".repeat(100_000)), FetchFailure::TooLong),
        (format!("{head}content-length: 3\r\n\r\n{{}}"), FetchFailure::Unreachable),
        (format!("{head}{}\r\n\r\n", "x: y\r\n".repeat(10_000)), FetchFailure::Unreachable),
        ("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n".to_owned(), FetchFailure::Status(503)),
    ];
    let authority = Authority::new("authority");
    for (answer, failure) in table {
        let answer = &*answer.leak();
        let plain = Site::start(None, answer).await;
        let secure = Site::start(Some(authority.good("localhost")), answer).await;
        for url in [plain.url("http", "localhost"), secure.url("https", "localhost")] {
            assert_eq!(fetch(&url, authority.roots()).await, Err(failure.clone()), "{url}");
        }
    }
}

#[tokio::test]
async fn an_answer_over_tls_that_is_cut_off_is_no_answer() {
    // Without a length the end of the stream is the end of the document, and only TLS tells a true end.
    let authority = Authority::new("authority");
    let tls = authority.good("localhost");
    let sockets = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("https://localhost:{}/jwks", sockets.local_addr().unwrap().port());
    tokio::spawn(async move {
        let (stream, _) = sockets.accept().await.unwrap();
        let mut stream = tls.accept(stream).await.unwrap();
        let mut head = [0; 64];
        let _ = stream.read(&mut head).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{}").await.unwrap();
        stream.flush().await.unwrap();
        // The socket is closed, and TLS is not.
        let (socket, _) = stream.into_inner();
        drop(socket);
    });
    assert_eq!(fetch(&url, authority.roots()).await, Err(FetchFailure::Unreachable));
}
