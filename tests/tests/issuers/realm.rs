//! The server of an issuer.

use std::{
    collections::HashMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
    sync::{Notify, Semaphore},
};
use tokio_rustls::TlsAcceptor;

use crate::issuers::served::in_time;

/// What is at a path.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    status: u16,
    media_type: &'static str,
    location: Option<String>,
    body: String,
}

impl Page {
    pub(crate) fn json(body: String) -> Self {
        Self { status: 200, media_type: "application/json", location: None, body }
    }

    pub(crate) fn status(status: u16) -> Self {
        Self { status, ..Self::json("{}".to_owned()) }
    }

    pub(crate) fn redirect(location: &str) -> Self {
        Self { location: Some(location.to_owned()), ..Self::status(302) }
    }

    pub(crate) fn with_type(self, media_type: &'static str) -> Self {
        Self { media_type, ..self }
    }

    fn bytes(&self) -> String {
        let Self { status, media_type, location, body } = self;
        let location = location.as_ref().map(|url| format!("location: {url}\r\n")).unwrap_or_default();
        let length = body.len();
        format!(
            "HTTP/1.1 {status} X\r\ncontent-type: {media_type}\r\ncontent-length: {length}\r\n{location}\r\n{body}"
        )
    }
}

/// A server with pages that a test can change at any time.
pub(crate) struct Realm {
    address: SocketAddr,
    is_secure: bool,
    desk: Arc<Desk>,
}

struct Desk {
    pages: Mutex<HashMap<String, Page>>,
    /// The paths that were asked for, in order.
    asked: Mutex<Vec<String>>,
    /// Somebody asked.
    news: Notify,
    refused_handshakes: Semaphore,
}

impl Realm {
    /// On a port of its own, over TLS where there is something to present.
    pub(crate) async fn start(tls: Option<TlsAcceptor>) -> Self {
        let sockets = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = sockets.local_addr().expect("an address");
        let desk = Arc::new(Desk {
            pages: Mutex::default(),
            asked: Mutex::default(),
            news: Notify::new(),
            refused_handshakes: Semaphore::new(0),
        });
        let realm = Self { address, is_secure: tls.is_some(), desk: Arc::clone(&desk) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = sockets.accept().await {
                let (desk, tls) = (Arc::clone(&desk), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => desk.answer(stream).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => desk.answer(stream).await,
                            Err(_) => desk.refused_handshakes.add_permits(1),
                        },
                    }
                });
            }
        });
        realm
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        let scheme = if self.is_secure { "https" } else { "http" };
        format!("{scheme}://localhost:{}{path}", self.port())
    }

    /// Has this page at this path from now on; where it was given none, it answers 404.
    pub(crate) fn set(&self, path: &str, page: Page) {
        self.desk.pages.lock().expect("no panic").insert(path.to_owned(), page);
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.desk.asked.lock().expect("no panic").clone()
    }

    /// Waits until it was asked so often.
    pub(crate) async fn until_asked(&self, times: usize) {
        in_time("the issuer is asked", async {
            while self.asked().len() < times {
                self.desk.news.notified().await;
            }
        })
        .await;
    }

    /// Waits until a client, and one more for each time this was waited for before, has refused to go on.
    pub(crate) async fn refused_handshake(&self) {
        let refused = in_time("the handshake is refused", self.desk.refused_handshakes.acquire()).await;
        refused.expect("never closed").forget();
    }
}

impl Desk {
    async fn answer(&self, mut stream: impl AsyncRead + AsyncWrite + Unpin) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => return,
            }
        }
        let head = String::from_utf8(head).expect("ASCII");
        let path =
            head.strip_prefix("GET ").and_then(|rest| rest.split(' ').next()).expect("a GET").to_owned();
        let page = self.pages.lock().expect("no panic").get(&path).cloned();
        self.asked.lock().expect("no panic").push(path);
        self.news.notify_one();
        let page = page.unwrap_or_else(|| Page::status(404));
        // The client may be gone already.
        let _ = stream.write_all(page.bytes().as_bytes()).await;
        let _ = stream.shutdown().await;
    }
}
