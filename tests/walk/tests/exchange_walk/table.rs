//! What the specification says about each exchange: a table, read from the top; the first row whose
//! condition holds tells the answer. Rows bear the ids of the requirements they are written from.

mod batch;
mod body;
mod caller;
mod condition;
mod head;
mod in_session;
mod ladder;
mod legacy;
mod notification;
mod request;
mod session;

use std::sync::LazyLock;

pub(crate) use self::condition::{
    METADATA, is_endpoint, is_handshake, is_metadata, is_of_old, is_posted, named_needs, needs_of, revision,
};
use crate::{case::Case, scene::HandlerOutcome};

/// One row.
pub(crate) struct Row {
    /// The requirement, and where several rows serve one, which part of it.
    pub(crate) id: &'static str,
    pub(crate) when: fn(&Case<'_>) -> bool,
    pub(crate) then: Then,
    /// The name of the rule that refuses, as logs have it.
    pub(crate) rule: Rule,
}

/// The name of a rule.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rule {
    /// Any.
    Some,
    Is(&'static str),
    /// That of the token, if it has one.
    OfToken,
    /// That of what the verifier found.
    OfVerdict,
}

/// What an exchange comes to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Then {
    Refuse(Refused),
    /// 204 with these methods.
    Preflight(&'static str),
    /// This status and media type without JSON-RPC.
    Document(u16, &'static str),
    /// 202 without a body (HTTP-12).
    Accepted,
    /// 200 with a result from the server itself.
    Answer,
    /// 200 with a result of what a handler came to.
    Handled,
    /// 200 with what a handshake agrees on.
    Handshake,
    /// 200 with a stream of what concerns no request.
    Listening,
    /// 200 with what the client has missed of a stream, and what follows.
    Resumed,
    /// 200 with a stream that says where to send messages (LSE-02).
    Connected,
    /// 200 without a body; there is no session any more.
    Ended,
    /// 200 with an answer for each request of a batch, by the rows for requests of older revisions.
    Entries,
}

/// A refusal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refused {
    pub(crate) status: u16,
    pub(crate) body: Body,
    pub(crate) with: With,
}

/// The JSON-RPC error of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Body {
    None,
    Error(i32, ErrorId),
}

/// The `id` of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorId {
    /// There is no such member.
    Left,
    /// That of the request, if its small body is on its way and has a readable one; else as
    /// `Unreadable`.
    Early,
    /// AMB-01, by `MCP-Protocol-Version`.
    Unreadable,
    /// `null`, as batches are of a revision that has that.
    OfBatches,
    /// That of the body if one can be read; else as `Unreadable`.
    OfBody,
}

/// What else a refusal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum With {
    Nothing,
    /// `Connection: close`
    Close,
    Allow(&'static str),
    /// A challenge with this error and the scopes of the endpoint.
    Challenge(Option<&'static str>),
    /// A challenge `invalid_token` that asks for a proof, where any are taken.
    BoundOnly,
    /// A challenge `use_dpop_nonce`, and the nonce in a field of its own (RFC 9449 section 9).
    NonceField,
    /// A challenge `insufficient_scope` with the scopes of the endpoint and of the operation, and
    /// these.
    Scopes(&'static [&'static str]),
    /// As `Scopes`, of everything that a batch asks for.
    ScopesOfAll,
    RetryAfter,
    /// The served versions, and what was requested where it was named.
    Versions(Requested),
    /// `data.uri` (ERR-17).
    Uri(&'static str),
    /// This message.
    Says(&'static str),
    /// `data.requiredCapabilities` with the member `sampling` (META-11).
    Capabilities,
}

/// Who named the version that was requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Requested {
    Envelope,
    Header,
    Handshake,
}

const fn row(id: &'static str, when: fn(&Case<'_>) -> bool, then: Then) -> Row {
    Row { id, when, then, rule: Rule::Some }
}

impl Row {
    const fn by(self, rule: &'static str) -> Self {
        self.told(Rule::Is(rule))
    }

    const fn told(self, rule: Rule) -> Self {
        let Self { id, when, then, rule: _ } = self;
        Self { id, when, then, rule }
    }
}

const fn refuse(status: u16, code: i32, id: ErrorId, with: With) -> Then {
    Then::Refuse(Refused { status, body: Body::Error(code, id), with })
}

const fn without_body(status: u16, with: With) -> Then {
    Then::Refuse(Refused { status, body: Body::None, with })
}

const INVALID: i32 = -32600;
const NO_METHOD: i32 = -32601;
const PARAMS: i32 = -32602;
const INTERNAL: i32 = -32603;
const PARSE: i32 = -32700;
const UNAUTHORIZED: i32 = -32000;
const MISMATCH: i32 = -32020;
const CAPABILITY: i32 = -32021;
const VERSION: i32 = -32022;
const NO_RESOURCE: i32 = -32002;
const NO_SESSION: i32 = -32001;

/// The parts of the table, in order.
const PARTS: [&[Row]; 12] = [
    head::ROWS,
    caller::ROWS,
    session::ROWS,
    body::ROWS,
    batch::ROWS,
    notification::ROWS,
    request::ROWS,
    in_session::ROWS,
    legacy::ROWS,
    legacy::RAN,
    ladder::ROWS,
    ladder::RAN,
];
const CALLER: usize = 1;
const SESSION: usize = 2;
const REQUEST: usize = 6;
const IN_SESSION: usize = 7;
const LEGACY: usize = 8;
const LEGACY_RAN: usize = 9;
const LADDER: usize = 10;
const LADDER_RAN: usize = 11;

/// The place of the first row of a part.
fn start(part: usize) -> usize {
    PARTS[..part].iter().map(|rows| rows.len()).sum()
}

/// All rows, in order.
pub(crate) static ROWS: LazyLock<Vec<&'static Row>> = LazyLock::new(|| PARTS.into_iter().flatten().collect());

/// Whether the row of this place is for requests whose head is good, but for who sends it.
pub(crate) fn is_behind_the_gate(place: usize) -> bool {
    place >= start(CALLER)
}

/// Whether the row of this place is for callers who are known.
pub(crate) fn is_verified(place: usize) -> bool {
    place >= start(SESSION)
}

/// Whether the row of this place is for bodies that are well-formed requests.
pub(crate) fn is_request(place: usize) -> bool {
    place >= start(REQUEST)
}

/// Whether the row of this place tells what a handler came to, if there was room for it.
pub(crate) fn is_of_call(place: usize) -> bool {
    (start(LEGACY_RAN)..start(LADDER)).contains(&place) || place >= start(LADDER_RAN)
}

/// Whether the answer goes on the stream of the session (LSE-04), by the place of the row that applies: as soon
/// as the message is in the session, everything does; before, what is a well-formed answer.
pub(crate) fn is_on_stream(case: &Case<'_>, place: usize) -> bool {
    if !is_posted(case) || place < start(IN_SESSION) {
        return false;
    }
    match ROWS[place].then {
        Then::Refuse(Refused { status, .. }) => {
            status == 200 || status == 400 || is_of_call(place) || status == 503
        }
        _ => true,
    }
}

/// Whether a handler was to run, by the place of the row that applies.
pub(crate) fn has_run(case: &Case<'_>, place: usize) -> bool {
    is_of_call(place) && case.outcome() != HandlerOutcome::Overloaded
}

/// The first row that applies, by its place.
pub(crate) fn lookup(case: &Case<'_>) -> usize {
    ROWS.iter().position(|row| (row.when)(case)).expect("the last row always applies")
}

/// The first row that applies to the element of a batch that is looked at.
pub(crate) fn lookup_element(case: &Case<'_>) -> usize {
    let first = start(LEGACY);
    first
        + ROWS[first..start(LADDER)]
            .iter()
            .position(|row| (row.when)(case))
            .expect("the last row applies to all")
}
