//! A client of HTTP/1.1 and HTTP/2 with TLS.

use std::{future::Future, io, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, client::conn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore, SupportedProtocolVersion,
        crypto::ring,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
        version::{TLS12, TLS13},
    },
};

use crate::authority::{Authority, Pair};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(done) => done,
        Err(_) => panic!("{what} takes for ever"),
    }
}

static BOTH: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];

/// How a client connects.
pub(crate) struct Client<'c> {
    pub(crate) trusts: &'c Authority,
    pub(crate) certificate: Option<&'c Pair>,
    pub(crate) protocols: &'c [&'c str],
    pub(crate) versions: &'c [&'static SupportedProtocolVersion],
}

impl<'c> Client<'c> {
    /// One of HTTP/1.1 without a certificate.
    pub(crate) fn new(trusts: &'c Authority) -> Self {
        Self { trusts, certificate: None, protocols: &["http/1.1"], versions: &BOTH }
    }

    pub(crate) fn http2(self) -> Self {
        Self { protocols: &["h2"], ..self }
    }

    pub(crate) fn with(self, certificate: Option<&'c Pair>) -> Self {
        Self { certificate, ..self }
    }

    fn config(&self) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        let root = CertificateDer::from_pem_slice(self.trusts.pem().as_bytes()).expect("a certificate");
        roots.add(root).expect("an authority");
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(self.versions)
            .expect("versions")
            .with_root_certificates(roots);
        let mut config = match self.certificate {
            None => builder.with_no_client_auth(),
            Some(pair) => {
                builder.with_client_auth_cert(vec![pair.der()], pair.key_der()).expect("a certificate")
            }
        };
        config.alpn_protocols = self.protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        config
    }

    /// The handshake alone. In TLS 1.3 it is over for a client before the server has judged its certificate.
    pub(crate) async fn handshake(&self, address: SocketAddr) -> io::Result<TlsStream<TcpStream>> {
        let socket = in_time("connect", TcpStream::connect(address)).await?;
        let name = ServerName::try_from("localhost").expect("a name");
        in_time("the handshake", TlsConnector::from(Arc::new(self.config())).connect(name, socket)).await
    }

    pub(crate) async fn connect(&self, address: SocketAddr) -> Connection {
        let stream = self.handshake(address).await.expect("a handshake");
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        if is_http2 {
            let (sender, connection) =
                conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.expect("HTTP/2");
            tokio::spawn(connection);
            Connection::Http2(sender, address)
        } else {
            let (sender, connection) = conn::http1::handshake(TokioIo::new(stream)).await.expect("HTTP/1.1");
            tokio::spawn(connection);
            Connection::Http1(sender, address)
        }
    }
}

/// A connection that is open until it is dropped.
pub(crate) enum Connection {
    Http1(conn::http1::SendRequest<Full<Bytes>>, SocketAddr),
    Http2(conn::http2::SendRequest<Full<Bytes>>, SocketAddr),
}

/// An answer that has come whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    /// What the one tool said.
    pub(crate) fn said(&self) -> String {
        assert_eq!(self.status, 200, "{self:?}");
        let message: Value = serde_json::from_str(&self.body).expect("JSON");
        message["result"]["content"][0]["text"].as_str().expect("text").to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }
}

impl Connection {
    /// The head of the answer, and then its body.
    pub(crate) async fn begin(&mut self, request: http::request::Builder, body: Value) -> Response<Incoming> {
        let body = Full::new(if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) });
        let mut request: Request<Full<Bytes>> = request.body(body).expect("a request");
        let answer = async {
            match self {
                Self::Http1(sender, address) => {
                    request.headers_mut().insert("host", address.to_string().parse().expect("a host"));
                    sender.send_request(request).await
                }
                Self::Http2(sender, address) => {
                    let uri = format!("https://{address}{}", request.uri().path());
                    *request.uri_mut() = uri.parse().expect("a target");
                    sender.send_request(request).await
                }
            }
        };
        in_time("an answer", answer).await.expect("an answer")
    }

    pub(crate) async fn exchange(&mut self, request: http::request::Builder, body: Value) -> Answer {
        let (head, body) = self.begin(request, body).await.into_parts();
        let body = in_time("a body", body.collect()).await.expect("a body").to_bytes();
        let body = String::from_utf8(body.to_vec()).expect("text");
        Answer { status: head.status.as_u16(), headers: head.headers, body }
    }

    /// Calls the one tool.
    pub(crate) async fn who(&mut self, token: Option<&str>) -> Answer {
        self.exchange(call("who", token), call_body("who")).await
    }
}

pub(crate) fn call(tool: &str, token: Option<&str>) -> http::request::Builder {
    let request = post(token).header("mcp-protocol-version", "2026-07-28");
    request.header("mcp-method", "tools/call").header("mcp-name", tool)
}

pub(crate) fn call_body(tool: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": {},
        "_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {}, "progressToken": 1}}})
}

pub(crate) fn post(token: Option<&str>) -> http::request::Builder {
    let request = Request::post("/mcp")
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream");
    with_token(request, token)
}

pub(crate) fn with_token(request: http::request::Builder, token: Option<&str>) -> http::request::Builder {
    match token {
        Some(token) => request.header("authorization", format!("Bearer {token}")),
        None => request,
    }
}

/// A handshake of MCP, which opens a session.
pub(crate) fn initialize() -> Value {
    json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}}})
}
