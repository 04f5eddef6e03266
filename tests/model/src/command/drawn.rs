//! Commands and stories as proptest draws them.

use proptest::prelude::*;

use super::{Accepts, Command, Outcome, Pick, Reply, Since, Span, Story, Uri, Whom};
use crate::reference::{Change, Level, Note, Question, Revision};

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
