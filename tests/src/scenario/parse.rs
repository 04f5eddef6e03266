//! From the text of a file to a scenario.

use std::{fmt, time::Duration};

use super::{Changed, Moment, Order, Request, Scenario, Settings, Sighting, Step};

/// Why a file is no scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// Number of the line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub why: String,
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
    Event,
}

/// What has been read so far.
#[derive(Default)]
struct Reader<'t> {
    about: Vec<&'t str>,
    rows: Vec<String>,
    needs_virtual_time: bool,
    settings: Option<Settings>,
    steps: Vec<(usize, Step)>,
    /// The block that the last line belonged to, its first line, and its lines.
    open: Option<(Block, usize, Vec<&'t str>)>,
    /// The next request is sent byte by byte.
    slow: bool,
}

impl Scenario {
    /// Reads a file.
    ///
    /// # Errors
    /// When it is no scenario.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let mut reader = Reader::default();
        for (index, line) in text.lines().enumerate() {
            let number = index.saturating_add(1);
            reader.line(number, line).map_err(|why| Malformed { line: number, why })?;
        }
        reader.close();
        if reader.about.is_empty() {
            let why = "a scenario begins with a comment that says what it shows".to_owned();
            return Err(Malformed { line: 1, why });
        }
        Ok(Self {
            about: reader.about.join(" "),
            rows: reader.rows,
            needs_virtual_time: reader.needs_virtual_time,
            settings: reader.settings.unwrap_or_default(),
            steps: reader.steps,
        })
    }
}

impl<'t> Reader<'t> {
    fn line(&mut self, number: usize, line: &'t str) -> Result<(), String> {
        let (block, content) = match line.split_at_checked(1) {
            Some((">", rest)) => (Some(Block::Request { is_slow: self.slow }), rest),
            Some(("<", rest)) => (Some(Block::Answer), rest),
            Some(("~", rest)) => (Some(Block::Event), rest),
            _ => (None, line),
        };
        let Some(block) = block else { return self.word(number, line) };
        let content = match content.strip_prefix(' ') {
            Some(content) => content,
            None if content.is_empty() => "",
            None => return Err("no space behind the mark".to_owned()),
        };
        match &mut self.open {
            Some((open, _, lines)) if *open == block => lines.push(content),
            _ => {
                self.close();
                self.open = Some((block, number, vec![content]));
            }
        }
        Ok(())
    }

    /// A line that is in no block.
    fn word(&mut self, number: usize, line: &'t str) -> Result<(), String> {
        self.slow = self.slow && self.open.is_none();
        self.close();
        if line.is_empty() {
            return Ok(());
        }
        if let Some(comment) = line.strip_prefix('#') {
            if self.is_in_head() {
                self.about.push(comment.trim());
            }
            return Ok(());
        }
        if line == "slowly" {
            self.slow = true;
            return Ok(());
        }
        if let Some((name, rest)) = line.split_once(": ").filter(|_| self.is_in_head()) {
            return self.header(name, rest);
        }
        self.steps.push((number, step(line)?));
        Ok(())
    }

    fn is_in_head(&self) -> bool {
        self.steps.is_empty()
    }

    fn header(&mut self, name: &str, rest: &str) -> Result<(), String> {
        match name {
            "rows" => self.rows.extend(rest.split(' ').map(str::to_owned)),
            "server" => self.settings = Some(Settings::parse(rest)?),
            "players" if rest == "core" => self.needs_virtual_time = true,
            _ => return Err("no such header".to_owned()),
        }
        Ok(())
    }

    /// Makes a step of the block that is open.
    fn close(&mut self) {
        let Some((block, line, lines)) = self.open.take() else { return };
        let step = match block {
            Block::Answer if lines.contains(&"") => Step::Answer(lines.join("\n")),
            Block::Answer => Step::Begins(lines.join("\n")),
            Block::Event => Step::Event(lines.join("\n")),
            Block::Request { is_slow } => {
                let mut parts = lines.splitn(2, |line| line.is_empty());
                let head = parts.next().unwrap_or_default().iter().map(|line| (*line).to_owned()).collect();
                let body = parts.next().map(|lines| lines.join("\n"));
                Step::Send(Request { head, body, is_slow })
            }
        };
        self.steps.push((line, step));
    }
}

/// A step that is one line.
fn step(line: &str) -> Result<Step, String> {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let seen = |moment| {
        let who = if rest.is_empty() { "endless" } else { rest };
        Step::Seen(Sighting { who: who.to_owned(), moment })
    };
    let step = match (word, rest) {
        ("on", name) if !name.is_empty() => Step::On(name.to_owned()),
        ("events", count) => Step::Events(count.parse().map_err(|_| "no number of events".to_owned())?),
        ("ended", "") => Step::Ended,
        ("closed", "") => Step::Closed,
        ("close", "") => Step::Close,
        ("not", "accepted") => Step::NotAccepted,
        ("running", _) => seen(Moment::Running),
        ("cancelled", _) => seen(Moment::Cancelled),
        ("tell", rest) => {
            let (puppet, order) = rest.split_once(' ').ok_or_else(|| "nothing is told".to_owned())?;
            Step::Tell { puppet: puppet.to_owned(), order: Order::parse(order)? }
        }
        ("changed", "tools") => Step::Changed(Changed::Tools),
        ("changed", uri) if uri.contains(':') => Step::Changed(Changed::Resource(uri.to_owned())),
        ("ousted", subject) if !subject.is_empty() => Step::Ousted(subject.to_owned()),
        ("stop", "") => Step::Stop,
        ("stopped", "") => Step::Stopped,
        ("pass", time) => Step::Pass(duration(time)?),
        _ => return Err("no such step".to_owned()),
    };
    Ok(step)
}

/// `250ms`, `2s` or `30min`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = text.get(digits.len()..).unwrap_or_default();
    let number: u64 = digits.parse().map_err(|_| format!("no time: {text}"))?;
    match unit {
        "ms" => Ok(Duration::from_millis(number)),
        "s" => Ok(Duration::from_secs(number)),
        "min" => Ok(Duration::from_secs(number.saturating_mul(60))),
        _ => Err(format!("no unit of time: {text}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Question;

    fn request(head: &[&str], body: Option<&str>, is_slow: bool) -> Step {
        let head = head.iter().map(|line| (*line).to_owned()).collect();
        Step::Send(Request { head, body: body.map(str::to_owned), is_slow })
    }

    fn seen(who: &str, moment: Moment) -> Step {
        Step::Seen(Sighting { who: who.to_owned(), moment })
    }

    fn tell(puppet: &str, order: Order) -> Step {
        Step::Tell { puppet: puppet.to_owned(), order }
    }

    const TEXT: &str = "# Shows\n# this.\nrows: DT-01 F2\nserver: stateful ask=2s\nplayers: core\n\n\
        > GET / HTTP/1.1\n>\n> a\n>\n> b\n< HTTP/1.1 200 OK\n<\n< x\n\n# a remark\nslowly\n> GET\nrunning\nclose\n\
        cancelled a\n> X\n\n> Y\n>\nclosed\non b\n< HTTP/1.1 200 OK\n< a: b\n~ id: 1\n~ data: x\n\n~ :\nevents 7\n\
        ended\ntell a progress 1\ntell a ask form\nchanged tools\nchanged note://1\nousted alice\nstop\nnot accepted\n\
        stopped\npass 30min\n";

    #[test]
    fn a_file_is_read_into_steps() {
        let scenario = Scenario::parse(TEXT).unwrap();
        assert_eq!(scenario.about, "Shows this.");
        assert_eq!(scenario.rows, ["DT-01", "F2"]);
        assert!(scenario.needs_virtual_time);
        assert_eq!(scenario.settings, Settings::parse("stateful ask=2s").unwrap());
        let expected = [
            (7, request(&["GET / HTTP/1.1"], Some("a\n\nb"), false)),
            (12, Step::Answer("HTTP/1.1 200 OK\n\nx".into())),
            (18, request(&["GET"], None, true)),
            (19, seen("endless", Moment::Running)),
            (20, Step::Close),
            (21, seen("a", Moment::Cancelled)),
            (22, request(&["X"], None, false)),
            (24, request(&["Y"], Some(""), false)),
            (26, Step::Closed),
            (27, Step::On("b".into())),
            (28, Step::Begins("HTTP/1.1 200 OK\na: b".into())),
            (30, Step::Event("id: 1\ndata: x".into())),
            (33, Step::Event(":".into())),
            (34, Step::Events(7)),
            (35, Step::Ended),
            (36, tell("a", Order::Progress(1))),
            (37, tell("a", Order::Ask(Question::Form))),
            (38, Step::Changed(Changed::Tools)),
            (39, Step::Changed(Changed::Resource("note://1".into()))),
            (40, Step::Ousted("alice".into())),
            (41, Step::Stop),
            (42, Step::NotAccepted),
            (43, Step::Stopped),
            (44, Step::Pass(Duration::from_secs(1_800))),
        ];
        assert_eq!(scenario.steps, expected);
    }

    #[test]
    fn what_is_read_is_written_the_same() {
        let first = Scenario::parse(TEXT).unwrap();
        let second = Scenario::parse(&format!("# Shows\n{}", first.transcript())).unwrap();
        let steps = |scenario: &Scenario| -> Vec<Step> {
            scenario.steps.iter().map(|(_, step)| step.clone()).collect()
        };
        assert_eq!(steps(&first), steps(&second));
    }

    #[test]
    fn what_is_no_scenario_is_refused() {
        for (text, line) in [
            ("> GET", 1),
            ("# a\n>GET", 2),
            ("# a\n\nsleep 5", 3),
            ("", 1),
            ("# a\nrows of: x", 2),
            ("# a\nserver: fast", 2),
            ("# a\nplayers: tokio", 2),
            ("# a\ntell a dance", 2),
            ("# a\npass 5", 2),
            ("# a\nclose\nrows: DT-01", 3),
        ] {
            assert_eq!(Scenario::parse(text).map_err(|error| error.line), Err(line), "{text:?}");
        }
    }
}
