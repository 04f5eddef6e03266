//! Who asked for what, for those who keep records of decisions.

use super::{
    call::Caller,
    message::{Member, Message},
};
use crate::{method::Method, response::Rule};

/// The longest name or URI of a record, in bytes: what is longer is cut off.
pub const RECORDED_NAME_BYTES_MAX: usize = 256;

/// Who asked for what. Holds no credentials.
///
/// Made only for engines with [`crate::EngineBuilder::keeps_records`].
#[derive(Debug, Clone)]
pub struct About {
    caller: Option<Caller>,
    named: Option<Box<Named>>,
    elements: Vec<Element>,
}

/// A request of a batch that needed no handler, and the rule that refused it, if one did.
#[derive(Debug, Clone)]
pub(super) struct Element {
    pub(super) named: Option<Box<Named>>,
    pub(super) rule: Option<Rule>,
}

/// A known method, and what the message names as its target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    method: Method,
    target: Option<Box<str>>,
}

impl About {
    pub(super) fn new(caller: Option<Caller>, named: Option<Box<Named>>) -> Self {
        Self { caller, named, elements: Vec::new() }
    }

    /// Tells of these too.
    pub(super) fn add(&mut self, elements: Vec<Element>) {
        self.elements = elements;
    }

    /// The requests of a batch that were answered without a handler, each with the rule that refused it, if one
    /// did. They are told once: with the first call of the batch, or with its answer where nothing was called.
    pub fn elements(&self) -> impl Iterator<Item = (Self, Option<Rule>)> {
        let about = |element: &Element| Self::new(self.caller.clone(), element.named.clone());
        self.elements.iter().map(move |element| (about(element), element.rule))
    }

    /// The verified caller; `None` when the request was refused before there was one.
    #[must_use]
    pub fn caller(&self) -> Option<&Caller> {
        self.caller.as_ref()
    }

    /// The method; `None` when the message names none that is known, or was not read.
    #[must_use]
    pub fn method(&self) -> Option<Method> {
        self.named.as_ref().map(|named| named.method)
    }

    /// The name of the tool or prompt, or the URI of the resource, as the message has it: at most
    /// [`RECORDED_NAME_BYTES_MAX`] bytes of what a client wrote.
    #[must_use]
    pub fn target(&self) -> Option<&str> {
        self.named.as_ref()?.target.as_deref()
    }
}

impl PartialEq for About {
    /// Equal when the same party asks for the same thing.
    fn eq(&self, other: &Self) -> bool {
        let principal = |about: &Self| about.caller.as_ref().map(|caller| caller.principal().clone());
        principal(self) == principal(other) && self.named == other.named
    }
}

impl Eq for About {}

impl Named {
    pub(super) fn of(message: &Message) -> Option<Self> {
        let method = Method::from_name(&message.bytes(Member::Method)?)?;
        Some(Self { method, target: message.named(method).map(|name| shortened(&name)) })
    }
}

fn shortened(name: &str) -> Box<str> {
    cut(name, RECORDED_NAME_BYTES_MAX).into()
}

/// As much of a text as fits, in whole characters.
pub(super) fn cut(text: &str, bytes_max: usize) -> &str {
    let fits = |end: &usize| *end <= bytes_max;
    let end = text.char_indices().map(|(start, char)| start + char.len_utf8()).take_while(fits).last();
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{RECORDED_NAME_BYTES_MAX, shortened};

    #[test]
    fn a_long_name_is_cut_between_characters() {
        for (name, bytes) in [
            (String::new(), 0),
            ("a".repeat(RECORDED_NAME_BYTES_MAX), RECORDED_NAME_BYTES_MAX),
            ("a".repeat(RECORDED_NAME_BYTES_MAX + 1), RECORDED_NAME_BYTES_MAX),
            (format!("a{}", "\u{e9}".repeat(RECORDED_NAME_BYTES_MAX)), RECORDED_NAME_BYTES_MAX - 1),
        ] {
            let cut = shortened(&name);
            assert_eq!(cut.len(), bytes);
            assert!(name.starts_with(&*cut));
        }
    }
}
