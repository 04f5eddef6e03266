//! Plays a scenario, and writes down what happened.

use std::collections::BTreeMap;

use super::{
    Backstage, Scenario, Sighting, Stage, Step,
    fit::{self, Captured},
    wire::{Came, Wire},
};

/// Plays a scenario. What comes of it is a transcript in the notation of the files, equal to
/// [`Scenario::transcript`] where everything goes as it is written. Where it cannot go on, it ends with a line that
/// says why.
#[must_use]
pub fn play(scenario: &Scenario, stage: &mut dyn Stage, backstage: &Backstage) -> String {
    let mut play = Play {
        stage,
        backstage,
        wires: BTreeMap::new(),
        current: String::new(),
        captured: Captured::new(),
        seen: Vec::new(),
    };
    let mut transcript = String::new();
    for (line, step) in &scenario.steps {
        match play.take(step) {
            Ok(None) => transcript.push_str(&step.to_string()),
            Ok(Some(happened)) => transcript.push_str(&happened.to_string()),
            Err(why) => {
                transcript.push_str(&format!("! line {line}: {why}\n"));
                return transcript;
            }
        }
    }
    for (name, wire) in &play.wires {
        let rest = wire.rest();
        if !rest.is_empty() {
            transcript.push_str(&format!("! at the end, on {name:?}: unexpected {rest:?}\n"));
        }
    }
    transcript
}

struct Play<'p> {
    stage: &'p mut dyn Stage,
    backstage: &'p Backstage,
    /// Open connections by their names.
    wires: BTreeMap<String, Wire>,
    /// The name of the one that steps are about.
    current: String,
    captured: Captured,
    /// What handlers have reported that no step has asked for.
    seen: Vec<Sighting>,
}

impl Play<'_> {
    /// Takes a step; what happened in its place, where that can be something else.
    fn take(&mut self, step: &Step) -> Result<Option<Step>, String> {
        match step {
            Step::On(name) => self.current.clone_from(name),
            Step::Send(request) => self.send(request)?,
            Step::Answer(expected) => {
                let came = self.wire()?.answer()?;
                return Ok(Some(Step::Answer(self.masked(expected, &came))));
            }
            Step::Begins(expected) => {
                let came = self.wire()?.begins()?;
                return Ok(Some(Step::Begins(self.masked(expected, &came))));
            }
            Step::Event(expected) => {
                let came = self.wire()?.event()?;
                return Ok(Some(Step::Event(self.masked(expected, &came))));
            }
            Step::Events(count) => {
                for _ in 0..*count {
                    self.wire()?.event()?;
                }
            }
            Step::Ended => self.wire()?.ended()?,
            Step::Closed => self.take_wire()?.closed()?,
            Step::Close => drop(self.take_wire()?),
            Step::NotAccepted => {
                if self.stage.connect().is_ok() {
                    return Err("a connection is accepted".to_owned());
                }
            }
            Step::Seen(sighting) => self.backstage.wait_for(sighting, &mut self.seen, self.stage)?,
            Step::Tell { puppet, order } => self.backstage.tell(puppet, order),
            Step::Changed(changed) => self.backstage.changed(changed),
            Step::Ousted(subject) => self.backstage.oust(subject),
            Step::Stop => self.stage.stop()?,
            Step::Stopped => self.stage.stopped()?,
            Step::Pass(time) => self.stage.pass(*time)?,
        }
        Ok(None)
    }

    fn send(&mut self, request: &super::Request) -> Result<(), String> {
        let bytes = self.bytes(request)?;
        if !self.wires.contains_key(&self.current) {
            let stream = self.stage.connect().map_err(|error| error.to_string())?;
            self.wires.insert(self.current.clone(), Wire::new(stream));
        }
        let has_head = !request.head.is_empty();
        self.wire()?.send(&bytes, has_head, request.is_slow).map_err(|error| error.to_string())
    }

    /// The bytes of a request.
    fn bytes(&self, request: &super::Request) -> Result<Vec<u8>, String> {
        let fill = |text: &str| {
            let text = fit::filled(text, &self.captured)?;
            self.backstage.tokens.fill(&text, self.stage.now())
        };
        let head: String = request.head.iter().map(|line| format!("{line}\r\n")).collect();
        let mut text = fill(&head)?;
        if let Some(body) = &request.body {
            let body = fill(body)?;
            text = text.replace("{content-length}", &body.len().to_string());
            text.push_str(if text.is_empty() { "" } else { "\r\n" });
            text.push_str(&body);
        }
        Ok(text.into_bytes())
    }

    fn masked(&mut self, expected: &str, came: &Came) -> String {
        fit::masked(expected, &came.text, came.body_length, &mut self.captured)
    }

    fn wire(&mut self) -> Result<&mut Wire, String> {
        self.wires.get_mut(&self.current).ok_or_else(no_connection)
    }

    fn take_wire(&mut self) -> Result<Wire, String> {
        self.wires.remove(&self.current).ok_or_else(no_connection)
    }
}

fn no_connection() -> String {
    "there is no connection".to_owned()
}
