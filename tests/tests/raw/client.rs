//! A client that sends exactly the bytes it is told to.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use mcp_tests::http1::{Head, Response, read_chunk};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// How long anything may take. Much longer than every deadline that a test sets, and shorter than
/// the default of those it does not.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// The code for no or no good credentials: the specification has none, and clients know this one.
pub(crate) const UNAUTHORIZED: i32 = -32000;

/// Waits for something that has to happen.
pub(crate) async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("not in time: {what}"))
}

/// Fails when something happens within a moment. It can miss that, but not report it wrongly.
pub(crate) async fn not_now<T>(what: &str, future: impl Future<Output = T>) {
    const MOMENT: Duration = Duration::from_millis(100);
    assert!(timeout(MOMENT, future).await.is_err(), "too early: {what}");
}

pub(crate) struct Client {
    stream: TcpStream,
    received: Vec<u8>,
    is_closed: bool,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = in_time("connect", TcpStream::connect(address)).await.expect("a connection");
        stream.set_nodelay(true).expect("a socket");
        Self { stream, received: Vec::new(), is_closed: false }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let sent = in_time("send", self.stream.write_all(bytes.as_ref())).await;
        sent.expect("the server takes the bytes");
    }

    /// Sends as much as the server takes: it may close the connection at any byte.
    pub(crate) async fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        in_time("send", self.stream.write_all(bytes.as_ref())).await.is_ok()
    }

    /// Says that nothing more will be sent.
    pub(crate) async fn finish(&mut self) {
        self.stream.shutdown().await.expect("a connection");
    }

    /// Disconnects with a reset instead of an end.
    pub(crate) fn reset(self) {
        self.stream.set_zero_linger().expect("a socket");
    }

    /// Reads some bytes, or finds out that there will be none.
    async fn read(&mut self) {
        assert!(!self.is_closed, "closed after {:?}", String::from_utf8_lossy(&self.received));
        let mut buffer = vec![0; 64 << 10];
        match in_time("read", self.stream.read(&mut buffer)).await {
            Ok(0) | Err(_) => self.is_closed = true,
            Ok(length) => self.received.extend_from_slice(buffer.get(..length).unwrap_or_default()),
        }
    }

    /// The next answer, to anything but HEAD.
    pub(crate) async fn response(&mut self) -> Response {
        self.response_to(false).await
    }

    pub(crate) async fn response_to_head(&mut self) -> Response {
        self.response_to(true).await
    }

    async fn response_to(&mut self, is_answer_to_head: bool) -> Response {
        // Each byte may come in time and the end never.
        in_time("a whole answer", async {
            loop {
                let read = Response::read(&self.received, is_answer_to_head, self.is_closed);
                if let Some((response, length)) = read.expect("an answer") {
                    self.received.drain(..length);
                    return response;
                }
                self.read().await;
            }
        })
        .await
    }

    /// Sends a request and reads its answer.
    pub(crate) async fn exchange(&mut self, request: impl AsRef<[u8]>) -> Response {
        self.send(request).await;
        self.response().await
    }

    /// The head of a stream.
    pub(crate) async fn head(&mut self) -> Head {
        loop {
            if let Some((head, length)) = Head::read(&self.received).expect("an answer") {
                self.received.drain(..length);
                return head;
            }
            self.read().await;
        }
    }

    /// The next piece of a stream; empty at its end.
    pub(crate) async fn chunk(&mut self) -> Vec<u8> {
        loop {
            if let Some((chunk, length)) = read_chunk(&self.received).expect("a chunk") {
                let chunk = chunk.to_vec();
                self.received.drain(..length);
                return chunk;
            }
            self.read().await;
        }
    }

    /// How many bytes came, at most this many.
    pub(crate) async fn some(&mut self, bytes_max: usize) -> usize {
        if !self.received.is_empty() {
            return std::mem::take(&mut self.received).len();
        }
        let mut buffer = vec![0; bytes_max];
        let length = in_time("read", self.stream.read(&mut buffer)).await.expect("a connection");
        assert_ne!(length, 0, "closed");
        length
    }

    /// Everything up to the end of the connection.
    pub(crate) async fn rest(mut self) -> Vec<u8> {
        in_time("the end of the connection", async {
            while !self.is_closed {
                self.read().await;
            }
        })
        .await;
        self.received
    }

    /// Fails unless the server closes the connection and sends nothing more.
    pub(crate) async fn expect_closed(self) {
        assert_eq!(String::from_utf8_lossy(&self.rest().await), "");
    }

    /// Fails when the server sends something, or closes, within a moment.
    pub(crate) async fn expect_silence(&mut self) {
        assert_eq!(self.received, b"");
        not_now("an answer", self.stream.readable()).await;
    }
}

/// The JSON of an answer.
pub(crate) fn json(response: &Response) -> Value {
    serde_json::from_slice(&response.body)
        .unwrap_or_else(|_| panic!("no JSON: {:?}", String::from_utf8_lossy(&response.body)))
}

/// Fails unless this is the result of a call that returned `text`.
pub(crate) fn assert_text(response: &Response, id: impl Into<Value>, text: &str) {
    assert_eq!(response.head.status, 200, "{}", String::from_utf8_lossy(&response.body));
    assert_eq!(response.head.field("content-type"), Some("application/json"));
    assert_result(&json(response), id, text);
}

/// The same for a message of any transport.
pub(crate) fn assert_result(message: &Value, id: impl Into<Value>, text: &str) {
    assert_eq!(message["id"], id.into(), "{message}");
    let content = serde_json::json!([{"type": "text", "text": text}]);
    assert_eq!((&message["result"]["content"], &message["result"]["isError"]), (&content, &false.into()));
}

/// Fails unless this is this JSON-RPC error. `id`: `None` when the answer must have none.
pub(crate) fn assert_error(response: &Response, status: u16, code: i32, id: Option<Value>) {
    assert_eq!(response.head.status, status, "{}", String::from_utf8_lossy(&response.body));
    assert_eq!(response.head.field("content-type"), Some("application/json"));
    assert_message_error(&json(response), code, id);
}

#[allow(clippy::needless_pass_by_value, reason = "tests read better without references to literals")]
pub(crate) fn assert_message_error(message: &Value, code: i32, id: Option<Value>) {
    assert_eq!(message["jsonrpc"], "2.0");
    assert_eq!(message["error"]["code"], code, "{message}");
    assert_eq!(message.get("id").cloned(), id, "{message}");
    assert_eq!(message.get("result"), None);
}

/// Runs a future and tells how long it took.
pub(crate) async fn timed<T>(future: impl Future<Output = T>) -> (T, Duration) {
    let begin = Instant::now();
    let output = future.await;
    (output, begin.elapsed())
}
