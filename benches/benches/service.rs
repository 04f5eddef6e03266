//! The driver without sockets: what a request costs with a token that was seen before, and with one
//! that has to be verified in full.

use std::{hint::black_box, time::Duration};

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use http::Request;
use http_body_util::Full;
use mcp_driver::{Auth, DevIssuer, Runtime, Server, ServerLimits, Service, Tool};
use mcp_tokio::TokioRuntime;
use schemars::JsonSchema;
use serde::Deserialize;

const ISSUER: &str = "http://localhost:1";
const AUDIENCE: &str = "http://localhost/mcp";
const BODY: &str = r#"{"jsonrpc":"2.0","id":100000001,"method":"tools/call","params":{"name":"echo","arguments":{"text":"hello anchor"},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1.0.0"},"io.modelcontextprotocol/clientCapabilities":{}}}}"#;

#[derive(Deserialize, JsonSchema)]
struct Echo {
    text: String,
}

fn service(auth: Auth, cached_tokens: usize) -> Service<TokioRuntime> {
    let mut limits = ServerLimits::default();
    limits.cached_tokens = cached_tokens;
    let echo = Tool::new("echo").description("Sends the text back").typed(async |echo: Echo| echo.text);
    let server = Server::builder("bench", "1", auth).tool(echo).limits(limits).build().expect("a server");
    Service::start(server, TokioRuntime::new(), None).expect("given keys")
}

fn request(token: Option<&str>) -> Request<Full<Bytes>> {
    let mut request = Request::post("/mcp")
        .header("host", "localhost")
        .header("user-agent", "anchor/1")
        .header("accept", "application/json, text/event-stream")
        .header("content-type", "application/json")
        .header("content-length", BODY.len().to_string())
        .header("mcp-protocol-version", "2026-07-28")
        .header("mcp-method", "tools/call")
        .header("mcp-name", "echo");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    request.body(Full::new(Bytes::from_static(BODY.as_bytes()))).expect("a request")
}

fn requests(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let _entered = runtime.enter();
    let issuer = DevIssuer::new(ISSUER).expect("an issuer");
    let now = TokioRuntime::new().now().unix;

    let open = service(Auth::none(), 1);
    criterion.bench_function("request without authentication", |bencher| {
        bencher.iter(|| runtime.block_on(open.serve(black_box(request(None)))));
    });

    let closed = service(Auth::jwt(ISSUER, AUDIENCE, issuer.keys()).into(), 10_000);
    let token = issuer.token(AUDIENCE, now).sign();
    criterion.bench_function("request with a token seen before", |bencher| {
        bencher.iter(|| runtime.block_on(closed.serve(black_box(request(Some(&token))))));
    });

    // More tokens than are remembered, so that each is verified in full.
    let forgetful = service(Auth::jwt(ISSUER, AUDIENCE, issuer.keys()).into(), 1);
    let tokens: Vec<String> = (0..512).map(|_| issuer.token(AUDIENCE, now).sign()).collect();
    let mut next = tokens.iter().cycle();
    criterion.bench_function("request with a token verified in full (ES256)", |bencher| {
        bencher.iter(|| {
            let token = next.next().map(String::as_str);
            runtime.block_on(forgetful.serve(black_box(request(token))))
        });
    });

    criterion.bench_function("request refused for want of a token", |bencher| {
        bencher.iter(|| runtime.block_on(closed.serve(black_box(request(None)))));
    });
}

criterion_group! {
    name = group;
    config = Criterion::default().measurement_time(Duration::from_secs(3)).warm_up_time(Duration::from_secs(1));
    targets = requests
}
criterion_main!(group);
