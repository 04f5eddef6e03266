use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Mutex},
    task::{Context, Poll, ready},
};

use hyper::rt::{Read, ReadBufCursor, Write};
use mcp_proto::{Now, jws::keys::KEY_SET_BYTES_MAX};

use super::{
    exchange::{RESPONSE_FIELDS_MAX, RESPONSE_HEAD_BYTES_MAX},
    *,
};
use crate::keys::testing::{Begun, ManualRuntime, ManualSleep};

/// What a server does next.
#[derive(Clone)]
enum Step {
    Bytes(Vec<u8>),
    /// It lets the reader wait, and goes on.
    Later,
    /// It lets a second pass.
    Second,
    /// It says nothing more and keeps the stream open.
    Silence,
    /// It resets the stream.
    Reset,
}

fn text(bytes: impl Into<Vec<u8>>) -> Step {
    Step::Bytes(bytes.into())
}

/// A stream to a server that follows a script once it is asked for something; at its end it closes its side.
struct Script {
    steps: VecDeque<Step>,
    written: Arc<Mutex<Vec<u8>>>,
    runtime: ManualRuntime,
    pause: Option<Pin<Box<ManualSleep>>>,
}

impl Script {
    fn new(steps: impl IntoIterator<Item = Step>, runtime: &ManualRuntime) -> Self {
        let steps = steps.into_iter().collect();
        Self { steps, written: Arc::default(), runtime: runtime.clone(), pause: None }
    }
}

impl Read for Script {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(context));
            self.pause = None;
        }
        if self.written.lock().unwrap().is_empty() {
            self.steps.push_front(Step::Later);
        }
        match self.steps.pop_front() {
            None => Poll::Ready(Ok(())),
            Some(Step::Bytes(bytes)) => {
                let (now, rest) = bytes.split_at(bytes.len().min(buffer.remaining()));
                buffer.put_slice(now);
                if !rest.is_empty() {
                    self.steps.push_front(text(rest));
                }
                Poll::Ready(Ok(()))
            }
            Some(Step::Later) => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Some(Step::Second) => {
                let over = self.runtime.now().tick.after_seconds(1);
                self.pause = Some(Box::pin(self.runtime.sleep_until(over)));
                self.poll_read(context, buffer)
            }
            Some(Step::Silence) => {
                self.steps.push_front(Step::Silence);
                Poll::Pending
            }
            Some(Step::Reset) => Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
        }
    }
}

impl Write for Script {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.written.lock().unwrap().extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

type Outcome = Result<Bytes, FetchFailure>;

const JSON: &[&str] = &["application/jwk-set+json", "application/json"];

/// A request for a key set.
fn request(url: &str, body_bytes_max: usize) -> Outgoing {
    Outgoing::get(FetchUrl::parse(url).unwrap(), JSON, body_bytes_max)
}

/// Begins a request to a server with this script; also what was written to it.
fn begin_with(
    request: Outgoing,
    steps: impl IntoIterator<Item = Step>,
) -> (Begun<Fetching>, Arc<Mutex<Vec<u8>>>) {
    let runtime = ManualRuntime::at(Now::default());
    let script = Script::new(steps, &runtime);
    let written = Arc::clone(&script.written);
    let fetching: Fetching = Box::pin(async move { fetch_over(script, &request, None).await });
    (runtime.begin(fetching), written)
}

/// Begins to get a document from a server with this script; also what was written to it.
fn begin(url: &str, steps: impl IntoIterator<Item = Step>) -> (Begun<Fetching>, Arc<Mutex<Vec<u8>>>) {
    begin_with(request(url, KEY_SET_BYTES_MAX), steps)
}

/// What a server with this script leads to, if it leads to anything.
fn outcome_within(steps: impl IntoIterator<Item = Step>, body_bytes_max: usize) -> Option<Outcome> {
    let result = begin_with(request("http://localhost/jwks", body_bytes_max), steps).0.result();
    result.map(|result| result.map(|fetched| fetched.body))
}

fn outcome(steps: impl IntoIterator<Item = Step>) -> Option<Outcome> {
    outcome_within(steps, KEY_SET_BYTES_MAX)
}

fn document(body: &'static str) -> Option<Outcome> {
    Some(Ok(Bytes::from_static(body.as_bytes())))
}

fn failure(failure: FetchFailure) -> Option<Outcome> {
    Some(Err(failure))
}

#[test]
fn the_request_asks_for_the_document_of_the_url() {
    let table = [
        ("http://127.0.0.1:9000/realms/a/certs?x=1&y=%20", "/realms/a/certs?x=1&y=%20", "127.0.0.1:9000"),
        ("http://localhost", "/", "localhost"),
        ("http://[::1]:8080/jwks", "/jwks", "[::1]:8080"),
        ("https://id.example:8443/jwks", "/jwks", "id.example:8443"),
    ];
    for (url, target, host) in table {
        let (mut fetching, written) = begin(url, [Step::Silence]);
        assert_eq!(fetching.result(), None);
        let request = String::from_utf8(written.lock().unwrap().clone()).unwrap();
        let expected = format!(
            "GET {target} HTTP/1.1\r\nhost: {host}\r\naccept: application/jwk-set+json, \
             application/json\r\nconnection: close\r\n\r\n"
        );
        assert_eq!(request, expected);
    }
}

#[test]
fn a_form_is_posted_with_credentials() {
    let url = FetchUrl::parse("https://id.example/introspect?x=1").unwrap();
    let request = Outgoing::post(url, "token=abc&token_type_hint=access_token", &["application/json"], 100)
        .with_authorization(HeaderValue::from_static("Basic c2VjcmV0"));
    let shown = format!("{request:?}");
    assert!(!shown.contains("c2VjcmV0") && !shown.contains("abc"), "{shown}");
    assert!(request.authorization.as_ref().unwrap().is_sensitive());
    let (mut fetching, written) = begin_with(request, [Step::Silence]);
    assert_eq!(fetching.result(), None);
    let expected = "POST /introspect?x=1 HTTP/1.1\r\nhost: id.example\r\naccept: application/json\r\n\
                    connection: close\r\nauthorization: Basic c2VjcmV0\r\n\
                    content-type: application/x-www-form-urlencoded\r\ncontent-length: 38\r\n\r\n\
                    token=abc&token_type_hint=access_token";
    assert_eq!(String::from_utf8(written.lock().unwrap().clone()).unwrap(), expected);
}

#[test]
fn an_answer_says_for_how_long_it_is_fresh() {
    let table = [
        ("", None),
        ("cache-control: max-age=300\r\n", Some(300)),
        ("Cache-Control: public, MAX-AGE=300, must-revalidate\r\n", Some(300)),
        ("cache-control: max-age=\"300\"\r\n", Some(300)),
        ("cache-control: max-age = 300\r\n", Some(300)),
        ("cache-control: public\r\ncache-control: max-age=0\r\n", Some(0)),
        ("cache-control: s-maxage=5, max-age=300\r\n", Some(300)),
        ("cache-control: max-age=18446744073709551616\r\n", Some(u64::MAX)),
        ("cache-control: no-store, max-age=300\r\n", None),
        ("cache-control: max-age=300\r\ncache-control: No-Cache\r\n", None),
        ("cache-control: no-cache=\"set-cookie\", max-age=300\r\n", None),
        ("cache-control: max-age=300, max-age=300\r\n", None),
        ("cache-control: max-age\r\n", None),
        ("cache-control: max-age=\r\n", None),
        ("cache-control: max-age=-1\r\n", None),
        ("cache-control: max-age=+1\r\n", None),
        ("cache-control: max-age=1.5\r\n", None),
        ("cache-control: max-age=a\r\n", None),
        ("cache-control: max-age=\"\r\n", None),
        ("cache-control: public\r\n", None),
        ("cache-control: max-age=300, \u{e9}\r\n", None),
        ("expires: Thu, 01 Dec 2030 16:00:00 GMT\r\n", None),
    ];
    for (field, expected) in table {
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{field}content-length: 2\r\n\r\n{{}}"
        );
        let fetched = begin("http://localhost/jwks", [text(answer)]).0.result().unwrap().unwrap();
        assert_eq!(fetched.fresh_seconds, expected, "{field:?}");
    }
}

#[test]
fn an_answer_names_its_server_and_is_not_shown() {
    let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
    let address = SocketAddr::from(([127, 0, 0, 1], 9000));
    let request = request("http://localhost/jwks", 100);
    let runtime = ManualRuntime::at(Now::default());
    let script = Script::new([text(answer)], &runtime);
    let fetched = runtime.finish(fetch_over(script, &request, Some(address))).unwrap();
    assert_eq!(fetched.address, Some(address));
    assert_eq!(
        format!("{fetched:?}"),
        "Fetched { body_bytes: 2, address: Some(127.0.0.1:9000), fresh_seconds: None }"
    );
}

#[test]
fn a_document_is_taken_however_it_is_framed_and_cut() {
    let heads = [
        ("content-length: 11\r\n\r\n", r#"{"keys":[]}"#),
        ("transfer-encoding: chunked\r\n\r\n", "4\r\n{\"ke\r\n7\r\nys\":[]}\r\n0\r\n\r\n"),
        ("\r\n", r#"{"keys":[]}"#),
    ];
    for (head, body) in heads {
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{head}{body}");
        assert_eq!(outcome([text(answer.clone())]), document(r#"{"keys":[]}"#), "{head}");
        let dribbled = answer.bytes().flat_map(|byte| [text([byte]), Step::Later]);
        assert_eq!(outcome(dribbled), document(r#"{"keys":[]}"#), "{head}");
    }
}

#[test]
fn a_complete_document_does_not_wait_for_the_server_to_close() {
    let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
    assert_eq!(outcome([text(answer), Step::Silence]), document("{}"));
}

#[test]
fn an_interim_answer_is_not_the_answer() {
    let answer = "HTTP/1.1 103 Early Hints\r\n\r\n\
        HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
    assert_eq!(outcome([text(answer)]), document("{}"));
}

#[test]
fn any_status_but_200_is_a_failure_and_no_redirect_is_followed() {
    let statuses = [201, 203, 204, 206, 301, 302, 303, 304, 307, 308, 400, 401, 404, 500, 503];
    for status in statuses {
        let answer = format!(
            "HTTP/1.1 {status} X\r\nlocation: http://localhost/other\r\n\
             content-type: application/json\r\ncontent-length: 2\r\n\r\n{{}}"
        );
        let (mut fetching, written) = begin("http://localhost/jwks", [text(answer)]);
        assert_eq!(fetching.result(), Some(Err(FetchFailure::Status(status))));
        let requests = written.lock().unwrap().windows(4).filter(|four| four == b"GET ").count();
        assert_eq!(requests, 1);
    }
}

#[test]
fn only_json_is_taken() {
    let table = [
        ("content-type: application/json\r\n", true),
        ("content-type: application/jwk-set+json\r\n", true),
        ("Content-Type: Application/JSON; charset=utf-8\r\n", true),
        ("content-type: application/json ;charset=utf-8\r\n", true),
        ("content-type: APPLICATION/JWK-SET+JSON;a=b;c=d\r\n", true),
        ("", false),
        ("content-type: \r\n", false),
        ("content-type: text/html\r\n", false),
        ("content-type: text/plain; application/json\r\n", false),
        ("content-type: application/jsonx\r\n", false),
        ("content-type: application/json, text/html\r\n", false),
        ("content-type: application/json\r\ncontent-type: text/html\r\n", false),
        ("content-type: application/json\r\ncontent-type: application/json\r\n", false),
        ("content-type: application/jose+json\r\n", false),
    ];
    for (field, taken) in table {
        let answer = format!("HTTP/1.1 200 OK\r\n{field}content-length: 2\r\n\r\n{{}}");
        let expected = if taken { document("{}") } else { failure(FetchFailure::MediaType) };
        assert_eq!(outcome([text(answer)]), expected, "{field:?}");
    }
}

/// An answer with a body of this length, framed in each of three ways.
fn answers(length: usize) -> [Vec<u8>; 3] {
    let body = vec![b' '; length];
    let framings = [
        (format!("content-length: {length}\r\n\r\n"), Vec::new()),
        (format!("transfer-encoding: chunked\r\n\r\n{length:x}\r\n"), b"\r\n0\r\n\r\n".to_vec()),
        ("\r\n".to_owned(), Vec::new()),
    ];
    framings.map(|(head, tail)| {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{head}");
        [head.into_bytes(), body.clone(), tail].concat()
    })
}

#[test]
fn a_document_may_have_as_many_bytes_as_the_limit_and_not_one_more() {
    for body_bytes_max in [1, 100, KEY_SET_BYTES_MAX] {
        for answer in answers(body_bytes_max) {
            let taken = outcome_within([text(answer)], body_bytes_max).unwrap().unwrap();
            assert_eq!(taken.len(), body_bytes_max);
        }
        for answer in answers(body_bytes_max + 1) {
            assert_eq!(outcome_within([text(answer)], body_bytes_max), failure(FetchFailure::TooLong));
        }
    }
}

#[test]
fn a_declared_length_over_the_limit_is_refused_before_the_body_arrives() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    for length in ["262145", "18446744073709551613"] {
        let answer = format!("{head}content-length: {length}\r\n\r\n");
        assert_eq!(outcome([text(answer), Step::Silence]), failure(FetchFailure::TooLong), "{length}");
    }
}

#[test]
fn an_endless_document_is_cut_off() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n";
    let endless = std::iter::repeat_n(text(vec![b' '; 4096]), 1000);
    assert_eq!(outcome([text(head)].into_iter().chain(endless)), failure(FetchFailure::TooLong));
}

#[test]
fn a_broken_answer_is_no_answer() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    let table: [(&str, Vec<Step>); 10] = [
        ("nothing", vec![]),
        ("half a head", vec![text(head)]),
        ("a truncated body", vec![text(format!("{head}content-length: 3\r\n\r\n{{}}"))]),
        ("a truncated chunk", vec![text(format!("{head}transfer-encoding: chunked\r\n\r\n3\r\n{{}}"))]),
        ("no last chunk", vec![text(format!("{head}transfer-encoding: chunked\r\n\r\n2\r\n{{}}\r\n"))]),
        ("a reset at once", vec![Step::Reset]),
        ("a reset in the body", vec![text(format!("{head}content-length: 3\r\n\r\n{{}}")), Step::Reset]),
        ("no HTTP", vec![text("{}\r\n\r\n")]),
        ("HTTP/2", vec![text(b"\0\0\x06\x04\0\0\0\0\0".as_slice())]),
        (
            "contradicting lengths",
            vec![text(format!("{head}content-length: 2\r\ncontent-length: 3\r\n\r\n{{}}"))],
        ),
    ];
    for (what, steps) in table {
        assert_eq!(outcome(steps), failure(FetchFailure::Unreachable), "{what}");
    }
}

#[test]
fn the_head_of_an_answer_is_bounded_in_bytes() {
    let head = |length: usize| {
        let start = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx: ";
        let end = "\r\ncontent-length: 2\r\n\r\n";
        format!("{start}{}{end}", "a".repeat(length - start.len() - end.len()))
    };
    // Byte for byte, so that the limit is met exactly.
    let dribbled = |head: String| head.into_bytes().into_iter().map(|byte| text([byte]));
    let answer = dribbled(head(RESPONSE_HEAD_BYTES_MAX)).chain([text("{}")]);
    assert_eq!(outcome(answer), document("{}"));
    let answer = dribbled(head(RESPONSE_HEAD_BYTES_MAX + 1)).chain([text("{}")]);
    assert_eq!(outcome(answer), failure(FetchFailure::Unreachable));
}

#[test]
fn the_head_of_an_answer_is_bounded_in_fields() {
    let answer = |fields: usize| {
        let others: String = (2..fields).map(|number| format!("x-{number}: 1\r\n")).collect();
        format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\
             {others}\r\n{{}}"
        )
    };
    assert_eq!(outcome([text(answer(RESPONSE_FIELDS_MAX))]), document("{}"));
    let too_many = answer(RESPONSE_FIELDS_MAX + 1);
    assert_eq!(outcome([text(too_many)]), failure(FetchFailure::Unreachable));
}

#[test]
fn a_silent_server_is_waited_for_until_the_future_is_dropped() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{";
    for steps in [vec![Step::Silence], vec![text(head), Step::Silence]] {
        let (mut fetching, written) = begin("http://localhost/", steps);
        assert_eq!(fetching.result(), None);
        // The stream is the other holder.
        assert_eq!(Arc::strong_count(&written), 2);
        drop(fetching);
        assert_eq!(Arc::strong_count(&written), 1);
    }
}

#[test]
fn the_future_can_be_sent_between_threads() {
    fn sent<T: Send>(_: &T) {}
    let script = Script::new([], &ManualRuntime::at(Now::default()));
    let request = request("http://localhost/", 100);
    sent(&fetch_over(script, &request, None));
}

/// Connects to one server with a script, once.
struct ToScript(Mutex<Option<Script>>);

impl Fetch for ToScript {
    fn fetch(&self, request: Outgoing) -> Fetching {
        let script = self.0.lock().unwrap().take().expect("one request");
        Box::pin(async move { fetch_over(script, &request, None).await })
    }
}

#[test]
fn a_server_that_takes_its_time_has_five_seconds_for_everything() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n";
    let dribbled = |text_slowly: &str| -> Vec<Step> {
        text_slowly.bytes().flat_map(|byte| [Step::Second, text([byte])]).collect()
    };
    let whole = || vec![text(head), text("{}")];
    let after = |seconds: usize, then: Vec<Step>| [vec![Step::Second; seconds], then].concat();
    let table: [(&str, Vec<Step>, Option<u64>); 7] = [
        ("an answer after four seconds", after(4, whole()), Some(4)),
        ("an answer after six seconds", after(6, whole()), None),
        ("a slow head", dribbled(head), None),
        ("a slow body", [vec![text(head)], dribbled("{}")].concat(), Some(2)),
        (
            "a body that comes too late",
            [vec![text(head), text("{")], after(6, vec![text("}")])].concat(),
            None,
        ),
        ("no answer", vec![Step::Silence], None),
        ("a body that does not end", vec![text(head), text("{"), Step::Silence], None),
    ];
    for (what, steps, answered_after) in table {
        let runtime = ManualRuntime::at(Now::default());
        let script = Script::new(steps, &runtime);
        let stream = Arc::downgrade(&script.written);
        let fetch = ToScript(Mutex::new(Some(script)));
        let request = request("http://localhost/jwks", 100);
        let mut fetching = runtime.begin(fetch_in_time(&fetch, request, &runtime));
        for second in 0..answered_after.unwrap_or(FETCH_TIMEOUT_SECONDS) {
            assert_eq!(fetching.result(), None, "{what} after {second} seconds");
            runtime.pass_seconds(1);
        }
        let outcome = fetching.result().map(|outcome| outcome.map(|fetched| fetched.body));
        let expected =
            if answered_after.is_some() { document("{}") } else { failure(FetchFailure::TimedOut) };
        assert_eq!(outcome, expected, "{what}");
        drop(fetching);
        assert!(stream.upgrade().is_none(), "{what}: the stream is closed");
    }
}

#[test]
fn an_endless_head_is_cut_off() {
    let endless = std::iter::repeat_n(text("x: y\r\n"), 10_000);
    let steps = [text("HTTP/1.1 200 OK\r\n")].into_iter().chain(endless).chain([Step::Silence]);
    assert_eq!(outcome(steps), failure(FetchFailure::Unreachable));
}
