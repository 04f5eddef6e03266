//! Stories as files spell them: a line for the session, and a line for each command, each of four bytes. So a
//! file reads as text, any bytes are a story, and what a fuzzer cuts out or moves is a whole command.
//!
//! A command is a letter and two arguments, which count from `0`; the end of the line is a third one. A byte that
//! is no command's letter stands for one that does not end the session.

use super::{Accepts, Command, Outcome, Pick, Reply, Since, Span, Story, Uri, Whom};
use crate::reference::{Change, Level, Note, Question, Revision};

/// Bytes of a line.
const LINE_BYTES: usize = 4;

/// How many commands of a file are read.
const COMMANDS_MAX: usize = 256;

/// The letters of the commands.
const LETTERS: &[u8] = b"IiPLSUOCplmAHaXFcGRrWDtTKdEZ";

/// How many of them, the last, end the session or its streams.
const ENDINGS: usize = 3;

/// What is no event id of this server, or none that it gives out.
const MALFORMED: [&str; 14] = [
    "",
    "-",
    "1",
    "7-",
    "-7",
    "1-2-3",
    "+1-1",
    "01-1",
    "1-01",
    "1-0",
    "0-1",
    "99999999999999999999-1",
    "1-99999999999999999999",
    "a-b",
];

/// What a byte says, counted from `0`.
#[derive(Clone, Copy)]
struct Argument(u8);

impl Argument {
    fn of(byte: u8) -> Self {
        Self(byte.wrapping_sub(b'0'))
    }

    fn number(self) -> usize {
        self.0.into()
    }

    fn pick(self) -> Pick {
        Pick(self.0)
    }

    /// One of these.
    fn among<T: Clone, const COUNT: usize>(self, all: &[T; COUNT]) -> T {
        all[self.number() % COUNT].clone()
    }

    fn level(self) -> Level {
        self.among(&Level::ALL)
    }

    fn question(self) -> Question {
        self.among(&Question::ALL)
    }

    fn uri(self) -> Uri {
        self.among(&[Uri::First, Uri::Second, Uri::OfTemplate, Uri::Unknown])
    }

    /// Nothing for the first, else somebody.
    fn somebody(self) -> Option<Pick> {
        (self.0 > 0).then(|| self.pick())
    }

    fn text(self, letter: &str) -> String {
        const LENGTH_MAX: usize = 80;
        letter.repeat(self.number() % LENGTH_MAX)
    }
}

impl Story {
    /// The story that these bytes spell; any bytes spell one.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Self {
        let mut lines = bytes.chunks(LINE_BYTES).map(line);
        let [revision, session, amount, _] = lines.next().unwrap_or_default().map(Argument::of);
        let keeps_events_elsewhere = session.number() & 2 != 0;
        // What a store has to be asked for again is told in tales.
        let (events_max, bytes_max) = match (keeps_events_elsewhere, session.number() >> 3 & 3) {
            (true, _) | (false, 0 | 3) => (1_000, 1_000_000),
            (false, 1) => (1 + amount.number() % 8, 1_000_000),
            (false, _) => (1_000, 100 + 4 * amount.number()),
        };
        Self {
            revision: revision.among(&Revision::ALL),
            declared: declared(session, amount),
            has_tokens: session.number() & 1 != 0,
            keeps_events_elsewhere,
            events_max,
            bytes_max,
            commands: lines.take(COMMANDS_MAX).map(command).collect(),
        }
    }
}

/// What the client can be asked: everything, or those whose bit is there.
fn declared(session: Argument, amount: Argument) -> Vec<Question> {
    let is_declared = |place: usize| session.number() & 4 == 0 || amount.number() >> place & 1 != 0;
    Question::ALL
        .into_iter()
        .enumerate()
        .filter(|(place, _)| is_declared(*place))
        .map(|(_, question)| question)
        .collect()
}

fn line(bytes: &[u8]) -> [u8; LINE_BYTES] {
    let mut line = *b"000\n";
    line.iter_mut().zip(bytes).for_each(|(place, byte)| *place = *byte);
    line
}

fn command([letter, a, b, c]: [u8; LINE_BYTES]) -> Command {
    let [a, b, c] = [a, b, c].map(Argument::of);
    let letter = if LETTERS.contains(&letter) {
        letter
    } else {
        LETTERS[usize::from(letter) % (LETTERS.len() - ENDINGS)]
    };
    match letter {
        b'I' => Command::Initialized,
        b'i' => Command::InitializeAgain,
        b'P' => Command::Ping { reuse: a.somebody() },
        b'L' => Command::SetLevel(a.level()),
        b'S' => Command::Subscribe(a.uri()),
        b'U' => Command::Unsubscribe(a.uri()),
        b'O' => Command::OtherNotification,
        b'C' => Command::Call {
            accepts: a.among(&[Accepts::Both, Accepts::Json, Accepts::Stream, Accepts::Both]),
            wants_progress: b.number() % 2 == 0,
            reuse: Argument(b.0 / 2).somebody(),
        },
        b'p' => Command::Tell(a.pick(), Note::Progress((b.number() % 20) as u32)),
        b'l' => Command::Tell(a.pick(), Note::Log(b.level(), c.text("x"))),
        b'm' => Command::Silent(a.pick()),
        b'A' => Command::Ask(a.pick(), b.question()),
        b'H' => Command::Hear(a.pick()),
        b'a' => Command::Answer(whom(a, b), reply(c)),
        b'X' => Command::Cancel(whom(a, b)),
        b'F' => Command::Finish(a.pick(), outcome(b, c)),
        b'c' => Command::CloseStream(a.pick(), 1 + u32::from(b.0) * 20),
        b'G' => Command::Get { since: since(a, b), takes_stream: a.number() % 16 != 15 },
        b'R' => Command::Read(a.pick()),
        b'r' => Command::ReadOne(a.pick()),
        b'W' => Command::ReadAll,
        b'D' => Command::Detach(a.pick()),
        b't' => Command::Notify(change(a, b, c)),
        b'T' => Command::Pass {
            span: a.among(&[
                Span::Moment,
                Span::Beat,
                Span::Question,
                Span::Token,
                Span::Idle,
                Span::Life,
                Span::Moment,
                Span::Beat,
            ]),
            exact: b.number() % 2 != 0,
        },
        b'K' => Command::Stored { which: a.pick(), ok: b.number() % 16 != 15 },
        b'd' => Command::Delete,
        b'E' => Command::End,
        _ => Command::Release,
    }
}

fn whom(who: Argument, how: Argument) -> Whom {
    match how.number() % 8 {
        7 => Whom::Unknown,
        6 => Whom::AsText(who.pick()),
        _ => Whom::Known(who.pick()),
    }
}

/// A line end stands for a result.
fn reply(how: Argument) -> Reply {
    how.among(&[
        Reply::Error,
        Reply::Both,
        Reply::Result,
        Reply::Neither,
        Reply::Result,
        Reply::Error,
        Reply::Result,
        Reply::Result,
    ])
}

fn outcome(how: Argument, length: Argument) -> Outcome {
    how.among(&[
        Outcome::Done(length.0),
        Outcome::Failed,
        Outcome::TimedOut,
        Outcome::Panicked,
        Outcome::BadArguments,
        Outcome::Cancelled,
        Outcome::Done(length.0),
        Outcome::Done(0),
    ])
}

fn since(kind: Argument, which: Argument) -> Since {
    match kind.number() % 8 {
        0 | 1 => Since::Nothing,
        2 | 3 => Since::Given(which.pick()),
        6 => Since::Ahead(which.pick()),
        7 => Since::Malformed(which.among(&MALFORMED).to_owned()),
        _ => Since::NewestOf(which.pick()),
    }
}

fn change(kind: Argument, which: Argument, length: Argument) -> Change {
    match kind.number() % 8 {
        0 => Change::Tools,
        1 => Change::Prompts,
        2 => Change::Resources,
        3 | 4 => Change::Updated(which.uri().text().into()),
        _ => Change::Log(which.level(), length.text("y")),
    }
}
