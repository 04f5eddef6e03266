//! A client of HTTP/2 that opens windows only when it is told to.

use std::net::SocketAddr;

use bytes::Bytes;
use h2::{
    RecvStream, SendStream,
    client::{Builder, ResponseFuture, SendRequest},
};
use mcp_tests::http1;
use tokio::{net::TcpStream, task::JoinHandle};

use crate::raw::{client::in_time, message::Call};

pub(crate) struct Http2Client {
    requests: SendRequest<Bytes>,
    connection: JoinHandle<Result<(), h2::Error>>,
}

impl Http2Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::with(address, &Builder::new()).await
    }

    /// With windows of these sizes for each stream and for the connection.
    pub(crate) async fn with_windows(address: SocketAddr, stream: u32, connection: u32) -> Self {
        let mut builder = Builder::new();
        builder.initial_window_size(stream).initial_connection_window_size(connection);
        Self::with(address, &builder).await
    }

    async fn with(address: SocketAddr, builder: &Builder) -> Self {
        let stream = in_time("connect", TcpStream::connect(address)).await.expect("a connection");
        let (requests, connection) = in_time("preface", builder.handshake(stream)).await.expect("HTTP/2");
        Self { requests, connection: tokio::spawn(connection) }
    }

    /// Sends the head of a request whose body follows.
    pub(crate) async fn open(&mut self, request: http::Request<()>) -> (ResponseFuture, SendStream<Bytes>) {
        let mut requests = in_time("a stream", self.requests.clone().ready()).await.expect("a connection");
        requests.send_request(request, false).expect("a request")
    }

    pub(crate) async fn call(&mut self, call: &Call) -> ResponseFuture {
        let (response, mut sending) = self.open(post(call)).await;
        sending.send_data(Bytes::from(call.body()), true).expect("a body");
        response
    }

    /// Sends a call and reads its answer.
    pub(crate) async fn exchange(&mut self, request: &Call) -> http1::Response {
        let response = self.call(request).await;
        response_of(response).await
    }

    /// Waits until the server has closed the connection.
    pub(crate) async fn closed(self) {
        drop(self.requests);
        let _ = in_time("the connection ends", self.connection).await.expect("no panic");
    }

    /// Leaves without a word.
    pub(crate) fn abort(self) {
        self.connection.abort();
    }
}

/// A call without its body.
pub(crate) fn post(call: &Call) -> http::Request<()> {
    let mut request = http::Request::post("http://127.0.0.1/mcp");
    for (name, value) in call.fields() {
        request = request.header(name, value);
    }
    request = request.header("content-length", call.body().len());
    request.body(()).expect("a request")
}

pub(crate) async fn head_of(response: ResponseFuture) -> (http::response::Parts, RecvStream) {
    in_time("a head", response).await.expect("an answer").into_parts()
}

/// The next piece of a body; `None` at its end.
pub(crate) async fn data(body: &mut RecvStream) -> Option<Result<Bytes, h2::Error>> {
    let data = in_time("data", body.data()).await;
    if let Some(Ok(data)) = &data {
        body.flow_control().release_capacity(data.len()).expect("the window had it");
    }
    data
}

/// The whole answer, in the form that the other tests judge.
pub(crate) async fn response_of(response: ResponseFuture) -> http1::Response {
    let (parts, mut rest) = head_of(response).await;
    let mut body = Vec::new();
    while let Some(piece) = data(&mut rest).await {
        body.extend_from_slice(&piece.expect("the rest of the body"));
    }
    let text = |value: &http::HeaderValue| value.to_str().expect("ASCII").to_owned();
    let fields = parts.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    let head = http1::Head {
        version: "HTTP/2".to_owned(),
        status: parts.status.as_u16(),
        reason: String::new(),
        fields,
    };
    http1::Response { head, body }
}
