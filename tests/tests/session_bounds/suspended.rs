//! Calls that wait hold what their handlers hold, and not the bodies that they came in.

use bytes::Bytes;
use http::Method;

use mcp_sim::Allocated;

use crate::{
    client::{Answering, Pieces, Unread, bare, of_session, poll_once},
    served::{CALL, SWEEP, Served, pass, settle},
};

const CALLS: usize = 1_000;

/// What all of them may hold together.
const HELD_BYTES_MAX: i64 = 20 << 20;

/// What the tables of a server and a runtime have grown by.
const CAPACITY_BYTES: i64 = 256 << 10;

/// Most of a body is an argument that the tool does not know.
const PADDING_BYTES: usize = 1 << 20;

/// How a body arrives.
const PIECE_BYTES: [usize; 2] = [usize::MAX, 64 << 10];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Era {
    /// In a session.
    Session,
    /// Of 2026-07-28.
    Modern,
}

fn body(number: usize, how: &str, era: Era, padding: &str) -> Pieces {
    let meta = match era {
        Era::Session => "",
        Era::Modern => {
            r#","io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}"#
        }
    };
    let text = format!(
        r#"{{"jsonrpc":"2.0","id":{number},"method":"tools/call","params":{{"name":"act","arguments":{{"how":"{how}","padding":"{padding}"}},"_meta":{{"progressToken":{number}{meta}}}}}}}"#
    );
    let piece = PIECE_BYTES[number % PIECE_BYTES.len()].min(text.len());
    // Each piece is memory of its own, as from a socket.
    let pieces = text.as_bytes().chunks(piece).map(Bytes::copy_from_slice).collect();
    Pieces { pieces, is_whole: true }
}

/// A call that has begun and is not over.
enum Suspended {
    Silent { _held: Answering },
    Streaming { _held: Box<Unread> },
}

async fn suspend(served: &Served, body: Pieces, session: Option<&str>) -> Suspended {
    let mut request = bare(Method::POST, "/mcp", "alice", body);
    match session {
        Some(session) => request = of_session(request, session),
        None => {
            let fields = request.headers_mut();
            for (name, value) in
                [("mcp-protocol-version", "2026-07-28"), ("mcp-method", "tools/call"), ("mcp-name", "act")]
            {
                fields.insert(name, value.parse().expect("a field"));
            }
        }
    }
    let mut answering = served.begin(request);
    match poll_once(answering.as_mut()).await {
        std::task::Poll::Pending => Suspended::Silent { _held: answering },
        std::task::Poll::Ready(unread) => {
            assert_eq!(unread.status(), 200);
            Suspended::Streaming { _held: Box::new(unread) }
        }
    }
}

/// Suspends many calls and says what they hold, with their clients waiting and, in sessions, without.
async fn hold(era: Era, how: &str) {
    let served = Served::with(|_| {});
    let session = match era {
        Era::Session => Some(served.session("alice").await),
        Era::Modern => None,
    };
    // What is made once is made now.
    let padding = "x".repeat(PADDING_BYTES);
    let suspend = async |number| suspend(&served, body(number, how, era, &padding), session.as_deref()).await;
    drop(suspend(0).await);
    pass(CALL + SWEEP).await;
    let before = Allocated::now();
    let mut suspended = Vec::with_capacity(CALLS);
    for number in 1..=CALLS {
        suspended.push(suspend(number).await);
    }
    let is_as_expected = |call: &Suspended| matches!(call, Suspended::Streaming { .. }) == (how == "tell");
    assert!(suspended.iter().all(is_as_expected));
    assert_eq!(served.lives.count(), CALLS);
    let held = (Allocated::now() - before).bytes;
    println!("{CALLS} calls that {how}, {era:?}: {held} bytes");
    assert!(held < HELD_BYTES_MAX, "{held}");

    drop(suspended);
    settle().await;
    if era == Era::Session {
        assert_eq!(served.lives.count(), CALLS);
        let held = (Allocated::now() - before).bytes;
        println!("{CALLS} calls that {how} and that nobody waits for: {held} bytes");
        assert!(held < HELD_BYTES_MAX, "{held}");
        pass(CALL + SWEEP).await;
        // So many answers that nobody fetches are more than it may keep.
        assert_eq!(served.sessions(), 0);
    }
    assert_eq!(served.lives.count(), 0);
    let left = (Allocated::now() - before).bytes;
    assert!(left < CAPACITY_BYTES, "{left}");
}

#[tokio::test(start_paused = true)]
async fn a_thousand_silent_calls_in_a_session_hold_little() {
    hold(Era::Session, "wait").await;
}

#[tokio::test(start_paused = true)]
async fn a_thousand_calls_with_streams_in_a_session_hold_little() {
    hold(Era::Session, "tell").await;
}

#[tokio::test(start_paused = true)]
async fn a_thousand_silent_calls_without_a_session_hold_little() {
    hold(Era::Modern, "wait").await;
}

#[tokio::test(start_paused = true)]
async fn a_thousand_calls_with_streams_without_a_session_hold_little() {
    hold(Era::Modern, "tell").await;
}
