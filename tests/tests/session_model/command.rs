//! What can happen to a session, as values that proptest draws and makes small.

use proptest::prelude::*;

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

fn pick() -> impl Strategy<Value = Pick> {
    any::<u8>().prop_map(Pick)
}

fn level() -> impl Strategy<Value = Level> {
    prop::sample::select(Level::ALL.to_vec())
}

fn uri() -> impl Strategy<Value = Uri> {
    prop::sample::select(vec![Uri::First, Uri::Second, Uri::OfTemplate, Uri::Unknown])
}

fn note() -> impl Strategy<Value = Note> {
    prop_oneof![
        (0..20_u32).prop_map(Note::Progress),
        (level(), 0..80_usize).prop_map(|(level, length)| Note::Log(level, "x".repeat(length))),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        Just(Change::Tools),
        Just(Change::Prompts),
        Just(Change::Resources),
        uri().prop_map(|uri| Change::Updated(uri.text().into())),
        (level(), 0..80_usize).prop_map(|(level, length)| Change::Log(level, "y".repeat(length))),
    ]
}

fn whom() -> impl Strategy<Value = Whom> {
    prop_oneof![
        8 => pick().prop_map(Whom::Known),
        1 => Just(Whom::Unknown),
        1 => pick().prop_map(Whom::AsText),
    ]
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        6 => (0..200_u8).prop_map(Outcome::Done),
        1 => Just(Outcome::Failed),
        1 => Just(Outcome::TimedOut),
        1 => Just(Outcome::Panicked),
        1 => Just(Outcome::BadArguments),
        2 => Just(Outcome::Cancelled),
    ]
}

/// Texts that are no event id of this server.
pub(crate) fn malformed() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("-".to_owned()),
        "[0-9]{1,3}",
        "[0-9]{0,2}-",
        "-[0-9]{1,2}",
        "[0-9]-[0-9]-[0-9]",
        "[+ ]?[0-9]-[+ -][0-9]",
        "0[0-9]-[0-9]",
        "[0-9]-0[0-9]",
        "[0-9a-f]{30,40}-[0-9]",
        "9{20,40}-1",
        "1-9{20,40}",
        "[!-~]{1,12}",
    ]
}

fn since() -> impl Strategy<Value = Since> {
    prop_oneof![
        4 => Just(Since::Nothing),
        4 => pick().prop_map(Since::Given),
        6 => pick().prop_map(Since::NewestOf),
        1 => pick().prop_map(Since::Ahead),
        1 => malformed().prop_map(Since::Malformed),
    ]
}

fn span() -> impl Strategy<Value = Span> {
    prop_oneof![
        6 => Just(Span::Moment),
        4 => Just(Span::Beat),
        3 => Just(Span::Question),
        2 => Just(Span::Token),
        1 => Just(Span::Idle),
        1 => Just(Span::Life),
    ]
}

fn accepts() -> impl Strategy<Value = Accepts> {
    prop_oneof![8 => Just(Accepts::Both), 1 => Just(Accepts::Json), 1 => Just(Accepts::Stream)]
}

fn reuse() -> impl Strategy<Value = Option<Pick>> {
    prop_oneof![9 => Just(None), 1 => pick().prop_map(Some)]
}

fn reply() -> impl Strategy<Value = Reply> {
    prop_oneof![
        6 => Just(Reply::Result),
        2 => Just(Reply::Error),
        1 => Just(Reply::Both),
        1 => Just(Reply::Neither),
    ]
}

fn command() -> impl Strategy<Value = Command> {
    let client = prop_oneof![
        3 => Just(Command::Initialized),
        1 => Just(Command::InitializeAgain),
        1 => reuse().prop_map(|reuse| Command::Ping { reuse }),
        1 => level().prop_map(Command::SetLevel),
        3 => uri().prop_map(Command::Subscribe),
        1 => uri().prop_map(Command::Unsubscribe),
        1 => Just(Command::OtherNotification),
        10 => (accepts(), prop::bool::weighted(0.8), reuse())
            .prop_map(|(accepts, wants_progress, reuse)| Command::Call { accepts, wants_progress, reuse }),
        6 => (whom(), reply()).prop_map(|(whom, reply)| Command::Answer(whom, reply)),
        3 => whom().prop_map(Command::Cancel),
        10 => (since(), prop::bool::weighted(0.95))
            .prop_map(|(since, takes_stream)| Command::Get { since, takes_stream }),
    ];
    let handler = prop_oneof![
        14 => (pick(), note()).prop_map(|(call, note)| Command::Tell(call, note)),
        2 => pick().prop_map(Command::Silent),
        6 => (pick(), prop::sample::select(Question::ALL.to_vec()))
            .prop_map(|(call, question)| Command::Ask(call, question)),
        6 => pick().prop_map(Command::Hear),
        5 => (pick(), outcome()).prop_map(|(call, outcome)| Command::Finish(call, outcome)),
        3 => (pick(), 1..5_000_u32).prop_map(|(call, retry)| Command::CloseStream(call, retry)),
        10 => change().prop_map(Command::Notify),
    ];
    let connection = prop_oneof![
        4 => pick().prop_map(Command::Read),
        4 => Just(Command::ReadAll),
        4 => pick().prop_map(Command::ReadOne),
        5 => pick().prop_map(Command::Detach),
        4 => (span(), any::<bool>()).prop_map(|(span, exact)| Command::Pass { span, exact }),
        6 => (pick(), prop::bool::weighted(0.95)).prop_map(|(which, ok)| Command::Stored { which, ok }),
    ];
    let end = prop_oneof![Just(Command::Delete), Just(Command::End), Just(Command::Release)];
    prop_oneof![40 => client, 46 => handler, 27 => connection, 1 => end]
}

/// A session and what happens to it.
#[derive(Debug, Clone)]
pub(crate) struct Story {
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

pub(crate) fn story(commands_max: usize) -> impl Strategy<Value = Story> {
    let declared = prop_oneof![
        3 => Just(Question::ALL.to_vec()),
        1 => prop::sample::subsequence(Question::ALL.to_vec(), 0..5),
    ];
    let bounds = prop_oneof![
        2 => Just((1_000, 1_000_000)),
        2 => (1..8_usize).prop_map(|events| (events, 1_000_000)),
        1 => (100..900_usize).prop_map(|bytes| (1_000, bytes)),
    ];
    (
        prop::sample::select(Revision::ALL.to_vec()),
        declared,
        any::<bool>(),
        prop::bool::weighted(0.2),
        bounds,
        prop::collection::vec(command(), 1..commands_max),
    )
        .prop_map(|(revision, declared, has_tokens, keeps_events_elsewhere, bounds, commands)| Story {
            revision,
            declared,
            has_tokens,
            keeps_events_elsewhere,
            // What a store has to be asked for again has tests of its own.
            events_max: if keeps_events_elsewhere { 1_000 } else { bounds.0 },
            bytes_max: if keeps_events_elsewhere { 1_000_000 } else { bounds.1 },
            commands,
        })
}
