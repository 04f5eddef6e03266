//! `Mcp-Session-Id`, `Last-Event-ID`, and queries that name a session.

use std::sync::LazyLock;

use mcp_proto::session::SessionId;

use super::{Entry, Sent, all, entry};

/// What a request says of the session that it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SessionMeans {
    Absent,
    /// The id that the server gave out.
    Ours,
    /// An id such as the server gives out, but of no session.
    Strange,
    /// No id such as the server gives out.
    Impossible,
    Repeated,
}

/// What makes the id of every session that is opened, and of none.
pub(crate) const ENTROPY: [u8; 32] = *b"entropy of a session of the walk";
const OTHER_ENTROPY: [u8; 32] = *b"entropy of no session whatsoever";

/// The id of every session that is opened, as it is written.
pub(crate) static OURS: LazyLock<String> = LazyLock::new(|| SessionId::from_entropy(&ENTROPY).reveal());
static STRANGE: LazyLock<String> = LazyLock::new(|| SessionId::from_entropy(&OTHER_ENTROPY).reveal());

/// SES-03, DT-113 to DT-117: an id is opaque, so that nothing but itself is as good as it.
pub(crate) fn session_fields() -> Vec<Entry<SessionMeans>> {
    let mut menu = vec![
        entry(Sent::Absent, SessionMeans::Absent),
        entry(Sent::text(&OURS), SessionMeans::Ours),
        entry(Sent::text(&STRANGE), SessionMeans::Strange),
        entry(Sent::Repeated, SessionMeans::Repeated),
    ];
    menu.extend(impossible().iter().map(|id| entry(Sent::text(id), SessionMeans::Impossible)));
    menu.push(entry(Sent::bytes(&[OURS.as_bytes(), b"\xff"].concat()), SessionMeans::Impossible));
    menu
}

/// What resembles the id of a session.
fn impossible() -> Vec<String> {
    let (ours, shorter) = (&*OURS, &OURS[1..]);
    vec![
        String::new(),
        shorter.to_owned(),
        format!("{ours}0"),
        ours.to_ascii_uppercase(),
        format!("{ours}, {ours}"),
        format!("\"{ours}\""),
        format!("g{shorter}"),
        "5e5510n".to_owned(),
        "0".repeat(1 << 10),
    ]
}

/// The query of a request, and what it says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Query {
    pub(crate) text: Option<&'static str>,
    /// Whether it carries a token (AUTH-04).
    pub(crate) has_token: bool,
    /// Which session it names, where that is how sessions are named (LSE-08).
    pub(crate) session: SessionMeans,
}

const fn query(text: Option<&'static str>, has_token: bool) -> Query {
    Query { text, has_token, session: SessionMeans::Absent }
}

/// Queries that name no session.
pub(crate) const QUERIES: [Query; 5] = [
    query(None, false),
    query(Some(""), false),
    query(Some("a=access_token&xaccess_token=1"), false),
    query(Some("a=b&access_token=s3cr3t-but-not-a-token"), true),
    query(Some("access%5ftoken=s3cr3t-but-not-a-token"), true),
];

/// Queries that name a session, and such that do not.
pub(crate) fn session_queries() -> Vec<Query> {
    let naming = |text: String, session| Query { text: Some(text.leak()), has_token: false, session };
    let mut menu = vec![naming(format!("sessionId={}", *OURS), SessionMeans::Ours), QUERIES[0], QUERIES[1]];
    menu.push(naming(format!("sessionId={}", *STRANGE), SessionMeans::Strange));
    menu.push(naming(format!("a=b&sessionId={}", *OURS), SessionMeans::Ours));
    menu.push(naming(format!("sessionid={0}&xsessionId={0}", *OURS), SessionMeans::Absent));
    menu.push(naming(format!("sessionId={0}&sessionId={0}", *OURS), SessionMeans::Repeated));
    menu.push(naming(format!("sessionId={}&sessionId=", *OURS), SessionMeans::Repeated));
    for id in impossible().iter().filter(|id| !id.contains([' ', '"'])) {
        menu.push(naming(format!("sessionId={id}"), SessionMeans::Impossible));
    }
    let with_token = format!("sessionId={}&access_token=s3cr3t-but-not-a-token", *OURS);
    menu.push(Query { has_token: true, ..naming(with_token, SessionMeans::Ours) });
    menu
}

/// What a request says of the last event that its sender has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventMeans {
    Absent,
    /// The first event of a stream on which others followed.
    First,
    /// The last event of that stream.
    Last,
    /// None that was given out in the session.
    Never,
}

/// `Last-Event-ID` (DT-125, AMB-19). The ids of events that were given out come from the session.
pub(crate) fn event_fields(first: &str, last: &str) -> Vec<Entry<EventMeans>> {
    let mut menu = vec![
        entry(Sent::Absent, EventMeans::Absent),
        entry(Sent::text(first), EventMeans::First),
        entry(Sent::text(last), EventMeans::Last),
    ];
    let others = [
        "",
        "0",
        "-",
        "1-",
        "-1",
        "1-x",
        "7777-1",
        "1-7777",
        "18446744073709551615-18446744073709551615",
        "18446744073709551616-0",
    ];
    menu.extend(all(EventMeans::Never, &others));
    menu.push(entry(Sent::text(&format!("{first}, {first}")), EventMeans::Never));
    menu.push(entry(Sent::text(&format!("0{first}")), EventMeans::Never));
    menu.push(entry(Sent::bytes(b"\xff"), EventMeans::Never));
    menu.push(entry(Sent::Repeated, EventMeans::Never));
    menu
}
