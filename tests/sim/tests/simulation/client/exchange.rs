//! A request under way, and what it is for.

use mcp_driver::proto::Tick;
use mcp_sim::http1::Head;

use crate::{
    connection::{Connection, Reading, Sending},
    issuer::Flaw,
};

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A call, by its place among the client's.
    Call(usize),
    /// The rest of a call's stream.
    Resume(usize),
    /// A handshake that opens a session.
    Open,
    /// A stream for what is about no call.
    Listen,
    /// The stream of 2024-11-05.
    Stream,
    /// Something that is only accepted.
    Tell,
    /// An answer to a question of this id.
    Answer(u64),
    /// A cancellation of a call.
    Cancel(usize),
    /// The end of the session.
    Delete,
    /// The use of somebody else's session.
    Theft,
    /// A list, or another request that no handler has a part in.
    Ask,
}

impl Role {
    pub(crate) fn is_endless(self) -> bool {
        matches!(self, Self::Listen | Self::Stream)
    }
}

/// One of them.
pub(crate) struct Exchange {
    pub(crate) connection: Connection,
    pub(crate) role: Role,
    pub(crate) flaw: Flaw,
    pub(crate) is_guarded: bool,
    /// Whether it names the client's session.
    pub(crate) in_session: bool,
    pub(crate) begun: Tick,
    /// When the client breaks it off.
    pub(crate) cut_at: Option<Tick>,
    pub(crate) head: Option<Head>,
    /// The last event that it brought.
    pub(crate) last: Option<(u64, u64)>,
    /// The id of the request.
    pub(crate) id: u64,
    /// The client lets it take its course.
    pub(crate) is_plain: bool,
}

/// A request that takes longer than this to send may come too late.
const SLOW_MICROS: u64 = 4_000_000;

/// Whether a client that sends and reads like this can expect an answer.
pub(crate) fn is_plain(bytes: usize, sending: Sending, reading: Reading) -> bool {
    let sends = match sending {
        Sending::AtOnce => true,
        Sending::Dribble(piece, micros) => {
            let pieces = u64::try_from(bytes / piece.max(1)).unwrap_or(u64::MAX);
            pieces.saturating_mul(micros) < SLOW_MICROS
        }
        Sending::StallAt(_) | Sending::AbortAt(_) => false,
    };
    sends && reading == Reading::All
}
