//! Scenarios: what goes over connections, as text files that are played against every driver.
//!
//! The format is described in `scenarios/README.md`.

mod backstage;
mod fit;
mod parse;
mod player;
mod puppet;
mod server;
mod settings;
mod stage;
mod tokens;
mod wire;

use std::{fmt, time::Duration};

pub use self::{
    backstage::Backstage,
    parse::Malformed,
    player::play,
    puppet::{Moment, Order, Puppets, Question, Sighting},
    server::server,
    settings::{Settings, Trust},
    stage::{Connection, PATIENCE, Stage},
    tokens::Tokens,
};

/// A scenario file.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// What it shows: the comment at its beginning.
    pub about: String,
    /// The ids of what it shows, of the decision table and of the rows of `docs/seed-compatibility.md`.
    pub rows: Vec<String>,
    /// Only a player whose time is its own can play it.
    pub needs_virtual_time: bool,
    /// What the server is like.
    pub settings: Settings,
    /// What happens, in order, each with the number of its first line.
    pub steps: Vec<(usize, Step)>,
}

/// One step of a scenario.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// What follows is about the connection of this name.
    On(String),
    /// The client sends this, after its placeholders are filled in; on a new connection if there is none.
    Send(Request),
    /// The server answers with this: status line, fields, an empty line, the body.
    Answer(String),
    /// The server begins an answer with this head. What follows comes event by event.
    Begins(String),
    /// The next event of the answer that has begun: its lines.
    Event(String),
    /// So many events come that nobody looks at.
    Events(usize),
    /// The answer that came event by event ends, and says that this is all.
    Ended,
    /// The server closes the connection and sends nothing more.
    Closed,
    /// The client closes the connection.
    Close,
    /// A new connection is not accepted.
    NotAccepted,
    /// A handler has done this.
    Seen(Sighting),
    /// A puppet is told what to do.
    Tell {
        /// The name in the arguments of its call.
        puppet: String,
        /// What it does.
        order: Order,
    },
    /// Sessions are told that something has changed.
    Changed(Changed),
    /// The sessions of this subject end.
    Ousted(String),
    /// The server is told to stop.
    Stop,
    /// It has stopped.
    Stopped,
    /// Time passes, and nobody does anything.
    Pass(Duration),
}

/// What has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// The list of tools.
    Tools,
    /// The resource with this URI.
    Resource(String),
}

/// What a client sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Lines up to the first empty one, which are sent with CRLF. None: what is sent is the body of
    /// a request whose head is sent already.
    pub head: Vec<String>,
    /// What follows the empty line; `None` when there is no such line.
    pub body: Option<String>,
    /// Each byte is sent by itself.
    pub is_slow: bool,
}

impl Scenario {
    /// What has to come out of playing it: its steps in the form that players write.
    #[must_use]
    pub fn transcript(&self) -> String {
        self.steps.iter().map(|(_, step)| step.to_string()).collect()
    }
}

/// The form of the files, where each step is on lines of its own.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::On(connection) => writeln!(f, "\non {connection}"),
            Self::Send(request) => request.fmt(f),
            Self::Answer(text) | Self::Begins(text) => block(f, '<', text),
            Self::Event(text) => {
                block(f, '~', text)?;
                writeln!(f)
            }
            Self::Events(count) => writeln!(f, "events {count}"),
            Self::Ended => f.write_str("ended\n"),
            Self::Closed => f.write_str("closed\n"),
            Self::Close => f.write_str("close\n"),
            Self::NotAccepted => f.write_str("not accepted\n"),
            Self::Seen(Sighting { who, moment }) => writeln!(f, "{moment} {who}"),
            Self::Tell { puppet, order } => writeln!(f, "tell {puppet} {order}"),
            Self::Changed(Changed::Tools) => f.write_str("changed tools\n"),
            Self::Changed(Changed::Resource(uri)) => writeln!(f, "changed {uri}"),
            Self::Ousted(subject) => writeln!(f, "ousted {subject}"),
            Self::Stop => f.write_str("stop\n"),
            Self::Stopped => f.write_str("stopped\n"),
            Self::Pass(time) => writeln!(f, "pass {}ms", time.as_millis()),
        }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slowly = if self.is_slow { "slowly\n" } else { "" };
        write!(f, "\n{slowly}")?;
        let head = self.head.join("\n");
        match (&self.body, head.is_empty()) {
            (None, _) => block(f, '>', &head),
            (Some(body), true) => block(f, '>', &format!("\n{body}")),
            (Some(body), false) => block(f, '>', &format!("{head}\n\n{body}")),
        }
    }
}

fn block(f: &mut fmt::Formatter<'_>, mark: char, text: &str) -> fmt::Result {
    for line in text.split('\n') {
        let space = if line.is_empty() { "" } else { " " };
        writeln!(f, "{mark}{space}{line}")?;
    }
    Ok(())
}
