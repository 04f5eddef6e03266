//! Why a handler got no answer.

use std::{error::Error, fmt};

use mcp_proto::{Revision, session::AskFault};
use serde_json::Value;

/// Why the client did not answer what a handler asked. With `?` it ends the handler: the model is told what
/// [`Display`](fmt::Display) says if the handler is a tool; for other handlers that text goes to the log. A
/// handler that can do without the answer finds it with [`Interrupt::input_error`](crate::Interrupt::input_error).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InputError {
    /// The request belongs to no session, so that there is no way back to its client.
    NoSession,
    /// The client did not declare that it can be asked this, or its revision does not have it. The value is
    /// shaped like client capabilities, such as `{"sampling": {}}`.
    NotDeclared(Value),
    /// The client's revision has this kind of question, but no words for this one.
    NotInRevision(Revision),
    /// The client takes no event stream for this call, so that there is no way to it.
    NoStream,
    /// As many questions as there may be in a session are unanswered.
    TooMany,
    /// The client took too long.
    TimedOut,
    /// The client answered with an error.
    Refused {
        /// The JSON-RPC code, see [`InputError::REJECTED`].
        code: i64,
        /// What the client says. Whoever reads it should know that the client wrote it.
        message: Box<str>,
    },
    /// The client's answer is not what was asked for. What is wrong, without what the person entered.
    Unreadable(String),
    /// The call or its session is over; only a task that outlives its handler sees this.
    Over,
}

impl InputError {
    /// The code of a client whose user did not let a question pass (SAM-06). It is a convention of sampling:
    /// an elicitation that a person declines is an answer, [`Elicited::Declined`](crate::Elicited::Declined).
    pub const REJECTED: i64 = -1;

    /// The code of the error that the client answered with.
    #[must_use]
    pub fn code(&self) -> Option<i64> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            Self::NoSession
            | Self::NotDeclared(_)
            | Self::NotInRevision(_)
            | Self::NoStream
            | Self::TooMany
            | Self::TimedOut
            | Self::Unreadable(_)
            | Self::Over => None,
        }
    }

    /// Whether the client's user did not let the question pass.
    #[must_use]
    pub fn is_rejected(&self) -> bool {
        self.code() == Some(Self::REJECTED)
    }

    /// Whether the client took too long.
    #[must_use]
    pub fn is_timed_out(&self) -> bool {
        *self == Self::TimedOut
    }

    /// Whether this client can never be asked this in this call: what can do without the answer should.
    #[must_use]
    pub fn is_unsupported(&self) -> bool {
        match self {
            Self::NoSession | Self::NotDeclared(_) | Self::NotInRevision(_) | Self::NoStream => true,
            Self::TooMany | Self::TimedOut | Self::Refused { .. } | Self::Unreadable(_) | Self::Over => false,
        }
    }
}

impl From<AskFault> for InputError {
    fn from(fault: AskFault) -> Self {
        match fault {
            AskFault::NotDeclared(capabilities) => Self::NotDeclared(capabilities),
            AskFault::TooMany => Self::TooMany,
            AskFault::NoStream => Self::NoStream,
            AskFault::Over => Self::Over,
        }
    }
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSession => f.write_str("The client cannot be asked anything: the call is in no session"),
            Self::NotDeclared(capabilities) => {
                write!(f, "The client cannot be asked: it did not declare the capabilities {capabilities}")
            }
            Self::NotInRevision(revision) => {
                write!(f, "The client cannot be asked this: revision {} does not have it", revision.as_str())
            }
            Self::NoStream => f.write_str("The client cannot be asked: it takes no event stream"),
            Self::TooMany => f.write_str("The client cannot be asked: too many questions are unanswered"),
            Self::TimedOut => f.write_str("The client did not answer in time"),
            Self::Refused { code: Self::REJECTED, message } => {
                write!(f, "The user rejected the request: {message}")
            }
            Self::Refused { code, message } => write!(f, "The client answered with error {code}: {message}"),
            Self::Unreadable(what) => write!(f, "The client's answer cannot be used: {what}"),
            Self::Over => f.write_str("The call is over"),
        }
    }
}

impl Error for InputError {}
