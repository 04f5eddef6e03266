//! Plays a scenario over anything that connects to a server.

use std::{
    collections::VecDeque,
    io::{self, Read, Write},
    sync::mpsc::Receiver,
    time::Duration,
};

use super::{Request, Scenario, Sighting, Step, Tokens};
use crate::http1::{Head, Response};

/// What a driver brings: the server of the scenarios, running, and a way to it.
pub struct Stage<'s, C> {
    /// Connects to the server. Reads that last longer than the stage's patience have to fail.
    pub connect: C,
    /// The tokens that the server knows.
    pub tokens: &'s Tokens,
    /// What the server's handlers report.
    pub sightings: &'s Receiver<Sighting>,
    /// How long anything may take.
    pub patience: Duration,
}

/// Plays a scenario.
///
/// # Errors
/// The line of the first step that went otherwise, and how.
pub fn play<S, C>(scenario: &Scenario, stage: &mut Stage<'_, C>) -> Result<(), String>
where
    S: Read + Write,
    C: FnMut() -> io::Result<S>,
{
    let mut wire = None;
    for (line, step) in &scenario.steps {
        take(step, &mut wire, stage).map_err(|why| format!("line {line}: {why}"))?;
    }
    match wire {
        Some(Wire { received, .. }) if !received.is_empty() => {
            Err(format!("at the end: unexpected {:?}", String::from_utf8_lossy(&received)))
        }
        _ => Ok(()),
    }
}

/// A connection.
struct Wire<S> {
    stream: S,
    received: Vec<u8>,
    /// For each request that is not answered: whether it is one for HEAD.
    asked: VecDeque<bool>,
    is_closed: bool,
}

fn take<S, C>(step: &Step, wire: &mut Option<Wire<S>>, stage: &mut Stage<'_, C>) -> Result<(), String>
where
    S: Read + Write,
    C: FnMut() -> io::Result<S>,
{
    let no_connection = || "there is no connection".to_owned();
    match step {
        Step::Send(request) => {
            let bytes = bytes(request, stage.tokens)?;
            let wire = match wire {
                Some(wire) => wire,
                None => wire.insert(Wire {
                    stream: (stage.connect)().map_err(|error| error.to_string())?,
                    received: Vec::new(),
                    asked: VecDeque::new(),
                    is_closed: false,
                }),
            };
            if !request.head.is_empty() {
                wire.asked.push_back(bytes.starts_with(b"HEAD "));
            }
            wire.send(&bytes, request.is_slow).map_err(|error| error.to_string())
        }
        Step::Expect(expected) => {
            let answer = wire.as_mut().ok_or_else(no_connection)?.answer()?;
            let (expected, actual) = (filled(expected), transcript(&answer)?);
            if expected == actual {
                Ok(())
            } else {
                Err(format!("expected\n\n{expected}\n\nand there came\n\n{actual}\n"))
            }
        }
        Step::Closed => {
            let mut wire = wire.take().ok_or_else(no_connection)?;
            while !wire.is_closed {
                wire.read()?;
            }
            match wire.received.as_slice() {
                [] => Ok(()),
                rest => Err(format!("unexpected {:?}", String::from_utf8_lossy(rest))),
            }
        }
        Step::Close => wire.take().map(drop).ok_or_else(no_connection),
        Step::Running => see(stage, Sighting::Running),
        Step::Cancelled => see(stage, Sighting::Dropped),
    }
}

fn see<C>(stage: &Stage<'_, C>, expected: Sighting) -> Result<(), String> {
    match stage.sightings.recv_timeout(stage.patience) {
        Ok(seen) if seen == expected => Ok(()),
        Ok(seen) => Err(format!("expected {expected:?}, saw {seen:?}")),
        Err(_) => Err(format!("no handler is {expected:?}")),
    }
}

impl<S: Read + Write> Wire<S> {
    fn send(&mut self, bytes: &[u8], is_slow: bool) -> io::Result<()> {
        let piece = if is_slow { 1 } else { bytes.len().max(1) };
        for piece in bytes.chunks(piece) {
            self.stream.write_all(piece)?;
            self.stream.flush()?;
        }
        Ok(())
    }

    fn answer(&mut self) -> Result<Response, String> {
        let is_answer_to_head = self.asked.front().copied().unwrap_or_default();
        loop {
            if let Some((response, length)) =
                Response::read(&self.received, is_answer_to_head, self.is_closed)?
            {
                self.received.drain(..length);
                // An interim answer is followed by another one to the same request.
                if response.head.status >= 200 {
                    self.asked.pop_front();
                }
                return Ok(response);
            }
            if self.is_closed {
                return Err(format!("closed after {:?}", String::from_utf8_lossy(&self.received)));
            }
            self.read()?;
        }
    }

    fn read(&mut self) -> Result<(), String> {
        let mut buffer = [0; 4096];
        match self.stream.read(&mut buffer) {
            Ok(0) => self.is_closed = true,
            Ok(length) => self.received.extend_from_slice(buffer.get(..length).unwrap_or_default()),
            Err(error) if is_timeout(&error) => {
                let received = String::from_utf8_lossy(&self.received);
                return Err(format!("nothing more came behind {received:?}"));
            }
            Err(_) => self.is_closed = true,
        }
        Ok(())
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

const LENGTH: &str = "{content-length}";

/// The bytes of a request.
fn bytes(request: &Request, tokens: &Tokens) -> Result<Vec<u8>, String> {
    let mut text: String = request.head.iter().map(|line| format!("{line}\r\n")).collect();
    if let Some(body) = &request.body {
        text = text.replace(LENGTH, &body.len().to_string());
        text.push_str(if text.is_empty() { "" } else { "\r\n" });
        text.push_str(body);
    }
    tokens.fill(&text).map(String::into_bytes)
}

/// The expected answer with the length of its body.
fn filled(expected: &str) -> String {
    let body = expected.split_once("\n\n").map_or("", |(_, body)| body);
    expected.replace(LENGTH, &body.len().to_string())
}

/// An answer in the notation of the files: chunks joined, what depends on the moment masked.
fn transcript(answer: &Response) -> Result<String, String> {
    let Head { version, status, reason, fields } = &answer.head;
    let mut text = format!("{version} {status} {reason}");
    for (name, value) in fields {
        let value = if name == "date" && is_date(value) { "{date}" } else { value };
        text.push_str(&format!("\n{name}: {value}"));
    }
    text.push_str("\n\n");
    text.push_str(std::str::from_utf8(&answer.body).map_err(|_| "the body is not UTF-8".to_owned())?);
    Ok(text)
}

/// Whether this looks like an IMF-fixdate (RFC 9110 section 5.6.7).
fn is_date(value: &str) -> bool {
    const SHAPE: &str = "Aaa, 00 Aaa 0000 00:00:00 GMT";
    value.len() == SHAPE.len()
        && value.chars().zip(SHAPE.chars()).all(|(actual, shape)| match shape {
            '0' => actual.is_ascii_digit(),
            'A' => actual.is_ascii_uppercase(),
            'a' => actual.is_ascii_lowercase(),
            other => actual == other,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_told_from_other_text() {
        assert!(is_date("Sun, 06 Nov 1994 08:49:37 GMT"));
        for text in ["Sun, 6 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "", "now"] {
            assert!(!is_date(text), "{text:?}");
        }
    }

    #[test]
    fn lengths_are_those_of_the_bodies() {
        assert_eq!(filled("A\ncontent-length: {content-length}\n\nab\nc"), "A\ncontent-length: 4\n\nab\nc");
        assert_eq!(filled("A\ncontent-length: {content-length}\n\n"), "A\ncontent-length: 0\n\n");
    }
}
