//! What it costs to have the issuer vouch for a token, in the whole driver without sockets: when it was asked
//! before, and when it is asked now and answers at once.

use std::{future::ready, hint::black_box, sync::Arc, time::Duration};

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use http::Request;
use http_body_util::Full;
use mcp_driver::{
    Auth, BearerPolicy, Fetch, Fetched, Fetching, Introspection, IssuerPolicy, NoArguments, Outgoing,
    Profile, Runtime, Server, Service, Tool,
};
use mcp_tokio::TokioRuntime;

const ISSUER: &str = "https://id.example";
const AUDIENCE: &str = "https://mcp.example/mcp";

/// Vouches for every token.
struct Obliging(String);

impl Fetch for Obliging {
    fn fetch(&self, _: Outgoing) -> Fetching {
        let body = self.0.clone().into();
        Box::pin(ready(Ok(Fetched { body, address: None, fresh_seconds: None })))
    }
}

fn service(cache_seconds: u64) -> Service<TokioRuntime> {
    let runtime = TokioRuntime::new();
    let now = runtime.now().unix.0;
    let expires = now + 3_600;
    let answer = format!(
        r#"{{"active":true,"iss":"{ISSUER}","aud":"{AUDIENCE}","sub":"alice","client_id":"desk","scope":"read","iat":{now},"exp":{expires}}}"#
    );
    let introspection = Introspection::new("https://id.example/introspect").client("bench", "secret");
    let issuer = IssuerPolicy::new(ISSUER, AUDIENCE).profile(Profile::Compatible);
    let auth = Auth::bearer(BearerPolicy::trusting(issuer), introspection.cache_seconds(cache_seconds));
    let server = Server::builder("bench", "1", auth)
        .tool(Tool::new("nothing").typed(async |_: NoArguments| "nothing"))
        .build()
        .expect("a server");
    Service::start(server, runtime, Some(Arc::new(Obliging(answer)))).expect("a service")
}

fn request() -> Request<Full<Bytes>> {
    let body = br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"nothing","arguments":{},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}"#;
    Request::post("/mcp")
        .header("host", "localhost")
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream")
        .header("authorization", "Bearer 2YotnFZFEjr1zCsicMWpAA-2YotnFZFEjr1zCsicMWpAA")
        .header("mcp-protocol-version", "2026-07-28")
        .header("mcp-method", "tools/call")
        .header("mcp-name", "nothing")
        .body(Full::new(Bytes::from_static(body)))
        .expect("a request")
}

fn introspection(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let _entered = runtime.enter();
    for (name, cache_seconds) in
        [("token that was asked about before", 300), ("token that is asked about, answered at once", 0)]
    {
        let service = service(cache_seconds);
        let answer = runtime.block_on(service.serve(request()));
        assert_eq!(answer.status(), 200);
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| runtime.block_on(service.serve(black_box(request()))));
        });
    }
}

criterion_group! {
    name = group;
    config = Criterion::default().measurement_time(Duration::from_secs(3)).warm_up_time(Duration::from_secs(1));
    targets = introspection
}
criterion_main!(group);
