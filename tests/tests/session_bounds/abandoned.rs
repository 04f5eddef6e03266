//! Sessions that are opened and left in every way there is: nothing of them stays.

use bytes::Bytes;
use http::Method;
use http_body_util::Full;
use serde_json::json;

use mcp_sim::Allocated;

use crate::{
    client::{Answering, Pieces, act, bare, get, handshake, of_session, poll_once, post},
    served::{CALL, IDLE, SWEEP, Served, pass, settle},
};

/// How far a client comes before it is gone.
#[derive(Debug, Clone, Copy)]
enum Leaving {
    /// Behind the head of its handshake.
    BeforeTheBody,
    /// In the middle of the body of its handshake.
    InTheBody,
    /// Its handshake was served, and it never read the answer.
    BeforeTheAnswer,
    /// It is ready, and stays away.
    Ready,
    /// Behind the head of a message in its session.
    BeforeTheBodyOfAMessage,
    /// While it listens, and has read nothing.
    ListeningUnread,
    /// While it listens, after the first event.
    Listening,
    /// It listened, left, and changes wait for it.
    WithChangesWaiting,
    /// In a call that has said nothing.
    InASilentCall,
    /// In a call whose stream it has read a part of.
    InACallWithAStream,
    /// In a call whose stream it has not read.
    InACallUnread,
    /// While a question to it is not answered.
    Asked,
    /// It has resumed the stream of a call, and left that too.
    Resumed,
    /// In a call that ends the session.
    InACallThatEndsTheSession,
    /// With a call that was cancelled.
    Cancelled,
    /// It has a stream of 2024-11-05 and has not read where to post.
    LegacyUnread,
    /// It knows where to post, and has not introduced itself.
    LegacyBeforeItsHandshake,
    /// It has posted its handshake and not read the answer.
    LegacyInItsHandshake,
    /// In a call on its stream of 2024-11-05.
    LegacyInACall,
}

impl Leaving {
    const ALL: [Self; 19] = [
        Self::BeforeTheBody,
        Self::InTheBody,
        Self::BeforeTheAnswer,
        Self::Ready,
        Self::BeforeTheBodyOfAMessage,
        Self::ListeningUnread,
        Self::Listening,
        Self::WithChangesWaiting,
        Self::InASilentCall,
        Self::InACallWithAStream,
        Self::InACallUnread,
        Self::Asked,
        Self::Resumed,
        Self::InACallThatEndsTheSession,
        Self::Cancelled,
        Self::LegacyUnread,
        Self::LegacyBeforeItsHandshake,
        Self::LegacyInItsHandshake,
        Self::LegacyInACall,
    ];

    /// Whether its handler runs on when it has left.
    fn leaves_a_call(self) -> bool {
        match self {
            Self::InASilentCall
            | Self::InACallWithAStream
            | Self::InACallUnread
            | Self::Asked
            | Self::Resumed => true,
            Self::BeforeTheBody
            | Self::InTheBody
            | Self::BeforeTheAnswer
            | Self::Ready
            | Self::BeforeTheBodyOfAMessage
            | Self::ListeningUnread
            | Self::Listening
            | Self::WithChangesWaiting
            | Self::InACallThatEndsTheSession
            | Self::Cancelled
            | Self::LegacyUnread
            | Self::LegacyBeforeItsHandshake
            | Self::LegacyInItsHandshake
            | Self::LegacyInACall => false,
        }
    }
}

/// What ends a session whose client has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// The client came back to say so.
    Deleted,
    /// The application says so.
    Application,
    /// Nobody used it.
    Idle,
}

impl Ending {
    const ALL: [Self; 3] = [Self::Deleted, Self::Application, Self::Idle];
}

/// A request that is polled once and not answered by that.
async fn begun(mut answering: Answering) -> Answering {
    assert!(poll_once(answering.as_mut()).await.is_pending());
    answering
}

/// A message in a session whose answer has to be waited for.
async fn called(served: &Served, session: &str, token: &str, how: &str) -> Answering {
    begun(served.begin(of_session(post(token, &act(1, how)), session))).await
}

/// A client comes, and leaves. The session that it may have left, if a client can end it.
async fn come_and_go(served: &Served, leaving: Leaving, token: &str) -> Option<String> {
    let half = |request: &str| Pieces { pieces: [Bytes::from(request.to_owned())].into(), is_whole: false };
    match leaving {
        Leaving::BeforeTheBody => {
            drop(begun(served.begin(bare(Method::POST, "/mcp", token, half("")))).await);
            None
        }
        Leaving::InTheBody => {
            let text = handshake().to_string();
            let first = half(text.get(..40).expect("a part of it"));
            drop(begun(served.begin(bare(Method::POST, "/mcp", token, first))).await);
            None
        }
        Leaving::BeforeTheAnswer => {
            let unread = served.service.serve(post(token, &handshake())).await;
            let id = unread.headers().get("mcp-session-id").expect("a session");
            Some(id.to_str().expect("ASCII").to_owned())
        }
        Leaving::LegacyUnread => {
            drop(served.stream(get("/sse", token)).await);
            None
        }
        Leaving::LegacyBeforeItsHandshake => {
            drop(served.legacy(token).await);
            None
        }
        Leaving::LegacyInItsHandshake => {
            let (session, stream) = served.legacy(token).await;
            served.post_legacy(&session, token, &handshake()).await;
            drop(stream);
            None
        }
        Leaving::LegacyInACall => {
            let (session, mut stream) = served.legacy(token).await;
            served.post_legacy(&session, token, &handshake()).await;
            assert!(stream.text().await.contains("protocolVersion"));
            served.post_legacy(&session, token, &act(1, "tell")).await;
            assert!(stream.text().await.contains("notifications/progress"));
            drop(stream);
            None
        }
        Leaving::Ready
        | Leaving::BeforeTheBodyOfAMessage
        | Leaving::ListeningUnread
        | Leaving::Listening
        | Leaving::WithChangesWaiting
        | Leaving::InASilentCall
        | Leaving::InACallWithAStream
        | Leaving::InACallUnread
        | Leaving::Asked
        | Leaving::Resumed
        | Leaving::InACallThatEndsTheSession
        | Leaving::Cancelled => {
            let session = served.session(token).await;
            leave_ready(served, leaving, token, &session).await.then_some(session)
        }
    }
}

/// The same for a client whose session is ready; whether the session is left.
async fn leave_ready(served: &Served, leaving: Leaving, token: &str, session: &str) -> bool {
    match leaving {
        Leaving::BeforeTheBodyOfAMessage => {
            let never = Pieces { pieces: [].into(), is_whole: false };
            let request = of_session(bare(Method::POST, "/mcp", token, never), session);
            drop(begun(served.begin(request)).await);
        }
        Leaving::ListeningUnread => drop(served.listen(session, token).await),
        Leaving::Listening => assert_eq!(served.listen(session, token).await.now().await.len(), 1),
        Leaving::WithChangesWaiting => {
            let note = json!({"uri": "note://1"});
            let subscribe =
                json!({"jsonrpc": "2.0", "id": 1, "method": "resources/subscribe", "params": note});
            assert_eq!(served.ask(session, token, &subscribe).await.status, 200);
            drop(served.listen(session, token).await);
            for change in [
                mcp_tokio::Change::ToolsChanged,
                mcp_tokio::Change::PromptsChanged,
                mcp_tokio::Change::ResourceUpdated("note://1".into()),
            ] {
                served.server.sessions().notify("application", token, &change);
            }
        }
        Leaving::InASilentCall => drop(called(served, session, token, "wait").await),
        Leaving::InACallWithAStream => {
            let mut stream = served.stream(of_session(post(token, &act(1, "tell")), session)).await;
            assert_eq!(stream.now().await.len(), 2);
        }
        Leaving::InACallUnread => {
            drop(served.stream(of_session(post(token, &act(1, "tell")), session)).await);
        }
        Leaving::Asked => {
            let mut stream = served.stream(of_session(post(token, &act(1, "ask")), session)).await;
            let asked = stream.now().await;
            assert_eq!(asked[1].1.as_ref().expect("JSON")["method"], "roots/list");
        }
        Leaving::Resumed => {
            let mut stream = served.stream(of_session(post(token, &act(1, "tell")), session)).await;
            let (first, _) = stream.now().await.swap_remove(0);
            let mut again = served.resume(session, token, &first).await;
            assert_eq!(again.now().await.len(), 1);
            // The one who came first is told that it is over, and may find out late.
            drop(again);
            drop(stream);
        }
        Leaving::InACallThatEndsTheSession => {
            let answer = served.ask(session, token, &act(1, "end")).await;
            assert_eq!(answer.outcome(), (404, Some(-32001)));
            return false;
        }
        Leaving::Cancelled => {
            let mut call = called(served, session, token, "wait").await;
            let params = json!({"requestId": 1});
            let cancelled = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params});
            assert_eq!(served.ask(session, token, &cancelled).await.status, 202);
            assert!(poll_once(call.as_mut()).await.is_ready());
        }
        Leaving::Ready
        | Leaving::BeforeTheBody
        | Leaving::InTheBody
        | Leaving::BeforeTheAnswer
        | Leaving::LegacyUnread
        | Leaving::LegacyBeforeItsHandshake
        | Leaving::LegacyInItsHandshake
        | Leaving::LegacyInACall => {}
    }
    true
}

/// Parties that come.
const PARTIES: usize = 200;

fn token(number: usize) -> String {
    format!("party-{}", number % PARTIES)
}

/// Every way to leave, with every way to end, until so many clients have come and gone; what is left of them then.
async fn all_come_and_go(served: &Served, clients: usize) -> Allocated {
    let (mut sessions, mut calls) = (0, 0);
    for number in 0..clients {
        let (way, turn) = (number % Leaving::ALL.len(), number / Leaving::ALL.len());
        let (leaving, ending) = (Leaving::ALL[way], Ending::ALL[turn % Ending::ALL.len()]);
        let token = if ending == Ending::Application { format!("{}-out", token(turn)) } else { token(turn) };
        let left = come_and_go(served, leaving, &token).await;
        match (left, ending) {
            (Some(session), Ending::Deleted) => served.delete(&session, &token).await,
            (Some(_), Ending::Application | Ending::Idle) => {
                sessions += 1;
                calls += usize::from(leaving.leaves_a_call());
            }
            (None, _) => {}
        }
        assert_eq!(served.sessions(), sessions, "{leaving:?} {ending:?}");
    }
    settle().await;
    assert_eq!((served.sessions(), served.lives.count()), (sessions, calls));

    let ended: usize = (0..PARTIES)
        .map(|party| served.server.sessions().end("application", &format!("{}-out", token(party))))
        .sum();
    settle().await;
    let is_half = (2 * ended).abs_diff(sessions) <= 2 * Leaving::ALL.len();
    assert!(is_half, "{ended} of {sessions}");
    assert_eq!(served.sessions(), sessions - ended);

    // The calls of those that are left run to their deadlines, which is use.
    pass(CALL + SWEEP).await;
    assert_eq!((served.sessions(), served.lives.count()), (sessions - ended, 0));
    pass(IDLE + SWEEP).await;
    assert_eq!((served.sessions(), served.lives.count()), (0, 0));
    Allocated::now()
}

/// Hash tables, rings and slabs keep the capacity that they once had: for each of 10,000 sessions a place in the
/// table by ids (an id of 16 bytes, a pointer, and as much again as is empty), and for each task that ran at once
/// one in the queues of the runtime.
const CAPACITY_BYTES: i64 = 10_000 * 80;

/// They are few, however large.
const CAPACITY_BLOCKS: i64 = 400;

/// The server counts what callers are doing: of each it has three names and a count, until it looks for those that
/// do nothing. Each party comes under two names here.
const PARTIES_BLOCKS: i64 = 2 * 4 * PARTIES as i64;

#[tokio::test(start_paused = true)]
async fn of_ten_thousand_clients_that_came_and_went_nothing_is_left() {
    const CLIENTS: usize = 10_000;
    let served = Served::with(|_| {});
    // Whatever is made once is made now.
    let few = all_come_and_go(&served, Leaving::ALL.len() * Ending::ALL.len()).await;
    let before = all_come_and_go(&served, CLIENTS).await;
    let once = before - few;
    println!("after 10,000 clients: {once:?}");
    assert!(once.blocks <= PARTIES_BLOCKS + CAPACITY_BLOCKS && once.bytes <= CAPACITY_BYTES, "{once:?}");
    let again = all_come_and_go(&served, CLIENTS).await - before;
    println!("after 10,000 more: {again:?}");
    assert!(again.blocks.abs() <= CAPACITY_BLOCKS && again.bytes.abs() <= CAPACITY_BYTES / 8, "{again:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_dropped_leaves_nothing() {
    // What a thread of tokio makes once.
    pass(SWEEP).await;
    let before = Allocated::now();
    for _ in 0..3 {
        let served = Served::with(|_| {});
        for number in 0..2 * Leaving::ALL.len() {
            let leaving = Leaving::ALL[number % Leaving::ALL.len()];
            come_and_go(&served, leaving, "alice").await;
        }
        drop(served);
        // Calls that nobody waits for end in their time.
        pass(CALL + SWEEP).await;
    }
    let left = Allocated::now() - before;
    assert!(left.blocks <= 40 && left.bytes <= 40_000, "{left:?}");
}

#[tokio::test(start_paused = true)]
async fn a_session_whose_opener_is_trusted_no_longer_leaves_nothing() {
    let served = Served::with(|policy| policy.auth = mcp_tokio::SessionAuth::InitializeOnly);
    let until = mcp_tests::clock::START.0 + 10;
    for party in 0..20 {
        let token = format!("party-{party}~{until}");
        let session = served.session(&token).await;
        // Nobody proves anything from here on.
        let mut stream = served.stream(of_session(post("", &act(1, "tell")), &session)).await;
        assert_eq!(stream.now().await.len(), 2);
        let listening = served.listen(&session, "").await;
        drop((stream, listening));
    }
    assert_eq!((served.sessions(), served.lives.count()), (20, 20));
    pass(std::time::Duration::from_secs(8)).await;
    assert_eq!((served.sessions(), served.lives.count()), (20, 20));
    pass(std::time::Duration::from_secs(3)).await;
    assert_eq!((served.sessions(), served.lives.count()), (0, 0));
    let unused = bare(Method::DELETE, "/mcp", "", Full::default());
    assert_eq!(served.answer(of_session(unused, &"0".repeat(32))).await.status, 404);
}
