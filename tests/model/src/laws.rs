//! What holds for every session whatever happens to it, judged from what its client saw and did alone: the
//! reference has no part in it.

use std::collections::{BTreeMap, BTreeSet};

use mcp_proto::session::EventId;
use serde_json::Value;

use crate::steps::Compared;

/// One thing that a client saw or did.
#[derive(Debug, Clone)]
pub(crate) enum Seen {
    /// It sent `notifications/initialized`.
    Initialized,
    /// It called, and a handler ran.
    Called(Value),
    /// It cancelled that request, which was running.
    Cancelled(Value),
    /// A whole answer came.
    Answer(Value),
    /// It began to read, what follows this event where it named one.
    Attached { wire: usize, after: Option<EventId> },
    /// An event came.
    Event { wire: usize, id: EventId, message: Value },
    /// The connection ended.
    Ended { wire: usize },
    /// A handler was given an answer to this question.
    Heard(u64),
}

/// What somebody who comes back can count on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// There was room for everything.
    Everything,
    /// A store has everything, and yet progress and log are for those who listen.
    WhatMatters,
    /// As much as there is room for.
    WhatFits,
}

impl Kept {
    fn has(self, message: &Value) -> bool {
        match self {
            Self::Everything => true,
            Self::WhatMatters => message["method"] != "notifications/message",
            Self::WhatFits => false,
        }
    }
}

/// Everything in its order.
#[derive(Debug, Default)]
pub(crate) struct Transcript(Vec<Seen>);

impl Transcript {
    pub(crate) fn add(&mut self, seen: Seen) {
        self.0.push(seen);
    }

    /// All laws.
    pub(crate) fn judge(&self, kept: Kept) -> Compared {
        self.ids_rise_on_each_stream_and_name_one_message()?;
        self.a_message_is_on_one_stream()?;
        self.who_resumes_gets_the_suffix(kept)?;
        self.a_call_is_answered_once()?;
        self.nothing_follows_a_cancellation()?;
        self.a_question_is_resolved_once()?;
        self.nothing_is_said_before_the_client_is_ready()?;
        self.nothing_follows_the_end()
    }

    fn events(&self) -> impl Iterator<Item = (usize, usize, EventId, &Value)> {
        self.0.iter().enumerate().filter_map(|(place, seen)| match seen {
            Seen::Event { wire, id, message } => Some((place, *wire, *id, message)),
            _ => None,
        })
    }

    /// RES-02, RES-03.
    fn ids_rise_on_each_stream_and_name_one_message(&self) -> Compared {
        let mut last: BTreeMap<usize, EventId> = BTreeMap::new();
        let mut named: BTreeMap<EventId, &Value> = BTreeMap::new();
        for (_, wire, id, message) in self.events() {
            if let Some(before) = last.insert(wire, id)
                && (before.stream != id.stream || before.sequence >= id.sequence)
            {
                return Err(format!("{id} after {before} on one connection"));
            }
            if named.insert(id, message).is_some_and(|before| before != message) {
                return Err(format!("{id} names two messages"));
            }
        }
        Ok(())
    }

    /// SSE-17: each message that says which it is comes under one id.
    fn a_message_is_on_one_stream(&self) -> Compared {
        let mut homes: BTreeMap<String, EventId> = BTreeMap::new();
        for (_, _, id, message) in self.events() {
            let id_is_its_own = !message["id"].is_null() && self.calls(&message["id"]) < 2;
            let names_itself = id_is_its_own || message["params"]["data"].is_string();
            if names_itself && homes.insert(message.to_string(), id).is_some_and(|home| home != id) {
                return Err(format!("{message} is {id} and something else"));
            }
        }
        Ok(())
    }

    /// RES-04, RES-05: nothing that was shown behind the event that a client names is left out, if it was
    /// kept.
    fn who_resumes_gets_the_suffix(&self, kept: Kept) -> Compared {
        for (place, seen) in self.0.iter().enumerate() {
            let Seen::Attached { wire, after: Some(after) } = seen else { continue };
            let got: Vec<EventId> =
                self.events().filter(|(_, own, ..)| own == wire).map(|(_, _, id, _)| id).collect();
            // A client that was given another stream knows that by its ids.
            let Some(newest) = got.last().filter(|id| id.stream == after.stream) else { continue };
            let followed = |id: EventId| id.stream == after.stream && id > *after && id <= *newest;
            let mut shown = self.events().take_while(|(at, ..)| *at < place);
            let missing =
                shown.find(|(_, _, id, message)| followed(*id) && kept.has(message) && !got.contains(id));
            if let Some((_, _, missing, _)) = missing {
                return Err(format!("{missing} is left out after {after}"));
            }
            if got.iter().any(|id| id <= after) {
                return Err(format!("{got:?} after {after}"));
            }
        }
        Ok(())
    }

    /// How often a client called with this id: it may use one again.
    fn calls(&self, id: &Value) -> usize {
        self.0.iter().filter(|seen| matches!(seen, Seen::Called(own) if own == id)).count()
    }

    /// SSE-01.
    fn a_call_is_answered_once(&self) -> Compared {
        let mut on_streams: BTreeMap<EventId, &Value> = BTreeMap::new();
        let mut whole: Vec<&Value> = Vec::new();
        for seen in &self.0 {
            match seen {
                Seen::Answer(message) => whole.push(message),
                Seen::Event { message, id, .. } if is_answer(message) => {
                    on_streams.insert(*id, message);
                }
                _ => {}
            }
        }
        let answers: Vec<&Value> =
            whole.into_iter().chain(on_streams.into_values()).map(|own| &own["id"]).collect();
        for id in &answers {
            let times = answers.iter().filter(|own| own == &id).count();
            if times > self.calls(id) {
                return Err(format!("{id} is answered {times} times"));
            }
        }
        Ok(())
    }

    /// CANC-02: what was cancelled is not answered.
    fn nothing_follows_a_cancellation(&self) -> Compared {
        let mut cancelled: Vec<&Value> = Vec::new();
        for seen in &self.0 {
            match seen {
                Seen::Cancelled(id) if self.calls(id) == 1 => cancelled.push(id),
                Seen::Answer(message) | Seen::Event { message, .. }
                    if is_answer(message) && cancelled.contains(&&message["id"]) =>
                {
                    return Err(format!("{message} was cancelled"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn a_question_is_resolved_once(&self) -> Compared {
        let mut heard = BTreeSet::new();
        let again = self.0.iter().find(|seen| matches!(seen, Seen::Heard(id) if !heard.insert(*id)));
        again.map_or(Ok(()), |again| Err(format!("{again:?} again")))
    }

    /// LIF-07.
    fn nothing_is_said_before_the_client_is_ready(&self) -> Compared {
        let ready = self.0.iter().position(|seen| matches!(seen, Seen::Initialized));
        let about_no_call = |message: &Value| {
            let method = message["method"].as_str().unwrap_or_default();
            method.ends_with("list_changed") || method.ends_with("updated")
        };
        let early = self.events().find(|(place, _, _, message)| {
            about_no_call(message) && ready.is_none_or(|ready| *place < ready)
        });
        early.map_or(Ok(()), |(_, _, id, message)| Err(format!("{id} {message} is early")))
    }

    fn nothing_follows_the_end(&self) -> Compared {
        let mut ended = BTreeSet::new();
        for seen in &self.0 {
            match seen {
                Seen::Ended { wire } => {
                    ended.insert(*wire);
                }
                Seen::Event { wire, id, .. } if ended.contains(wire) => {
                    return Err(format!("{id} after the end"));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn is_answer(message: &Value) -> bool {
    message.get("result").is_some() || message.get("error").is_some()
}
