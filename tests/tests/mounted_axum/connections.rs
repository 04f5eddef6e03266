//! axum's own connections, over real sockets.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

use axum::Router;
use bytes::Bytes;
use h2::client::{Builder, ResponseFuture, SendRequest};
use http::Request;
use http_body_util::BodyExt as _;
use mcp_tests::asking::Ask;
use mcp_tokio::{ConnectionTimeouts, ServerBuilder, Timeouts};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use crate::{
    application::Mounted,
    witness::{SOON, Witness, witness},
};

const STALL: Duration = Duration::from_millis(200);

const HEARTBEAT: Duration = Duration::from_millis(100);

/// Weary of a peer that takes nothing for this long, and soon of silent handlers.
fn impatient(server: ServerBuilder, stall: Duration) -> ServerBuilder {
    let mut connection = ConnectionTimeouts::default();
    connection.write_stall = stall;
    let mut core = Timeouts::default();
    core.open_stream_micros = 50_000;
    core.heartbeat_micros = 100_000;
    server.connection_timeouts(connection).core_timeouts(core)
}

/// A server that axum serves, with this witness's tools.
async fn served(witness: &Witness, stall: Duration) -> (Mounted, SocketAddr) {
    let mounted = Mounted::at("http://localhost/mcp", |server| {
        impatient(server.tool(witness.silent(Duration::from_secs(250))).tool(witness.talkative()), stall)
    });
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let application: Router = mounted.application();
    tokio::spawn(async move { axum::serve(listener, application).await });
    (mounted, address)
}

async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(SOON, future).await.unwrap_or_else(|_| panic!("not in time: {what}"))
}

/// A connection of HTTP/2 whose streams have this window.
async fn http2(address: SocketAddr, window: u32) -> SendRequest<Bytes> {
    let stream = soon("connect", TcpStream::connect(address)).await.expect("a connection");
    let mut builder = Builder::new();
    builder.initial_window_size(window).initial_connection_window_size(1 << 20);
    let (requests, connection) = soon("preface", builder.handshake(stream)).await.expect("HTTP/2");
    tokio::spawn(connection);
    requests
}

/// Sends a call. HTTP/2 names the host in the target.
async fn send(requests: &SendRequest<Bytes>, ask: Ask) -> ResponseFuture {
    let (mut head, body) = ask.target("http://localhost/mcp").request().into_parts();
    head.headers.remove("host");
    let body = body.collect().await.expect("a body").to_bytes();
    let mut requests = soon("a stream", requests.clone().ready()).await.expect("a connection");
    let (response, mut sending) =
        requests.send_request(Request::from_parts(head, ()), false).expect("a request");
    sending.send_data(body, true).expect("a body");
    response
}

#[tokio::test]
async fn a_stream_without_a_window_loses_its_call_and_nothing_else() {
    let (witness, mut sightings) = witness();
    let (mounted, address) = served(&witness, STALL).await;
    let requests = http2(address, 0).await;
    let begun = Instant::now();
    let stuck = soon("a head", send(&requests, Ask::call("silent").bearer(&mounted.token())).await);
    let stuck = stuck.await.expect("an answer");
    assert_eq!(stuck.headers()["content-type"], "text/event-stream");
    sightings.begun_soon().await;
    sightings.dropped_soon().await;
    let elapsed = begun.elapsed();
    assert!(elapsed >= STALL + HEARTBEAT, "{elapsed:?}");
    let other = soon("a head", send(&requests, Ask::call("whoami").bearer(&mounted.token())).await).await;
    assert_eq!(other.expect("the connection lives").status(), 200);
    drop(stuck);
    sightings.nothing_more();
}

#[tokio::test]
async fn a_stream_with_a_window_lasts() {
    let stall = Duration::from_secs(1);
    let (witness, mut sightings) = witness();
    let (mounted, address) = served(&witness, stall).await;
    let requests = http2(address, 1 << 16).await;
    let response = soon("a head", send(&requests, Ask::call("silent").bearer(&mounted.token())).await).await;
    sightings.begun_soon().await;
    let mut body = response.expect("an answer").into_body();
    let begun = Instant::now();
    while begun.elapsed() < stall * 2 {
        soon("a heartbeat", body.data()).await.expect("more").expect("no error");
    }
    sightings.nothing_more();
    drop(body);
    sightings.dropped_soon().await;
}

#[tokio::test]
async fn a_peer_of_http1_that_reads_nothing_of_a_stream_loses_its_call() {
    let (witness, mut sightings) = witness();
    let (mounted, address) = served(&witness, STALL).await;
    let mut stream = soon("connect", TcpStream::connect(address)).await.expect("a connection");
    let call =
        Ask::call("talkative").meta("io.modelcontextprotocol/logLevel", "debug").bearer(&mounted.token());
    stream.write_all(call.http1().as_bytes()).await.expect("the server takes the call");
    sightings.begun_soon().await;
    sightings.dropped_soon().await;
    drop(stream);
    sightings.nothing_more();
}

#[tokio::test]
async fn a_peer_of_http1_that_leaves_cancels_its_call() {
    let (witness, mut sightings) = witness();
    let (mounted, address) = served(&witness, STALL).await;
    let mut stream = soon("connect", TcpStream::connect(address)).await.expect("a connection");
    let call = Ask::call("silent").bearer(&mounted.token());
    stream.write_all(call.http1().as_bytes()).await.expect("the server takes the call");
    sightings.begun_soon().await;
    let mut some = [0; 12];
    soon("a head", stream.read_exact(&mut some)).await.expect("a head");
    assert_eq!(&some, b"HTTP/1.1 200");
    drop(stream);
    sightings.dropped_soon().await;
    sightings.nothing_more();
}
