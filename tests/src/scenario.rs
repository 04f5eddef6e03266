//! Scenarios: what goes over a connection, as text files that any driver's test can play.
//!
//! The format is described in `scenarios/README.md`.

mod player;
mod server;

use std::fmt;

pub use self::{
    player::{Stage, play},
    server::{Sighting, Tokens, server},
};

/// A scenario file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// What it shows: the comment at its beginning.
    pub about: String,
    /// What happens, in order, each with the number of its first line.
    pub steps: Vec<(usize, Step)>,
}

/// One step of a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The client sends this, after its placeholders are filled in; on a new connection if there
    /// is none.
    Send(Request),
    /// The server answers with this: status line, fields, an empty line, the body.
    Expect(String),
    /// The server closes the connection and sends nothing more.
    Closed,
    /// The client closes the connection.
    Close,
    /// A handler has begun.
    Running,
    /// A handler was dropped.
    Cancelled,
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

/// Why a file is no scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// Number of the line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub why: &'static str,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.why)
    }
}

impl std::error::Error for Malformed {}

/// Consecutive lines that belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    Request { is_slow: bool },
    Answer,
}

impl Scenario {
    /// Reads a file.
    ///
    /// # Errors
    /// When it is no scenario.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let mut about = Vec::new();
        let mut steps: Vec<(usize, Step)> = Vec::new();
        // The block that the last line belonged to, its first line, and its lines.
        let mut open: Option<(Block, usize, Vec<&str>)> = None;
        let mut slow = false;
        for (index, line) in text.lines().enumerate() {
            let number = index.saturating_add(1);
            let (block, content) = match line.split_at_checked(1) {
                Some((">", rest)) => (Some(Block::Request { is_slow: slow }), rest),
                Some(("<", rest)) => (Some(Block::Answer), rest),
                _ => (None, line),
            };
            if let Some(block) = block {
                let content = match content.strip_prefix(' ') {
                    Some(content) => content,
                    None if content.is_empty() => "",
                    None => return Err(Malformed { line: number, why: "no space behind the mark" }),
                };
                match &mut open {
                    Some((open, _, lines)) if *open == block => lines.push(content),
                    _ => {
                        steps.extend(open.take().map(closed));
                        open = Some((block, number, vec![content]));
                    }
                }
                continue;
            }
            if open.is_some() {
                slow = false;
            }
            steps.extend(open.take().map(closed));
            let step = match line {
                "" => continue,
                "slowly" => {
                    slow = true;
                    continue;
                }
                "closed" => Step::Closed,
                "close" => Step::Close,
                "running" => Step::Running,
                "cancelled" => Step::Cancelled,
                comment if comment.starts_with('#') => {
                    if steps.is_empty() {
                        about.push(comment.trim_start_matches('#').trim());
                    }
                    continue;
                }
                _ => return Err(Malformed { line: number, why: "no such step" }),
            };
            steps.push((number, step));
        }
        steps.extend(open.take().map(closed));
        if about.is_empty() {
            return Err(Malformed {
                line: 1,
                why: "a scenario begins with a comment that says what it shows",
            });
        }
        Ok(Self { about: about.join(" "), steps })
    }
}

fn closed((block, line, lines): (Block, usize, Vec<&str>)) -> (usize, Step) {
    let step = match block {
        Block::Answer => Step::Expect(lines.join("\n")),
        Block::Request { is_slow } => {
            let mut parts = lines.splitn(2, |line| line.is_empty());
            let head = parts.next().unwrap_or_default().iter().map(|line| (*line).to_owned()).collect();
            let body = parts.next().map(|lines| lines.join("\n"));
            Step::Send(Request { head, body, is_slow })
        }
    };
    (line, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_into_steps() {
        let text = "# Shows\n# this.\n\n> GET / HTTP/1.1\n>\n> a\n>\n> b\n< HTTP/1.1 200 OK\n<\n< x\n\n\
                    # a remark\nslowly\n> GET\nrunning\nclose\ncancelled\n> X\n\n> Y\n>\nclosed\n";
        let request = |head: &[&str], body: Option<&str>, is_slow| {
            let head = head.iter().map(|line| (*line).to_owned()).collect();
            Step::Send(Request { head, body: body.map(str::to_owned), is_slow })
        };
        let expected = Scenario {
            about: "Shows this.".into(),
            steps: vec![
                (4, request(&["GET / HTTP/1.1"], Some("a\n\nb"), false)),
                (9, Step::Expect("HTTP/1.1 200 OK\n\nx".into())),
                (15, request(&["GET"], None, true)),
                (16, Step::Running),
                (17, Step::Close),
                (18, Step::Cancelled),
                (19, request(&["X"], None, false)),
                (21, request(&["Y"], Some(""), false)),
                (23, Step::Closed),
            ],
        };
        assert_eq!(Scenario::parse(text), Ok(expected));
    }

    #[test]
    fn what_is_no_scenario_is_refused() {
        for (text, line) in [("> GET", 1), ("# a\n>GET", 2), ("# a\n\nsleep 5", 3), ("", 1)] {
            assert_eq!(Scenario::parse(text).map_err(|error| error.line), Err(line), "{text:?}");
        }
    }
}
