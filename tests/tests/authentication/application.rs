//! The application's own function: when it is asked, and what becomes of what it says.

use std::{
    future::pending,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request};
use http_body::{Body, Frame};
use mcp_tests::{
    asking::{Answer, Ask, send},
    audited::Audited,
    clock::{Clock, START},
    journal::Journal,
};
use mcp_tokio::{
    Auth, CustomPolicy, Identity, Limits, NoArguments, Rejection, RequestHead, Server, ServerBuilder,
    Service, Timeouts, Tool, Verifier, proto::UnixSeconds,
};
use serde_json::{Value, json};
use tokio::time::Instant;

const FAILED: &str = "Unauthorized: Authentication failed";
const ERROR: &str = "Unauthorized: Authentication error";

/// The code for no or no good credentials: the specification has none, and clients know this one.
const UNAUTHORIZED: i64 = -32000;

fn server(auth: Auth) -> ServerBuilder {
    Server::builder("test", "1", auth).tool(Tool::new("done").typed(async |_: NoArguments| "done"))
}

fn service(server: ServerBuilder) -> Service<Clock> {
    Service::start(server.build().expect("a server"), Clock::new(), None).expect("a service")
}

fn verified_by(verifier: impl Verifier) -> Service<Clock> {
    service(server(Auth::verifier(verifier)))
}

async fn anybody(_: RequestHead) -> Result<Identity, Rejection> {
    Ok(Identity::new("alice"))
}

async fn nobody(_: RequestHead) -> Result<Identity, Rejection> {
    Err(Rejection::denied())
}

/// Counts how often it is asked, and lets everybody in.
fn counting() -> (Service<Clock>, impl Fn() -> usize) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let service = verified_by(move |head: RequestHead| {
        counter.fetch_add(1, Ordering::Relaxed);
        anybody(head)
    });
    (service, move || asked.swap(0, Ordering::Relaxed))
}

#[tokio::test(start_paused = true)]
async fn it_is_asked_once_for_each_request_that_reaches_the_gate() {
    let (service, asked) = counting();
    let table = [
        (Ask::call("done"), 200),
        // Nothing is remembered: who was let in once may be locked out now.
        (Ask::call("done"), 200),
        (Ask::call("done").bearer("token"), 200),
        (Ask::call("done").field("authorization", "Basic eDp5"), 200),
        (Ask::call("done").target("/mcp?token=x"), 200),
        (Ask::list("tools/list", None), 200),
        (Ask::notification("notifications/initialized"), 202),
        // Whatever is wrong with the message is found out afterwards.
        (Ask::call("missing"), 200),
        (Ask::new("no/such/method", None, json!({})), 404),
        (Ask::call("done").field("mcp-method", "tools/list"), 400),
        (Ask::call("done").field("content-type", "text/plain"), 415),
        (Ask::call("done").field("accept", "text/html"), 406),
    ];
    for (ask, status) in table {
        let shown = format!("{ask:?}");
        let answer = ask.send(&service).await;
        assert_eq!((answer.status, asked()), (status, 1), "{shown} {}", answer.body);
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_never_asked_about_what_does_not_reach_the_gate() {
    let (service, asked) = counting();
    let preflight = |target: &str| {
        Ask::bare(Method::OPTIONS, target)
            .field("origin", "http://localhost")
            .field("access-control-request-method", "POST")
    };
    let table = [
        (Ask::call("done").target("/other"), 404),
        (Ask::call("done").target("/mcp/"), 404),
        (Ask::call("done").target("//"), 404),
        (Ask::call("done").target("/sse"), 404),
        (Ask::call("done").target("/messages?sessionId=1"), 404),
        (preflight("/mcp"), 204),
        (Ask::bare(Method::OPTIONS, "/mcp"), 405),
        (Ask::bare(Method::GET, "/mcp"), 405),
        (Ask::bare(Method::HEAD, "/mcp"), 405),
        (Ask::bare(Method::DELETE, "/mcp"), 405),
        (Ask::call("done").verb(Method::PUT), 405),
        (Ask::call("done").field("host", "evil.example"), 403),
        (Ask::call("done").another("host", "localhost"), 400),
        (Ask::call("done").field("origin", "https://evil.example"), 403),
        (Ask::call("done").field("origin", "null"), 403),
        (Ask::call("done").field("transfer-encoding", "chunked"), 400),
        (Ask::call("done").target("/mcp?access_token=x"), 400),
        (Ask::call("done").target("/mcp?a=b&access%5Ftoken=x").bearer("token"), 400),
        (Ask::bare(Method::GET, "/ping"), 200),
        (Ask::bare(Method::GET, "/health"), 200),
        (Ask::bare(Method::GET, "/ready"), 200),
        (Ask::bare(Method::GET, "/.well-known/oauth-protected-resource"), 404),
    ];
    for (ask, status) in table {
        let shown = format!("{ask:?}");
        let answer = ask.send(&service).await;
        assert_eq!((answer.status, asked()), (status, 0), "{shown} {}", answer.body);
    }
}

/// How long an answer took, in milliseconds of the clock that stands still otherwise.
async fn timed(answer: impl Future<Output = Answer>) -> (Answer, u128) {
    let begin = Instant::now();
    let answer = answer.await;
    (answer, begin.elapsed().as_millis())
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_comes_does_not_delay_a_refusal() {
    let service = verified_by(nobody);
    let call = || Ask::call("done");
    let small = usize::try_from(Limits::default().refused_body_bytes_max).expect("it fits");
    let patience = u128::from(Timeouts::default().refused_body_micros / 1_000);
    let table = [
        (call().without_its_body(None), 0),
        (call().without_its_body(Some(small + 1)), 0),
        (call().without_its_body(Some(usize::MAX)), 0),
        (call().field("expect", "100-continue").without_its_body(Some(100)), 0),
        (call().field("transfer-encoding", "chunked").without_its_body(None), 0),
        // A small one is waited for a moment: it has the id.
        (call().without_its_body(Some(small)), patience),
        (call().without_its_body(Some(1)), patience),
    ];
    for (request, waited) in table {
        let shown = format!("{request:?}");
        let (answer, took) = timed(send(&service, request)).await;
        assert_eq!(answer.error(), (401, UNAUTHORIZED, FAILED.into()), "{shown}");
        assert_eq!(took, waited, "{shown}");
    }
}

/// A body that tells when somebody reaches for it.
struct Watched(Arc<AtomicBool>);

impl Body for Watched {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        self.0.store(true, Ordering::SeqCst);
        std::task::Poll::Ready(None)
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_asked_before_a_byte_of_the_body_is_read() {
    let was_read = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&was_read);
    let service = verified_by(move |_: RequestHead| {
        let seen = Arc::clone(&seen);
        async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            assert!(!seen.load(Ordering::SeqCst), "the body was read first");
            Ok(Identity::new("alice"))
        }
    });
    let (head, _) = Ask::call("done").request().into_parts();
    let answer = send(&service, Request::from_parts(head, Watched(Arc::clone(&was_read)))).await;
    assert_eq!(answer.status, 400, "an empty body is no JSON: {}", answer.body);
    assert!(was_read.load(Ordering::SeqCst));
}

/// An answer to a request with this id and a token, to a server that asks `verifier`.
async fn answer(verifier: impl Verifier) -> Answer {
    Ask::call("done").id("id-7").bearer("s3cret-token").send(&verified_by(verifier)).await
}

#[tokio::test(start_paused = true)]
async fn whom_it_accepts_is_served() {
    let answer = answer(anybody).await;
    assert_eq!((answer.status, answer.text().as_str()), (200, "done"));
    assert_eq!(answer.json()["id"], "id-7");
}

/// The challenge of a 401, whose message has to be this one.
fn challenge(answer: &Answer, message: &str) -> String {
    assert_eq!(answer.error(), (401, UNAUTHORIZED, message.into()));
    assert_eq!(answer.field("cache-control"), Some("no-store"));
    let challenges = answer.challenges();
    let [challenge] = challenges[..] else { panic!("{challenges:?}") };
    assert!(challenge.starts_with("Bearer"), "{challenge}");
    challenge.to_owned()
}

#[tokio::test(start_paused = true)]
async fn whom_it_denies_is_told_so_with_the_id_of_the_request() {
    let denied = answer(nobody).await;
    assert!(challenge(&denied, FAILED).contains(r#"error="invalid_token""#));
    assert_eq!(denied.json()["id"], "id-7");

    // RFC 6750 section 3.1: without credentials there is nothing wrong with them.
    let anonymous = Ask::call("done").id(9).send(&verified_by(nobody)).await;
    assert!(!challenge(&anonymous, FAILED).contains("error"));
    assert_eq!(anonymous.json()["id"], 9);
}

#[tokio::test(start_paused = true)]
async fn its_errors_and_panics_are_an_authentication_error() {
    async fn fails(_: RequestHead) -> Result<Identity, Rejection> {
        Err(io::Error::other("JWT validation service is down"))?
    }
    fn panics_at_once(_: RequestHead) -> std::future::Ready<Result<Identity, Rejection>> {
        panic!("at once")
    }
    async fn panics(_: RequestHead) -> Result<Identity, Rejection> {
        tokio::task::yield_now().await;
        panic!("later")
    }
    for answer in [answer(fails).await, answer(panics_at_once).await, answer(panics).await] {
        challenge(&answer, ERROR);
        assert_eq!(answer.json()["id"], "id-7");
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_without_a_name_is_nobody() {
    for identity in
        [Identity::new(""), Identity::new("").client("desk").scopes("admin"), Identity::new("a").client("")]
    {
        let answer = answer(move |_: RequestHead| std::future::ready(Ok(identity.clone()))).await;
        challenge(&answer, ERROR);
    }
}

/// Fails unless nobody got in and the client was told to come again with the same credentials.
fn assert_unavailable(answer: &Answer) {
    let message = "Credentials cannot be verified at the moment";
    assert_eq!(answer.error(), (503, -32603, message.into()));
    assert_eq!(answer.field("retry-after"), Some("5"));
    assert!(answer.challenges().is_empty(), "{:?}", answer.challenges());
    assert_eq!(answer.json()["id"], "id-7");
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_503_without_a_challenge() {
    assert_unavailable(&answer(async |_: RequestHead| Err(Rejection::unavailable())).await);
}

#[tokio::test(start_paused = true)]
async fn one_that_does_not_answer_is_an_outage_at_the_deadline_and_ended() {
    struct Ends(Arc<AtomicBool>);
    impl Drop for Ends {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    for millis in [1_u64, 300, 10_000] {
        let ended = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&ended);
        let slow = move |_: RequestHead| {
            let end = Ends(Arc::clone(&end));
            async move {
                let _end = end;
                pending().await
            }
        };
        let mut timeouts = Timeouts::default();
        timeouts.verify_micros = millis * 1_000;
        let service = service(server(Auth::verifier(slow)).core_timeouts(timeouts));
        let ask = Ask::call("done").id("id-7").bearer("s3cret-token");
        let (answer, took) = timed(ask.send(&service)).await;
        assert_unavailable(&answer);
        // Timers of tokio have milliseconds.
        assert!((u128::from(millis)..=u128::from(millis) + 1).contains(&took), "{took} ms");
        assert!(ended.load(Ordering::SeqCst), "it goes on");
    }
    assert_eq!(Timeouts::default().verify_micros, 10_000_000);
}

#[tokio::test(start_paused = true)]
async fn one_that_takes_its_time_within_the_deadline_is_waited_for() {
    let slow = async |_: RequestHead| {
        tokio::time::sleep(Duration::from_millis(9_990)).await;
        Ok(Identity::new("alice"))
    };
    assert_eq!(answer(slow).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn what_it_says_and_what_it_was_shown_is_in_no_answer_and_no_log() {
    let secret_error = async |_: RequestHead| Err(io::Error::other("s3cret-error").into());
    let secret_panic = async |_: RequestHead| -> Result<Identity, Rejection> { panic!("s3cret-panic") };
    let secret_value =
        async |_: RequestHead| Ok(Identity::new("").value("s3cret-value").scopes("s3cret-scope"));
    let journal = Journal::open();
    let answers = [
        answer(secret_error).await,
        answer(secret_panic).await,
        answer(secret_value).await,
        answer(nobody).await,
        answer(anybody).await,
        answer(async |_: RequestHead| Err(Rejection::unavailable())).await,
    ];
    for answer in answers {
        assert!(!answer.contains("s3cret"), "{answer:?}");
    }
    let logged = journal.text();
    assert!(!logged.contains("s3cret"), "{logged}");
    // The operator learns that something is wrong, and where: once for each of the first three.
    let errors = journal.lines().into_iter().filter(|line| line.level == tracing::Level::ERROR).count();
    assert_eq!(errors, 3, "{logged}");
    assert!(logged.contains("std::io::error::Error"), "{logged}");
}

#[tokio::test(start_paused = true)]
async fn the_core_asks_for_the_expiry_of_what_it_accepts() {
    let begin = START.0;
    let table = [(begin + 1, 200), (begin, 401), (begin - 1, 401), (0, 401), (u64::MAX, 200)];
    for (expires, status) in table {
        let answer = answer(move |_: RequestHead| {
            std::future::ready(Ok(Identity::new("alice").expires(UnixSeconds(expires))))
        })
        .await;
        assert_eq!(answer.status, status, "{expires}");
        if status == 401 {
            assert!(challenge(&answer, FAILED).contains(r#"error="invalid_token""#));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_over_by_the_time_the_function_answers_is_refused() {
    let answer = answer(async |_: RequestHead| {
        tokio::time::sleep(Duration::from_secs(5)).await;
        Ok(Identity::new("alice").expires(UnixSeconds(START.0 + 5)))
    })
    .await;
    challenge(&answer, FAILED);
}

#[tokio::test(start_paused = true)]
async fn the_core_asks_for_the_scopes_of_what_it_accepts() {
    let policy = CustomPolicy::builder().scope("mcp").implies("root", "mcp");
    let by_token = async |head: RequestHead| {
        let scopes = head.bearer().ok_or_else(Rejection::denied)?.replace('.', " ");
        Ok(Identity::new("alice").scopes(&scopes))
    };
    let tool = Tool::new("write").scope("write").typed(async |_: NoArguments| "written");
    let bench = Audited::start(server(Auth::custom(policy, by_token)).tool(tool));
    let lacking = || Some("insufficient_scope".to_owned());
    let table = [
        ("done", "mcp", 200, None),
        ("done", "mcp.write", 200, None),
        ("done", "root", 200, None),
        ("done", "write", 403, lacking()),
        ("done", "MCP", 403, lacking()),
        ("done", "mcp2", 403, lacking()),
        ("write", "mcp", 403, lacking()),
        ("write", "mcp.write", 200, None),
        ("write", "write", 403, lacking()),
    ];
    for (tool, scopes, status, rule) in table {
        let judged = bench.judge(Ask::call(tool).bearer(scopes)).await;
        assert_eq!(judged, (status, rule), "{tool} {scopes}");
    }
    let refused = Ask::call("write").bearer("mcp").send(&bench.service).await;
    let challenge = refused.challenges().concat();
    assert!(challenge.contains(r#"error="insufficient_scope""#), "{challenge}");
    assert!(challenge.contains(r#"scope="mcp write""#), "{challenge}");
}

/// Everything that a verifier may look at is there, as the client sent it.
#[tokio::test(start_paused = true)]
async fn it_sees_the_whole_head() {
    let service = verified_by(async |head: RequestHead| {
        let is_whole = head.method() == Method::POST
            && head.uri().query() == Some("a=b")
            && head.bearer() == Some("token")
            && head.header("cookie").is_some_and(|cookie| cookie == "c=d");
        if is_whole { Ok(Identity::new("alice")) } else { Err(Rejection::denied()) }
    });
    let ask = Ask::call("done").target("/mcp?a=b").bearer("token").field("cookie", "c=d");
    assert_eq!(ask.clone().send(&service).await.status, 200);
    assert_eq!(ask.target("/mcp").send(&service).await.status, 401);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_cannot_be_read_is_no_way_round_it() {
    let service = verified_by(nobody);
    for body in ["", "{", "[]", "null", r#"{"jsonrpc":"2.0","id":{},"method":"x"}"#] {
        let (mut head, _) = Ask::call("done").request().into_parts();
        head.headers.insert("content-length", body.len().into());
        let request = Request::from_parts(head, http_body_util::Full::new(Bytes::from(body)));
        let answer = send(&service, request).await;
        assert_eq!(answer.error(), (401, UNAUTHORIZED, FAILED.into()), "{body}");
        assert!(matches!(answer.json().get("id"), None | Some(Value::Null)), "{}", answer.body);
    }
}
