//! Calls that end before their answer does: by a timeout of the application, and by a host that does not ask
//! for the rest of a stream.
//!
//! A silent call becomes a stream after 15 s, has a heartbeat every 15 s, and a peer may take nothing for 30 s.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, HttpBody as _},
};
use http::StatusCode;
use http_body_util::BodyExt as _;
use mcp_tests::{asking::Ask, events::Received};
use mcp_tokio::ServerLimits;
use tokio::{
    runtime::Handle,
    task::yield_now,
    time::{Instant, sleep, timeout},
};
use tower_http::timeout::TimeoutLayer;

use crate::{
    application::{Mounted, ask, begin, whole},
    witness::{Sightings, witness},
};

const URL: &str = "http://localhost/mcp";

const OPENS: Duration = Duration::from_secs(15);

/// A heartbeat, and the time for which a peer may take nothing.
const PATIENCE: Duration = Duration::from_secs(45);

const FOR_EVER: Duration = Duration::from_secs(299);

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Timers of tokio are good to a millisecond.
fn assert_elapsed(since: Instant, expected: Duration) {
    let elapsed = since.elapsed();
    let latest = expected.saturating_add(Duration::from_millis(5));
    assert!((expected..=latest).contains(&elapsed), "{elapsed:?} for {expected:?}");
}

/// A server with one place for a call that is silent for this long.
fn silent(time: Duration) -> (Mounted, Sightings) {
    let (witness, sightings) = witness();
    let mut limits = ServerLimits::default();
    limits.calls = 1;
    let mounted = Mounted::at(URL, |server| server.tool(witness.silent(time)).limits(limits));
    (mounted, sightings)
}

fn call(mounted: &Mounted) -> Ask {
    Ask::call("silent").bearer(&mounted.token())
}

/// A call that has become a stream.
async fn opened(mounted: &Mounted, application: &Router) -> Body {
    let begun = Instant::now();
    let response = begin(application, call(mounted)).await;
    assert_elapsed(begun, OPENS);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    response.into_body()
}

fn under_a_timeout(mounted: &Mounted, time: Duration) -> Router {
    mounted.application().layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, time))
}

#[tokio::test(start_paused = true)]
async fn a_timeout_of_the_application_cancels_the_call() {
    let (mounted, mut sightings) = silent(FOR_EVER);
    let application = under_a_timeout(&mounted, seconds(10));
    let begun = Instant::now();
    let answer = ask(&application, call(&mounted)).await;
    assert_eq!(answer.status, 504);
    assert_elapsed(begun, seconds(10));
    sightings.begun().await;
    sightings.dropped().await;
    assert_elapsed(begun, seconds(10));
    let next = ask(&application, Ask::call("whoami").bearer(&mounted.token())).await;
    assert_eq!(next.status, 200, "its place is free again");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_has_begun_outlives_the_timeout() {
    let (mounted, _sightings) = silent(seconds(100));
    let application = under_a_timeout(&mounted, seconds(20));
    let begun = Instant::now();
    let answer = ask(&application, call(&mounted)).await;
    assert_elapsed(begun, seconds(100));
    let received = Received::read(answer.body.as_bytes());
    assert_eq!((answer.status, received.events.len()), (200, 1));
    assert!(received.events[0].1.contains("done"), "{received:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_its_host_asks_for_lasts() {
    let (mounted, mut sightings) = silent(seconds(200));
    let answer = whole(begin(&mounted.application(), call(&mounted)).await).await;
    let received = Received::read(answer.body.as_bytes());
    assert!(received.events[0].1.contains("done"), "{received:?}");
    assert_eq!(received.comments, 13, "it opens with one at 15 s and has one more every 15 s");
    sightings.begun().await;
    sightings.dropped().await;
    sightings.nothing_more();
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_its_host_leaves_alone_is_given_up() {
    let (mounted, mut sightings) = silent(FOR_EVER);
    let application = mounted.application();
    let mut body = opened(&mounted, &application).await;
    sightings.begun().await;
    let left = Instant::now();
    assert_eq!(ask(&application, call(&mounted)).await.status, 503, "there is one place");
    sightings.dropped().await;
    assert_elapsed(left, PATIENCE);
    let end = timeout(seconds(1), body.frame()).await.expect("no more waiting");
    assert!(end.is_none(), "it ends without a result");
    let next = ask(&application, Ask::call("whoami").bearer(&mounted.token())).await;
    assert_eq!(next.status, 200, "its place is free again");
    sightings.nothing_more();
}

/// A host that is woken and does nothing about it.
#[derive(Default)]
struct Sleepy(AtomicUsize);

impl Wake for Sleepy {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_that_waits_for_a_stream_is_woken_when_it_is_given_up() {
    let (mounted, mut sightings) = silent(FOR_EVER);
    let mut body = opened(&mounted, &mounted.application()).await;
    sightings.begun().await;
    let sleepy = Arc::new(Sleepy::default());
    let waker = Waker::from(Arc::clone(&sleepy));
    let mut poll = || Pin::new(&mut body).poll_frame(&mut Context::from_waker(&waker));
    assert!(matches!(poll(), Poll::Ready(Some(Ok(_)))), "what opened it");
    assert!(poll().is_pending());
    sightings.dropped().await;
    assert_eq!(sleepy.0.load(Ordering::Relaxed), 2, "once for the heartbeat, once for the end");
    assert!(matches!(poll(), Poll::Ready(None)));
}

#[tokio::test(start_paused = true)]
async fn each_time_its_host_asks_a_stream_gets_all_the_time_again() {
    let (mounted, mut sightings) = silent(FOR_EVER);
    let mut body = opened(&mounted, &mounted.application()).await;
    sightings.begun().await;
    for _ in 0..3 {
        sleep(PATIENCE - seconds(1)).await;
        sightings.nothing_more();
        let frame = body.frame().await.expect("more").expect("no error");
        assert!(frame.is_data());
    }
    let asked = Instant::now();
    sightings.dropped().await;
    assert_elapsed(asked, PATIENCE);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_dropped_is_cancelled_at_once_and_nothing_stays_behind() {
    let (mounted, mut sightings) = silent(FOR_EVER);
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let body = opened(&mounted, &mounted.application()).await;
    assert_eq!(tasks(), before + 1, "the watchdog");
    sightings.begun().await;
    let left = Instant::now();
    drop(body);
    sightings.dropped().await;
    // One turn for each who may have to be told.
    for _ in 0..10 {
        yield_now().await;
    }
    assert_eq!(tasks(), before);
    assert_elapsed(left, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_no_stream_needs_no_watchdog() {
    let (mounted, _sightings) = silent(seconds(10));
    let before = Handle::current().metrics().num_alive_tasks();
    let response = begin(&mounted.application(), call(&mounted)).await;
    assert_eq!(Handle::current().metrics().num_alive_tasks(), before);
    assert_eq!(whole(response).await.text(), "done");
}
