//! What a body brings, message by message, and what becomes of it.

use std::sync::LazyLock;

use bytes::Bytes;
use mcp_proto::exchange::BodyRead;

use super::{Case, Fact};
use crate::{
    fields::BODY_BYTES_MAX,
    listed::Chosen,
    messages::{Batch, Element, Envelope, Id, MethodField, NameField, Operation, ParamSet, Special},
    scene::{Arrival, HandlerOutcome, Notice},
};

/// One byte more than any body may have.
static UNBOUNDED: LazyLock<Bytes> = LazyLock::new(|| vec![b' '; BODY_BYTES_MAX as usize + 1].into());

/// A body that arrived.
pub(crate) enum Content<'s> {
    /// Not one well-formed message.
    Special(&'s Special),
    /// A message of the operation, the envelope and the id.
    Message,
    Batch(&'s Batch),
}

/// An element of a batch, and how many calls there are before it.
#[derive(Clone, Copy)]
pub(super) struct View {
    place: usize,
    calls_before: usize,
}

impl<'s> Case<'s> {
    /// Asks about an element of a batch what would be asked about a message.
    pub(crate) fn at<T>(&self, place: usize, calls_before: usize, ask: impl FnOnce() -> T) -> T {
        let outside = self.view.replace(Some(View { place, calls_before }));
        let told = ask();
        self.view.set(outside);
        told
    }

    /// Asks about each request of a batch.
    pub(crate) fn each_request<T>(&self, mut ask: impl FnMut(usize) -> T) -> Vec<T> {
        let is_request = |place: &usize| !matches!(self.elements()[*place].id, Id::None);
        let requests = (0..self.elements().len()).filter(is_request);
        requests.map(|place| self.at(place, 0, || ask(place))).collect()
    }

    fn element(&self) -> Option<&'s Element> {
        self.view.get().map(|view| &self.elements()[view.place])
    }

    pub(crate) fn is_at_element(&self) -> bool {
        self.view.get().is_some()
    }

    pub(crate) fn operation(&self) -> &'static Operation {
        if let Some(element) = self.element() {
            return element.operation;
        }
        self.scene.operations[self.operation_place()].operation
    }

    pub(super) fn method_place(&self) -> usize {
        self.place(Fact::MethodField, self.scene.method_fields.len())
    }

    pub(crate) fn method_field(&self) -> MethodField {
        self.scene.method_fields[self.method_place()]
    }

    pub(super) fn name_place(&self) -> usize {
        let operation = &self.scene.operations[self.operation_place()];
        self.place(Fact::NameField, operation.names.len())
    }

    pub(crate) fn name_field(&self) -> NameField {
        let place = self.name_place();
        self.scene.operations[self.operation_place()].names[place].0
    }

    pub(super) fn params_place(&self) -> usize {
        self.place(Fact::Params, self.scene.param_sets.len())
    }

    pub(crate) fn param_set(&self) -> ParamSet {
        self.scene.param_sets[self.params_place()].0
    }

    pub(crate) fn arrival(&self) -> Arrival {
        *self.pick(Fact::Arrival, &self.scene.arrivals)
    }

    pub(crate) fn content(&self) -> Content<'s> {
        let messages = usize::from(self.scene.has_messages);
        let specials = self.scene.specials.len();
        let place = self.place(Fact::Content, messages + specials + self.scene.batches.len());
        match place.checked_sub(messages) {
            None => Content::Message,
            Some(place) if place < specials => Content::Special(&self.scene.specials[place]),
            Some(place) => Content::Batch(&self.scene.batches[place - specials]),
        }
    }

    /// The elements of a batch, if the body is one that can be answered.
    pub(crate) fn elements(&self) -> &'s [Element] {
        match self.content() {
            Content::Batch(batch) => &batch.elements,
            Content::Message | Content::Special(_) => &[],
        }
    }

    pub(crate) fn envelope(&self) -> &'static Envelope {
        if let Some(element) = self.element() {
            return element.envelope;
        }
        self.scene.envelopes[self.place(Fact::Envelope, self.scene.envelopes.len())]
    }

    /// The id of the message, or of the element that is looked at; of a batch, there is none.
    pub(crate) fn id(&self) -> Id {
        if let Some(element) = self.element() {
            return element.id;
        }
        *self.pick(Fact::Id, &self.scene.ids)
    }

    /// What reading the body comes to.
    pub(crate) fn body(&self) -> BodyRead {
        match self.arrival() {
            Arrival::Complete => BodyRead::Complete(self.bytes()),
            Arrival::Unbounded => BodyRead::Complete(UNBOUNDED.clone()),
            Arrival::TooLarge => BodyRead::TooLarge,
            Arrival::Aborted => BodyRead::Aborted,
            Arrival::TimedOut => BodyRead::TimedOut,
            Arrival::Overloaded => BodyRead::Overloaded,
        }
    }

    /// The bytes of a body that is complete.
    pub(crate) fn bytes(&self) -> Bytes {
        match self.content() {
            Content::Special(special) => special.body.clone(),
            Content::Batch(batch) => batch.body.clone(),
            Content::Message => {
                let operation = self.operation_place();
                let envelope = self.place(Fact::Envelope, self.scene.envelopes.len());
                let id = self.place(Fact::Id, self.scene.ids.len());
                self.scene.body(operation, envelope, id)
            }
        }
    }

    /// What the application shows of a list.
    pub(crate) fn chosen(&self) -> Chosen {
        *self.pick(Fact::Chosen, &self.scene.chosen)
    }

    pub(crate) fn notice(&self) -> Notice {
        *self.pick(Fact::Notice, &self.scene.notices)
    }

    /// What the handler comes to that is asked about, with so many before it.
    pub(crate) fn outcome_after(&self, calls_before: usize) -> HandlerOutcome {
        if calls_before == 0 {
            *self.pick(Fact::Outcome, &self.scene.outcomes)
        } else {
            *self.pick(Fact::LaterOutcome, &self.scene.later_outcomes)
        }
    }

    pub(crate) fn outcome(&self) -> HandlerOutcome {
        self.outcome_after(self.view.get().map_or(0, |view| view.calls_before))
    }
}
