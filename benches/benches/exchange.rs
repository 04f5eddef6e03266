//! The core alone: what deciding costs, without sockets, signatures and handlers.

use std::{hint::black_box, sync::Arc, time::Duration};

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use http::Request;
use mcp_proto::{
    AuthPolicy, BearerPolicy, BodyRead, Callee, CatalogSpec, Engine, EngineBuilder, Finish, Head,
    Implementation, Now, Outcome, Response, Step, Target, ToolResult, ToolSpec, exchange::Facts, jws::Denial,
};
use serde::Deserialize;

const META: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1.0.0"},"io.modelcontextprotocol/clientCapabilities":{}}"#;

#[derive(Deserialize)]
struct Echo {
    text: String,
}

fn engine(tools: usize, auth: AuthPolicy) -> Engine {
    let info = Implementation { name: "bench".into(), version: "1.0.0".into(), ..Implementation::default() };
    let schema = serde_json::json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {"text": {"type": "string", "description": "the text to send back"}},
        "required": ["text"],
        "title": "EchoArgs",
    });
    let mut catalog = CatalogSpec::default();
    catalog.tools.push(ToolSpec::new("echo", schema.clone()));
    for number in 1..tools {
        let mut tool = ToolSpec::new(format!("tool_{number}"), schema.clone());
        tool.description = Some("Echo the text back".into());
        catalog.tools.push(tool);
    }
    EngineBuilder::new(info, auth).build(&catalog).expect("an engine")
}

fn request(method: &str, name: Option<&str>, params: &str) -> Request<Bytes> {
    let body =
        format!(r#"{{"jsonrpc":"2.0","id":100000001,"method":"{method}","params":{{{params}{META}}}}}"#);
    let mut request = Request::post("/mcp")
        .header("host", "127.0.0.1:42000")
        .header("user-agent", "anchor/1")
        .header("accept", "application/json, text/event-stream")
        .header("content-type", "application/json")
        .header("content-length", body.len().to_string())
        .header("mcp-protocol-version", "2026-07-28")
        .header("mcp-method", method);
    if let Some(name) = name {
        request = request.header("mcp-name", name);
    }
    request.body(body.into()).expect("a request")
}

/// Drives one exchange to its answer.
fn drive(engine: &Engine, request: &Request<Bytes>, facts: &Facts) -> Response {
    let now = Now::default();
    let mut step = engine.accept(&Head::new(request, Target::Endpoint), now);
    loop {
        step = match step {
            Step::Probe(probe) => probe.resolve(true),
            Step::Verify(verify) => verify.resolve(facts.clone(), now),
            Step::ReadId(read) => Step::Respond(read.resolve(BodyRead::Complete(request.body().clone()))),
            Step::ReadBody(read) => read.resolve(BodyRead::Complete(request.body().clone()), now),
            Step::Filter(_) => unreachable!("everything is listed"),
            Step::FindSession(_) | Step::UseSession(_) | Step::OpenSession(_) | Step::Stream(_) => {
                unreachable!("there are no sessions")
            }
            Step::Call(call) => {
                let Callee::Tool(_, arguments) = call.callee else { unreachable!("only tools are called") };
                let echo: Echo = serde_json::from_slice(&arguments).expect("arguments");
                match call.reply.finish(engine, Outcome::Tool(ToolResult::text(echo.text))) {
                    Finish::Whole(response) => Step::Respond(response),
                    Finish::LastFrame(_) | Finish::Queued => unreachable!("nothing was notified"),
                    Finish::Next { .. } => unreachable!("nothing was notified"),
                }
            }
            Step::Respond(response) => return response,
        };
    }
}

fn exchanges(criterion: &mut Criterion) {
    let denied = Facts::Denied(Denial::Expired);
    let open = engine(201, AuthPolicy::Open);
    let call = request("tools/call", Some("echo"), r#""name":"echo","arguments":{"text":"hello anchor"},"#);
    assert_eq!(drive(&open, &call, &denied).status, 200);
    criterion.bench_function("dispatch of a 300-byte tools/call among 201 tools", |bencher| {
        bencher.iter(|| drive(black_box(&open), black_box(&call), &denied));
    });

    let list = request("tools/list", None, "");
    let many = engine(200, AuthPolicy::Open);
    assert_eq!(drive(&many, &list, &denied).status, 200);
    criterion.bench_function("tools/list of 200", |bencher| {
        bencher.iter(|| drive(black_box(&many), black_box(&list), &denied));
    });

    let unknown = request("tools/unknown", None, "");
    assert_eq!(drive(&open, &unknown, &denied).status, 404);
    criterion.bench_function("refusal: unknown method", |bencher| {
        bencher.iter(|| drive(black_box(&open), black_box(&unknown), &denied));
    });

    let policy =
        BearerPolicy::builder("https://auth.example.com", "https://mcp.example.com/mcp").scope("mcp");
    let closed = Arc::new(engine(1, AuthPolicy::Bearer(policy.build().expect("a policy"))));
    assert_eq!(drive(&closed, &call, &denied).status, 401);
    criterion.bench_function("refusal: no token, with the id read from the body", |bencher| {
        bencher.iter(|| drive(black_box(&closed), black_box(&call), &denied));
    });
}

criterion_group! {
    name = group;
    config = Criterion::default().measurement_time(Duration::from_secs(3)).warm_up_time(Duration::from_secs(1));
    targets = exchanges
}
criterion_main!(group);
