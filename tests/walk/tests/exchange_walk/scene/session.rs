//! What a session can be like that a request belongs to, and who opened it.

use mcp_proto::exchange::Facts;

use crate::tokens::{EXPIRES, Grant, Party, Token};

/// The policy of the servers that keep sessions, where it is not the ordinary one.
pub(crate) const IDLE_SECONDS: u64 = 100;
pub(crate) const LIFE_SECONDS: u64 = 150;
pub(crate) const STREAMS_MAX: usize = 2;
pub(crate) const CALLS_MAX: usize = 3;
pub(crate) const SUBSCRIPTIONS_MAX: usize = 2;
/// DT-112: capabilities and client information of a handshake, in bytes.
pub(crate) const HANDSHAKE_BYTES_MAX: usize = 8 << 10;

/// The life of a session up to when a request for it comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// The client has said that it is ready.
    Ready,
    /// Nothing has happened since it was opened.
    Fresh,
    /// It is one of HTTP+SSE, and the client has not said anything yet.
    Unintroduced,
    /// A call runs whose id is 1.
    Busy,
    /// As many calls run as may.
    Full,
    /// A call has told the client something, which has not got all of it; it goes on.
    Told,
    /// As many streams are open as may be.
    Listening,
    /// As many resources are subscribed to as may be.
    Subscribed,
    /// It has been idle for nearly as long as it may be.
    NearlyIdle,
    /// It has been idle for as long as it may be, and nobody has looked.
    Idle,
    /// As `Idle`, and somebody has looked.
    Swept,
    /// It is nearly as old as it may be.
    NearlyOld,
    /// It is as old as it may be.
    Old,
    /// It was ended.
    Ended,
    /// It is there when it is looked up, and was ended when the message is read.
    EndsMeanwhile,
    /// As `EndsMeanwhile`, and gone.
    GoesMeanwhile,
}

impl State {
    pub(crate) const ALL: [Self; 15] = [
        Self::Ready,
        Self::Fresh,
        Self::Busy,
        Self::Full,
        Self::Told,
        Self::Listening,
        Self::Subscribed,
        Self::NearlyIdle,
        Self::Idle,
        Self::Swept,
        Self::NearlyOld,
        Self::Old,
        Self::Ended,
        Self::EndsMeanwhile,
        Self::GoesMeanwhile,
    ];

    /// Whether it is there when it is looked up.
    pub(crate) fn is_found(self) -> bool {
        !matches!(self, Self::Idle | Self::Swept | Self::Old | Self::Ended)
    }

    /// Whether it has gone when the message is read.
    pub(crate) fn goes_meanwhile(self) -> bool {
        matches!(self, Self::EndsMeanwhile | Self::GoesMeanwhile)
    }
}

/// Whether one more session may be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    Free,
    /// There are as many as may be.
    NoneAtAll,
    /// There are as many of this caller as may be, and none of them is idle.
    NoneOfTheirs,
}

pub(crate) const ROOMS: [Room; 3] = [Room::Free, Room::NoneAtAll, Room::NoneOfTheirs];

/// Who opened a session, and with what.
#[derive(Clone)]
pub(crate) struct Opener {
    /// Nobody, where callers are strangers.
    pub(crate) party: Option<Party>,
    pub(crate) grant: Grant,
    /// The first second at which what it was opened with is over.
    pub(crate) until: u64,
    /// What a verifier found.
    pub(crate) facts: Option<Facts>,
}

impl Opener {
    /// A stranger.
    pub(crate) const STRANGER: Self =
        Self { party: None, grant: Grant::NOTHING, until: u64::MAX, facts: None };

    pub(crate) fn with_token(token: &Token) -> Self {
        Self {
            party: Some(token.party),
            grant: token.grant(),
            until: token.until(),
            facts: Some(token.facts(true)),
        }
    }

    /// Whom the application recognised.
    pub(crate) fn recognised(party: Party, grant: Grant, facts: Facts) -> Self {
        Self { party: Some(party), grant, until: EXPIRES, facts: Some(facts) }
    }
}
