//! Several requests that came in one body and are answered in one: lists first, which may need the
//! application, then the calls, one after another.

use std::collections::VecDeque;

use super::{
    Exchange, Step,
    audit::Element,
    call::Call,
    filter::List,
    reply::{self, Finish},
    use_session::UseSession,
};
use crate::{
    exchange::Manner,
    jsonrpc::RawId,
    limits::Limits,
    refusal::{Refusal, RequestFault},
    response::Response,
    revision::Revision,
    session::CallId,
    sse,
};

/// A batch of which every request is allowed.
#[derive(Debug)]
#[cfg_attr(feature = "enumerate", derive(Clone))]
pub(super) struct Batch<'e> {
    answers: Answers,
    lists: VecDeque<(usize, RawId, List<'e>)>,
    calls: VecDeque<(usize, Box<Call>)>,
    /// What needs no call, where somebody keeps a record.
    elements: Vec<Element>,
    /// The first of its calls, in the session that has noted them.
    noted: Option<CallId>,
}

/// The answers that are there, at the places of their requests (JR-23).
#[derive(Debug)]
#[cfg_attr(feature = "enumerate", derive(Clone))]
pub(super) struct Answers {
    bodies: Vec<Option<Vec<u8>>>,
    /// Of those that are kept.
    bytes: usize,
    bytes_max: usize,
}

/// What of a batch is left while one of its calls runs.
#[derive(Debug)]
#[cfg_attr(feature = "enumerate", derive(Clone))]
pub(super) struct Rest {
    answers: Answers,
    /// The place of the call that runs.
    place: usize,
    calls: VecDeque<(usize, Box<Call>)>,
}

/// The place of a list in the batch that it belongs to.
#[derive(Debug)]
#[cfg_attr(feature = "enumerate", derive(Clone))]
pub(super) struct Place<'e> {
    batch: Box<Batch<'e>>,
    place: usize,
}

impl<'e> Batch<'e> {
    pub(super) fn of(requests: usize, limits: &Limits) -> Self {
        let answers =
            Answers { bodies: vec![None; requests], bytes: 0, bytes_max: limits.batch_answer_bytes_max };
        Self { answers, lists: VecDeque::new(), calls: VecDeque::new(), elements: Vec::new(), noted: None }
    }

    /// Whether nothing in it has to be answered.
    pub(super) fn is_empty(&self) -> bool {
        self.answers.bodies.is_empty()
    }

    /// A session has noted its calls, of which this is the first.
    pub(super) fn note(&mut self, first: CallId) {
        self.noted = Some(first);
    }

    pub(super) fn calls_mut(&mut self) -> impl Iterator<Item = &mut Call> {
        self.calls.iter_mut().map(|(_, call)| &mut **call)
    }

    /// Whether there are as many answers as a batch may collect: no more is done for it then.
    pub(super) fn is_full(&self) -> bool {
        self.answers.is_full()
    }

    pub(super) fn answer(&mut self, place: usize, body: Vec<u8>) {
        self.answers.put(place, body);
    }

    /// Answers that there is no room for more.
    pub(super) fn refuse(&mut self, place: usize, id: RawId) {
        self.answers.put(place, too_large(id));
    }

    pub(super) fn list(&mut self, place: usize, id: RawId, list: List<'e>) {
        self.lists.push_back((place, id, list));
    }

    pub(super) fn call(&mut self, place: usize, call: Box<Call>) {
        self.calls.push_back((place, call));
    }

    pub(super) fn record(&mut self, element: Option<Element>) {
        self.elements.extend(element);
    }

    /// The next effect, or the answer.
    pub(super) fn go_on(mut self, exchange: Exchange<'e>) -> Step<'e> {
        while let Some((place, id, list)) = self.lists.pop_front() {
            if !self.is_full() {
                let place = Place { batch: Box::new(self), place };
                return list.begin(exchange, id, Some(place));
            }
            self.refuse(place, id);
        }
        let Self { mut answers, mut calls, elements, noted, .. } = self;
        match answers.next_call(&mut calls) {
            Some((place, mut call)) => {
                call.reply.join(Rest { answers, place, calls }, false);
                if let Some(about) = &mut call.about {
                    about.add(elements);
                }
                Step::Call(call)
            }
            None => {
                let response = answers.into_response(exchange.manner.clone());
                match (noted, exchange.respond_about(response, elements)) {
                    // There is no room for the answers of its calls: they are not going to run.
                    (Some(first), Step::Respond(response)) => UseSession::abandon(first, response),
                    (Some(_) | None, step) => step,
                }
            }
        }
    }
}

impl<'e> Place<'e> {
    /// Puts the answer of the list there, and goes on with the batch.
    pub(super) fn fill(self, exchange: Exchange<'e>, body: Vec<u8>) -> Step<'e> {
        let Self { mut batch, place } = self;
        batch.answer(place, body);
        batch.go_on(exchange)
    }
}

impl Rest {
    /// Goes on after a call that came to this answer, or to none that has to be sent here.
    pub(super) fn go_on(mut self, body: Option<Vec<u8>>, is_stream: bool, manner: Manner) -> Finish {
        let frame = match body {
            Some(body) if is_stream => reply::framed(&body),
            Some(body) => {
                self.answers.put(self.place, body);
                Vec::new()
            }
            None => Vec::new(),
        };
        match self.answers.next_call(&mut self.calls) {
            Some((place, mut call)) => {
                call.reply.join(Self { place, ..self }, is_stream);
                Finish::Next { frame, call }
            }
            None if is_stream => Finish::LastFrame(frame),
            None => Finish::Whole(self.answers.into_response(manner)),
        }
    }

    /// Takes the answers that are there: from now on each is sent when it is there.
    pub(super) fn take_answers(&mut self) -> Vec<Vec<u8>> {
        self.answers.bytes = 0;
        self.answers.bodies.iter_mut().filter_map(Option::take).collect()
    }

    /// Writes the answers that are there as events: from now on each is sent when it is there.
    pub(super) fn stream(&mut self, out: &mut Vec<u8>) {
        self.answers.stream(out);
    }
}

impl Answers {
    fn is_full(&self) -> bool {
        self.bytes > self.bytes_max
    }

    fn put(&mut self, place: usize, body: Vec<u8>) {
        if let Some(answer) = self.bodies.get_mut(place) {
            self.bytes = self.bytes.saturating_add(body.len());
            *answer = Some(body);
        }
    }

    /// The call that comes next, if there is room for what it comes to; those without are answered.
    fn next_call(&mut self, calls: &mut VecDeque<(usize, Box<Call>)>) -> Option<(usize, Box<Call>)> {
        while self.is_full()
            && let Some((place, call)) = calls.pop_front()
        {
            self.put(place, too_large(call.reply.into_id()));
        }
        calls.pop_front()
    }

    /// Writes the answers that are there, which are then the client's.
    fn stream(&mut self, out: &mut Vec<u8>) {
        for body in self.bodies.iter_mut().filter_map(Option::take) {
            sse::event(out, &body);
        }
        self.bytes = 0;
    }

    /// DT-35: one array, or one event for each answer.
    fn into_response(mut self, manner: Manner) -> Response {
        let mut out = Vec::with_capacity(self.bytes.saturating_add(self.bodies.len().saturating_mul(16)));
        if manner.accept.json {
            out.push(b'[');
            for (index, body) in self.bodies.into_iter().flatten().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                out.extend_from_slice(&body);
            }
            out.push(b']');
        } else {
            self.stream(&mut out);
        }
        reply::complete(out, manner)
    }
}

/// The answer to a request for which there is no room behind those before it.
fn too_large(id: RawId) -> Vec<u8> {
    Refusal::InvalidRequest(RequestFault::BatchAnswers).entry(id, Revision::V2025_03_26)
}
