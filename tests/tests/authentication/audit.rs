//! What the audit function is told.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use http::Method;
use mcp_tests::{
    asking::Ask,
    audited::Audited,
    clock::{Clock, START},
    forge::{AUDIENCE, Draft, ISSUER, Signer},
    journal::Journal,
};
use mcp_tokio::{
    Auth, BearerPolicy, Context, Interrupt, KeySource, Limits, NoArguments, Server, ServerBuilder,
    ServerLimits, Service, Tool, proto::exchange::RECORDED_NAME_BYTES_MAX,
};
use serde_json::{Value, json};

/// A server with the scope `mcp` for everybody.
fn server(signer: &Signer) -> ServerBuilder {
    let policy = BearerPolicy::builder(ISSUER, AUDIENCE).scope("mcp");
    let keys = KeySource::from_json(signer.jwks()).expect("keys");
    let demanding = async |_: NoArguments, cx: Context| -> Result<&str, Interrupt> {
        cx.require("delete")?;
        Ok("deleted")
    };
    Server::builder("test", "1", Auth::bearer(policy, keys))
        .tool(Tool::new("open").typed(async |_: NoArguments| "done"))
        .tool(Tool::new("write").scope("write").typed(async |_: NoArguments| "written"))
        .tool(Tool::new("demanding").typed(demanding))
        .tool(Tool::new("broken").typed(async |_: NoArguments| -> &str { panic!("broken") }))
}

/// One event: the rule, the method, the target and the subject, with `-` for what is not there.
fn line(event: &Value) -> String {
    let field = |name: &str| event[name].as_str().unwrap_or("-").to_owned();
    assert_eq!(event["allowed"], event["rule"].is_null(), "{event}");
    assert_eq!(event["at"], START.0, "{event}");
    ["rule", "method", "target", "subject"].map(field).join(" ")
}

#[tokio::test(start_paused = true)]
async fn each_decision_is_told_once_with_who_what_and_why() {
    let signer = Signer::es256("k");
    let good = Draft::of(&signer).sign(&signer);
    let weak = Draft::of(&signer).claim("scope", "other").sign(&signer);
    let expired = Draft::of(&signer).claim("exp", START.0 - 1_000).sign(&signer);
    let forged = Draft::of(&signer).sign(&Signer::es256("k"));
    let call = || Ask::call("open");
    let bench = Audited::start(server(&signer));
    let resource = "test://no-such-resource";
    let table: Vec<(&str, Ask, &[&str])> = vec![
        ("an allowed call", call().bearer(&good), &["- tools/call open alice"]),
        ("an allowed list", Ask::list("tools/list", None).bearer(&good), &["- tools/list - alice"]),
        (
            "discovery",
            Ask::new("server/discover", None, json!({})).bearer(&good),
            &["- server/discover - alice"],
        ),
        ("a notification", Ask::notification("notifications/initialized").bearer(&good), &["- - - alice"]),
        ("a foreign Host", call().bearer(&good).field("host", "evil.example"), &["host_not_allowed - - -"]),
        ("two Hosts", call().bearer(&good).another("host", "localhost"), &["host_not_singular - - -"]),
        (
            "a foreign Origin",
            call().bearer(&good).field("origin", "https://evil.example"),
            &["origin_not_allowed - - -"],
        ),
        ("another verb", Ask::bare(Method::GET, "/mcp"), &["verb_not_allowed - - -"]),
        ("no token", call(), &["unauthenticated - - -"]),
        ("an expired token", call().bearer(&expired), &["expired - - -"]),
        ("a forged token", call().bearer(&forged), &["bad_signature - - -"]),
        (
            "two tokens",
            call().bearer(&good).another("authorization", "Bearer x"),
            &["credentials_repeated - - -"],
        ),
        (
            "a token in the query",
            call().target(format!("/mcp?access_token={good}")),
            &["credentials_in_query - - -"],
        ),
        ("a token without the server's scope", call().bearer(&weak), &["insufficient_scope - - alice"]),
        (
            "a token without the tool's scope",
            Ask::call("write").bearer(&good),
            &["insufficient_scope tools/call write alice"],
        ),
        ("an unknown tool", Ask::call("missing").bearer(&good), &["unknown_target tools/call missing alice"]),
        (
            "an unknown resource",
            Ask::new("resources/read", Some(resource), json!({"uri": resource})).bearer(&good),
            &["method_not_found resources/read test://no-such-resource alice"],
        ),
        (
            "an unknown method",
            Ask::new("no/such/method", None, json!({})).bearer(&good),
            &["method_not_found - - alice"],
        ),
        (
            "a field that does not mirror the body",
            call().bearer(&good).field("mcp-name", "write"),
            &["header_mismatch tools/call open alice"],
        ),
        (
            "a handler that demands a scope",
            Ask::call("demanding").bearer(&good),
            &["- tools/call demanding alice", "insufficient_scope tools/call demanding alice"],
        ),
        ("a handler that panics", Ask::call("broken").bearer(&good), &["- tools/call broken alice"]),
    ];
    let mut wrong = Vec::new();
    for (what, ask, expected) in table {
        let _answer = ask.send(&bench.service).await;
        let lines: Vec<String> = bench.events().iter().map(line).collect();
        if lines != expected {
            wrong.push(format!("{what}: {lines:?} instead of {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(start_paused = true)]
async fn each_request_of_a_batch_is_a_decision_of_its_own() {
    let signer = Signer::es256("k");
    let good = Draft::of(&signer).sign(&signer);
    let bench = Audited::start(server(&signer));
    let call = |tool: &str| ("tools/call", json!({"name": tool}));
    let list = ("tools/list", json!({}));
    for (requests, expected) in [
        (
            vec![list.clone(), call("open"), call("none"), call("demanding"), ("nonsense", json!({}))],
            &[
                "- tools/list - alice",
                "unknown_target tools/call none alice",
                "method_not_found - - alice",
                "- tools/call open alice",
                "- tools/call demanding alice",
                "insufficient_scope tools/call demanding alice",
            ][..],
        ),
        (vec![list.clone(), call("none")], &["- tools/list - alice", "unknown_target tools/call none alice"]),
        // Nothing is done of a batch that is refused; what refused it is named.
        (vec![list, call("open"), call("write")], &["insufficient_scope tools/call write alice"]),
    ] {
        let _answer = Ask::batch(requests.clone()).bearer(&good).send(&bench.service).await;
        let lines: Vec<String> = bench.events().iter().map(line).collect();
        assert_eq!(lines, expected, "{requests:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn probes_documents_and_preflights_are_no_decisions() {
    let signer = Signer::es256("k");
    let bench = Audited::start(server(&signer));
    let metadata = "/.well-known/oauth-protected-resource/mcp";
    let preflight = |target: &str, origin: &str, verb: &str| {
        Ask::bare(Method::OPTIONS, target)
            .field("origin", origin)
            .field("access-control-request-method", verb)
    };
    let table = [
        (Ask::bare(Method::GET, "/ping"), 200),
        (Ask::bare(Method::GET, "/health"), 200),
        (Ask::bare(Method::HEAD, "/health"), 200),
        (Ask::bare(Method::GET, "/ready"), 200),
        (Ask::bare(Method::GET, metadata), 200),
        (Ask::bare(Method::GET, "/.well-known/oauth-protected-resource"), 200),
        (preflight("/mcp", "http://localhost", "POST"), 204),
        (preflight(metadata, "https://anyone.example", "GET"), 204),
    ];
    for (ask, status) in table {
        let shown = format!("{ask:?}");
        let answer = ask.send(&bench.service).await;
        assert_eq!((answer.status, bench.events()), (status, Vec::new()), "{shown}");
    }
}

/// What is not the endpoint decides about nobody.
#[tokio::test(start_paused = true)]
async fn what_is_refused_elsewhere_than_at_the_endpoint_is_no_decision() {
    let signer = Signer::es256("k");
    let bench = Audited::start(server(&signer));
    let metadata = "/.well-known/oauth-protected-resource/mcp";
    let table = [
        (Ask::bare(Method::GET, "/favicon.ico"), 404),
        (Ask::bare(Method::POST, "/health"), 405),
        (Ask::bare(Method::POST, metadata), 405),
        (Ask::bare(Method::GET, metadata).field("host", "evil.example"), 403),
    ];
    let mut told = Vec::new();
    for (ask, status) in table {
        let shown = format!("{ask:?}");
        assert_eq!(ask.send(&bench.service).await.status, status, "{shown}");
        told.extend(bench.events());
    }
    assert_eq!(told, Vec::<Value>::new());
}

#[tokio::test(start_paused = true)]
async fn an_event_is_one_flat_object() {
    let signer = Signer::es256("k");
    let bench = Audited::start(server(&signer));
    let token = Draft::of(&signer).claim("scope", "mcp write").claim("client_id", "desk").sign(&signer);
    let _answer = Ask::call("open").bearer(&token).send(&bench.service).await;
    let expected = json!({
        "at": START.0,
        "allowed": true,
        "rule": null,
        "method": "tools/call",
        "target": "open",
        "issuer": ISSUER,
        "subject": "alice",
        "client": "desk",
        "actor": null,
        "scopes": "mcp write",
    });
    assert_eq!(bench.events(), [expected]);
    let _answer = Ask::call("open").send(&bench.service).await;
    let expected = json!({
        "at": START.0,
        "allowed": false,
        "rule": "unauthenticated",
        "method": null,
        "target": null,
        "issuer": null,
        "subject": null,
        "client": null,
        "actor": null,
        "scopes": null,
    });
    assert_eq!(bench.events(), [expected]);
}

#[tokio::test(start_paused = true)]
async fn no_event_and_no_log_holds_a_token() {
    let signer = Signer::es256("k");
    let journal = Journal::open();
    let bench = Audited::start(server(&signer));
    let good = Draft::of(&signer).sign(&signer);
    let bad = Draft::of(&signer).claim("aud", "https://other.example").sign(&signer);
    let mut told = String::new();
    for token in [&good, &bad, &"s3cret-opaque".to_owned()] {
        for tool in ["open", "write", "demanding", "missing"] {
            let _answer = Ask::call(tool).bearer(token).send(&bench.service).await;
        }
        let _answer =
            Ask::call("open").target(format!("/mcp?access_token={token}")).send(&bench.service).await;
        let twice = Ask::call("open").bearer(token).another("authorization", &format!("Bearer {token}"));
        let _answer = twice.send(&bench.service).await;
        told += &format!("{:?}", bench.events());
    }
    told += &journal.text();
    for token in [&good, &bad] {
        for part in token.split('.') {
            assert!(!told.contains(part), "{part} in {told}");
        }
    }
    assert!(!told.contains("s3cret-opaque"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn what_a_client_wrote_is_cut_to_a_stated_length() {
    let signer = Signer::es256("k");
    let bench = Audited::start(server(&signer));
    let token = Draft::of(&signer).sign(&signer);
    for (bytes, kept) in [
        (RECORDED_NAME_BYTES_MAX, RECORDED_NAME_BYTES_MAX),
        (RECORDED_NAME_BYTES_MAX + 1, RECORDED_NAME_BYTES_MAX),
    ] {
        let name = "n".repeat(bytes);
        let _answer = Ask::call(&name).bearer(&token).send(&bench.service).await;
        let events = bench.events();
        let [event] = &events[..] else { panic!("{events:?}") };
        assert_eq!(event["target"], "n".repeat(kept));
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_says_when_it_was_decided() {
    let signer = Signer::es256("k");
    let bench = Audited::start(server(&signer));
    let token = Draft::of(&signer).sign(&signer);
    tokio::time::advance(std::time::Duration::from_secs(77)).await;
    let _answer = Ask::call("open").bearer(&token).send(&bench.service).await;
    assert_eq!(bench.events()[0]["at"], START.0 + 77);
}

#[tokio::test(start_paused = true)]
async fn a_call_for_which_there_is_no_place_is_told_once_and_as_refused() {
    let signer = Signer::es256("k");
    let mut limits = ServerLimits::default();
    limits.calls = 0;
    let bench = Audited::start(server(&signer).limits(limits));
    let token = Draft::of(&signer).sign(&signer);
    let judged = bench.judge(Ask::call("open").bearer(&token)).await;
    assert_eq!(judged, (503, Some("overloaded".into())));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_too_large_is_told_with_its_caller() {
    let signer = Signer::es256("k");
    let mut limits = Limits::default();
    limits.body_bytes_max = 10;
    let bench = Audited::start(server(&signer).core_limits(limits));
    let token = Draft::of(&signer).sign(&signer);
    let answer = Ask::call("open").bearer(&token).send(&bench.service).await;
    assert_eq!(answer.status, 413);
    let lines: Vec<String> = bench.events().iter().map(line).collect();
    assert_eq!(lines, ["body_too_large - - alice"]);
}

#[tokio::test(start_paused = true)]
async fn a_function_that_panics_loses_no_answer() {
    let signer = Signer::es256("k");
    let heard = Arc::new(AtomicUsize::new(0));
    let hook = Arc::clone(&heard);
    let server = server(&signer).audit(move |_| {
        hook.fetch_add(1, Ordering::Relaxed);
        panic!("s3cret-hook");
    });
    let service = Service::start(server.build().expect("a server"), Clock::new(), None).expect("a service");
    let journal = Journal::open();
    let token = Draft::of(&signer).sign(&signer);
    assert_eq!(Ask::call("open").bearer(&token).send(&service).await.text(), "done");
    assert_eq!(Ask::list("tools/list", None).bearer(&token).send(&service).await.status, 200);
    assert_eq!(Ask::call("open").send(&service).await.status, 401);
    assert_eq!(Ask::call("demanding").bearer(&token).send(&service).await.status, 403);
    assert_eq!(heard.load(Ordering::Relaxed), 5);
    assert!(journal.text().contains("audit function panicked"), "{}", journal.text());
    assert!(!journal.text().contains("s3cret"), "{}", journal.text());
}
