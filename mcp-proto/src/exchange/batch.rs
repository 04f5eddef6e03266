//! Several requests that came in one body and are answered in one: lists first, which may need the
//! application, then the calls, one after another.

use std::collections::VecDeque;

use super::{
    Exchange, Step,
    call::Call,
    filter::List,
    reply::{self, Finish},
};
use crate::{exchange::Manner, jsonrpc::RawId, response::Response};

/// A batch of which every request is allowed.
#[derive(Debug)]
#[cfg_attr(feature = "enumerate", derive(Clone))]
pub(super) struct Batch<'e> {
    answers: Answers,
    lists: VecDeque<(usize, RawId, List<'e>)>,
    calls: VecDeque<(usize, Box<Call>)>,
}

/// The answers that are there, at the places of their requests (JR-23).
#[derive(Debug)]
#[cfg_attr(feature = "enumerate", derive(Clone))]
pub(super) struct Answers(Vec<Option<Vec<u8>>>);

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
    pub(super) fn of(requests: usize) -> Self {
        Self { answers: Answers(vec![None; requests]), lists: VecDeque::new(), calls: VecDeque::new() }
    }

    pub(super) fn answer(&mut self, place: usize, body: Vec<u8>) {
        self.answers.put(place, body);
    }

    pub(super) fn list(&mut self, place: usize, id: RawId, list: List<'e>) {
        self.lists.push_back((place, id, list));
    }

    pub(super) fn call(&mut self, place: usize, call: Box<Call>) {
        self.calls.push_back((place, call));
    }

    /// The next effect, or the answer.
    pub(super) fn go_on(mut self, exchange: Exchange<'e>) -> Step<'e> {
        if let Some((place, id, list)) = self.lists.pop_front() {
            let place = Place { batch: Box::new(self), place };
            return list.begin_in(exchange, id, Some(place));
        }
        let Self { answers, mut calls, .. } = self;
        match calls.pop_front() {
            Some((place, mut call)) => {
                call.reply.join(Rest { answers, place, calls }, false);
                Step::Call(call)
            }
            None => {
                let response = answers.into_response(exchange.manner.clone());
                exchange.respond(response)
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
    /// Goes on after a call that came to this answer.
    pub(super) fn go_on(mut self, body: Vec<u8>, is_stream: bool, manner: Manner) -> Finish {
        let frame = if is_stream {
            reply::framed(&body)
        } else {
            self.answers.put(self.place, body);
            Vec::new()
        };
        match self.calls.pop_front() {
            Some((place, mut call)) => {
                call.reply.join(Self { place, ..self }, is_stream);
                Finish::Next { frame, call }
            }
            None if is_stream => Finish::LastFrame(frame),
            None => Finish::Whole(self.answers.into_response(manner)),
        }
    }

    /// Writes the answers that are there as events: from now on each is sent when it is there.
    pub(super) fn stream(&mut self, out: &mut Vec<u8>) {
        self.answers.stream(out);
    }
}

impl Answers {
    fn put(&mut self, place: usize, body: Vec<u8>) {
        if let Some(answer) = self.0.get_mut(place) {
            *answer = Some(body);
        }
    }

    fn stream(&mut self, out: &mut Vec<u8>) {
        for body in self.0.iter_mut().filter_map(Option::take) {
            out.extend_from_slice(&reply::framed(&body));
        }
    }

    /// DT-35: one array, or one event for each answer.
    fn into_response(mut self, manner: Manner) -> Response {
        if !manner.accept.json {
            let mut events = Vec::new();
            self.stream(&mut events);
            return reply::complete(events, manner);
        }
        let bodies: Vec<Vec<u8>> = self.0.into_iter().flatten().collect();
        let mut array = vec![b'['];
        array.extend_from_slice(&bodies.join(&b","[..]));
        array.push(b']');
        reply::complete(array, manner)
    }
}
