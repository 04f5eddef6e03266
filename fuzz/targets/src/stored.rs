//! Sessions and events as a store gives them back: whatever it gives, nobody is shown what is not theirs, and what
//! they are shown is a stream.
//!
//! The first line of the input is the record of a session, the second the `Last-Event-ID` of the client that comes
//! back, and behind them are the events that the store has, with a NUL between: each an id, a line end, and what
//! was kept.

use std::sync::LazyLock;

use http::Request;
use mcp_proto::{
    AuthPolicy, CatalogSpec, Engine, EngineBuilder, Facts, Head, Implementation, Mode, Now, Principal,
    ResourceSpec, Step, Tick, UnixSeconds,
    auth::{CustomPolicy, scope::Scopes},
    exchange::SessionStream,
    session::{Change, Effect, Event, EventId, Notice, Pull, Record, Replayed, Session, SessionId},
};
use serde_json::Value;

use crate::{lines, sse::Received, tokens::NOON};

const GRANTED: &str = "mcp:use files:read";

const NOW: Now = Now { tick: Tick(5_000_000_000), unix: UnixSeconds(NOON) };

static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let auth = AuthPolicy::Custom(CustomPolicy::builder().build().expect("a policy"));
    let info = Implementation { name: "stored".into(), version: "1".into(), ..Implementation::default() };
    let mut builder = EngineBuilder::new(info, auth);
    builder.mode = Mode::Stateful;
    builder.sessions.keeps_events_elsewhere = true;
    builder.sessions.events_max = 8;
    builder.sessions.subscriptions_max = 3;
    let resource = |uri: &str| ResourceSpec { uri: uri.into(), name: uri.into(), ..ResourceSpec::default() };
    let catalog = CatalogSpec {
        resources: vec![resource("file:///a"), resource("file:///b")],
        ..CatalogSpec::default()
    };
    builder.build(&catalog).expect("an engine")
});

/// Takes the session over and has its client come back.
pub(crate) fn run(input: &[u8]) {
    let (written, rest) = lines::line(input);
    let (last, events) = lines::line(rest);
    let Ok(record) = serde_json::from_slice::<Record>(written) else { return };
    let said = serde_json::to_value(&record).expect("a record is JSON");
    let Some(mut session) = Session::restore(record, &ENGINE, NOW) else { return };
    taken_over(&said, &session);
    let Some(stream) = come_back(&mut session, &said, last) else { return };
    let mut pulled = pull(&mut session, &stream);
    let mut given = Vec::new();
    while let Some(effect) = session.poll_effect() {
        if let Effect::Replay { connection, .. } = effect {
            given = read(events);
            // Whoever is asked for a page gives a page.
            let page = std::mem::take(&mut given);
            session.replayed(connection, Replayed::Events(page.clone()));
            given = page;
        }
    }
    pulled.extend(pull(&mut session, &stream));
    session.notify(&Notice::from(&Change::ToolsChanged));
    while let Some(effect) = session.poll_effect() {
        match effect {
            Effect::Append(event) => session.stored(event.id, true),
            // What is not in the first page is nowhere.
            Effect::Replay { connection, .. } => session.replayed(connection, Replayed::Events(Vec::new())),
            Effect::Wake(_) | Effect::Save => {}
        }
    }
    pulled.extend(pull(&mut session, &stream));
    shown(&pulled, EventId::read(last), &given);
    // The largest number that there is names nothing of ours: behind it would be none.
    let is_largest = |id: EventId| id.sequence >= u64::MAX - 1;
    let is_full =
        EventId::read(last).is_some_and(is_largest) || given.iter().any(|event| is_largest(event.id));
    let hears = said["is_ready"] == true && !session.is_over() && !is_full;
    let change = b"notifications/tools/list_changed";
    let has_heard = pulled.windows(change.len()).any(|part| part == change);
    assert!(!hears || has_heard, "nothing is heard of a change any more");
    session.end();
    assert!(session.is_over());
}

/// What a taken-over session says of itself is what was kept of it.
fn taken_over(said: &Value, session: &Session) {
    let again = serde_json::to_value(session.record()).expect("a record is JSON");
    for member in ["owner", "revision", "capabilities", "client", "is_ready", "log_level", "opened"] {
        assert_eq!(again[member], said[member], "{member}");
    }
    assert_eq!(
        again["epoch"].as_u64(),
        said["epoch"].as_u64().map(|epoch| epoch + 1),
        "its streams have other numbers"
    );
    let subscribed = again["subscriptions"].as_array().expect("a list");
    assert!(subscribed.len() <= 3, "more subscriptions than there may be");
    let known = said["subscriptions"].as_array().expect("a list");
    let is_known = |uri: &Value| known.contains(uri) && (uri == "file:///a" || uri == "file:///b");
    assert!(subscribed.iter().all(is_known), "a subscription to what is not offered");
    let record: Record = serde_json::from_value(again.clone()).expect("a record is read again");
    // Of an epoch there are only so many.
    let restored = Session::restore(record, &ENGINE, NOW);
    assert_eq!(restored.is_some(), again["epoch"].as_u64() < Some(u32::MAX.into()), "it is taken over again");
}

/// The owner of the session, with the scopes that a token gives today, asks for what came after an event.
fn come_back(session: &mut Session, said: &Value, last: &[u8]) -> Option<SessionStream> {
    let owner = said["owner"].as_array();
    let part = |place: usize| owner.and_then(|owner| owner[place].as_str()).unwrap_or("nobody");
    let expires = UnixSeconds(NOON + 60);
    let principal = Principal::new(part(0), part(1), part(2), Scopes::parse(GRANTED), expires);
    let id = SessionId::from_entropy(&[7; 32]).reveal();
    let request = Request::get("/mcp")
        .header("host", "localhost")
        .header("accept", "text/event-stream")
        .header("mcp-session-id", id)
        .header("last-event-id", last);
    let request = request.body(()).ok()?;
    let mut step = ENGINE.accept(&Head::new(&request, ENGINE.route("/mcp")), NOW);
    loop {
        step = match step {
            Step::Verify(verify) => verify.resolve(Facts::Accepted(principal.clone().into()), NOW),
            Step::FindSession(find) => find.resolve(Some(session), NOW),
            Step::Stream(stream) => {
                assert!(owner.is_some(), "a session of nobody's is somebody's");
                return Some(stream);
            }
            Step::Respond(response) => {
                assert!(response.status.as_u16() >= 400, "no stream with {}", response.status);
                return None;
            }
            step => panic!("who comes back comes to {step:?}"),
        };
    }
}

fn pull(session: &mut Session, stream: &SessionStream) -> Vec<u8> {
    const BUDGET: usize = 64 << 10;
    let mut bytes = Vec::new();
    for _ in 0..1_000 {
        if !matches!(session.pull(stream.stream, &mut bytes, BUDGET), Pull::Wrote) {
            return bytes;
        }
    }
    panic!("a stream has no end: {}", String::from_utf8_lossy(&bytes));
}

fn read(events: &[u8]) -> Vec<Event> {
    const EVENTS_MAX: usize = 8;
    let event = |text: &[u8]| {
        let (id, kept) = lines::line(text);
        Some(Event { id: EventId::read(id)?, message: kept.to_vec().into() })
    };
    events.split(|byte| *byte == 0).filter_map(event).take(EVENTS_MAX).collect()
}

/// What was sent is a stream whose ids rise behind the one that the client has, and of what the store gave only what
/// the caller may have.
fn shown(pulled: &[u8], last: Option<EventId>, given: &[Event]) {
    let received = Received::read(pulled);
    let ids: Vec<EventId> = received.ids.iter().map(|id| EventId::read(id).expect("an id of ours")).collect();
    assert_eq!(ids.len(), received.events.len(), "an event has a name");
    let mut newest = last;
    for (id, data) in ids.iter().zip(&received.events) {
        if let Some(newest) = newest {
            let is_next = id.stream != newest.stream || id.sequence > newest.sequence;
            assert!(is_next, "{id} behind {newest}");
        }
        newest = Some(*id);
        let mut kept = given.iter().filter(|event| event.id == *id).peekable();
        if kept.peek().is_none() {
            continue;
        }
        let is_line_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
        let is_this = |event: &&Event| {
            let (scopes, message) = lines::line(&event.message);
            let message: Vec<u8> =
                message.iter().map(|byte| if is_line_end(byte) { b' ' } else { *byte }).collect();
            let may = std::str::from_utf8(scopes).is_ok_and(|scopes| {
                scopes
                    .split(' ')
                    .all(|scope| scope.is_empty() || GRANTED.split(' ').any(|granted| granted == scope))
            });
            may && message == *data
        };
        assert!(kept.any(|event| is_this(&event)), "{id} shows what it may not");
    }
}
