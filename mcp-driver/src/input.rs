//! What a handler can ask the client for in the middle of a call.
//!
//! A question is the same whatever revision the client speaks: what it looks like there is written when it is
//! asked.

mod elicit;
mod error;
mod form;
mod roots;
mod sample;

use std::{error::Error, fmt};

use mcp_proto::{
    Revision,
    session::{Answer, Question},
};
use serde_json::Value;

pub use self::{
    elicit::{Elicit, ElicitForm, ElicitUrl, Elicited},
    error::InputError,
    roots::{ListRoots, Root},
    sample::{Sample, SampleContent, SampleMessage, SampleTool, Sampled, ToolChoice, ToolUse, ToolUseResult},
};
use crate::interrupt::Interrupt;

/// Something that a handler can ask the client for: [`Elicit`] asks the person, [`Sample`] the client's model,
/// [`ListRoots`] the client itself.
pub trait Ask: sealed::Sealed + Send {
    /// What comes back.
    type Answer;

    /// The request in the words of the client's revision. `elicitation` names it if it is an elicitation on a
    /// page; it has to be unique on this server (ELI-06).
    ///
    /// # Errors
    /// When the question itself is wrong, or the revision has no words for it.
    #[doc(hidden)]
    fn question(&self, revision: Revision, elicitation: &str) -> Result<Question, Interrupt>;

    /// The answer in a result of the client.
    ///
    /// # Errors
    /// When it is not what was asked for.
    #[doc(hidden)]
    fn read(&self, result: Value) -> Result<Self::Answer, Interrupt>;
}

mod sealed {
    pub trait Sealed {}
}

/// What a handler gets for what the client answered.
///
/// # Errors
/// When that is no answer to the question.
pub(crate) fn answered<A: Ask>(ask: &A, answer: Answer) -> Result<A::Answer, Interrupt> {
    match answer {
        Answer::Result(json) => match serde_json::from_slice(&json) {
            Ok(result) => ask.read(result),
            Err(_) => Err(unreadable("it is no JSON")),
        },
        Answer::Error { code, message } => Err(InputError::Refused { code, message }.into()),
        Answer::TimedOut => Err(InputError::TimedOut.into()),
    }
}

fn unreadable(what: &str) -> Interrupt {
    InputError::Unreadable(what.to_owned()).into()
}

/// A question that no client can be asked, through a fault of the handler's.
#[derive(Debug)]
struct Unaskable(&'static str);

impl fmt::Display for Unaskable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the client cannot be asked: {}", self.0)
    }
}

impl Error for Unaskable {}

fn unaskable(why: &'static str) -> Interrupt {
    Interrupt::internal(Unaskable(why))
}

#[cfg(test)]
mod tests;
