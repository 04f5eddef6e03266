//! What can happen to a session, as values: proptest draws them and makes them small, and files spell them.

#[cfg(test)]
mod drawn;
mod spelt;

#[cfg(test)]
pub(crate) use self::drawn::{malformed, story};

use crate::laws::Kept;
use crate::reference::{Change, Level, Note, Question, Revision};

/// One of those that there are, whatever their number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pick(pub(crate) u8);

impl Pick {
    pub(crate) fn of(self, count: usize) -> Option<usize> {
        usize::from(self.0).checked_rem(count)
    }
}

/// What a client takes as an answer to a POST.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accepts {
    Both,
    Json,
    Stream,
}

/// A resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Uri {
    First,
    Second,
    OfTemplate,
    /// There is none.
    Unknown,
}

impl Uri {
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::First => "file:///a",
            Self::Second => "file:///b",
            Self::OfTemplate => "note://7",
            Self::Unknown => "gone:///x",
        }
    }
}

/// What a client answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reply {
    Result,
    Error,
    /// Both a result and an error.
    Both,
    /// Neither.
    Neither,
}

/// Whom a client answers, or cancels.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Whom {
    /// One that there was.
    Known(Pick),
    Unknown,
    /// An id that looks like one.
    AsText(Pick),
}

/// What a handler comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done(u8),
    Failed,
    TimedOut,
    Panicked,
    BadArguments,
    /// What a handler that was told to stop comes to.
    Cancelled,
}

/// What `Last-Event-ID` names.
#[derive(Debug, Clone)]
pub(crate) enum Since {
    Nothing,
    Given(Pick),
    /// The newest that this connection has seen.
    NewestOf(Pick),
    /// On a stream that there is, too far on.
    Ahead(Pick),
    Malformed(String),
}

/// How long.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Span {
    Moment,
    Beat,
    Question,
    Token,
    Idle,
    Life,
}

#[derive(Debug, Clone)]
pub(crate) enum Command {
    Initialized,
    InitializeAgain,
    Ping {
        reuse: Option<Pick>,
    },
    SetLevel(Level),
    Subscribe(Uri),
    Unsubscribe(Uri),
    OtherNotification,
    Call {
        accepts: Accepts,
        wants_progress: bool,
        reuse: Option<Pick>,
    },
    Tell(Pick, Note),
    Silent(Pick),
    Ask(Pick, Question),
    Hear(Pick),
    Answer(Whom, Reply),
    Cancel(Whom),
    Finish(Pick, Outcome),
    CloseStream(Pick, u32),
    Get {
        since: Since,
        takes_stream: bool,
    },
    Read(Pick),
    /// Every connection looks.
    ReadAll,
    /// No more than one event.
    ReadOne(Pick),
    Detach(Pick),
    Notify(Change),
    Pass {
        span: Span,
        exact: bool,
    },
    Stored {
        which: Pick,
        ok: bool,
    },
    Delete,
    End,
    Release,
}

/// A session and what happens to it.
#[derive(Debug, Clone)]
pub struct Story {
    pub(crate) revision: Revision,
    pub(crate) declared: Vec<Question>,
    /// Whether callers have tokens, which expire.
    pub(crate) has_tokens: bool,
    pub(crate) keeps_events_elsewhere: bool,
    pub(crate) events_max: usize,
    pub(crate) bytes_max: usize,
    pub(crate) commands: Vec<Command>,
}

impl Story {
    /// A session that reaches no bound of its queue, in which nothing has happened yet.
    pub(crate) fn of(revision: Revision) -> Self {
        Self {
            revision,
            declared: Question::ALL.to_vec(),
            has_tokens: false,
            keeps_events_elsewhere: false,
            events_max: 1_000,
            bytes_max: 1_000_000,
            commands: Vec::new(),
        }
    }

    /// Whether anything may be dropped for want of room.
    pub(crate) fn kept(&self) -> Kept {
        let has_room = self.events_max >= 1_000 && self.bytes_max >= 1_000_000;
        if has_room { Kept::Everything } else { Kept::WhatFits }
    }
}
