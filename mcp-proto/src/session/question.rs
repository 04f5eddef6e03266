//! What a server asks a client in the middle of a call.

use bytes::Bytes;
use serde_json::Value;

use crate::revision::Revision;

/// A request to the client.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// What is asked.
    pub method: QuestionMethod,
    /// The parameters, an object.
    pub params: Value,
}

/// What can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QuestionMethod {
    /// `elicitation/create`: the user.
    Elicit(ElicitMode),
    /// `sampling/createMessage`: the client's model.
    Sample {
        /// With tools, which the client has to declare too (SAM-01).
        tools: bool,
    },
    /// `roots/list`: where the client works.
    ListRoots,
}

/// How a user is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ElicitMode {
    /// With a form in the client.
    Form,
    /// On a web page.
    Url,
}

/// What a client answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// JSON text of the result.
    Result(Bytes),
    /// It cannot or will not.
    Error {
        /// The JSON-RPC code; -1 where the user rejected it (SAM-06).
        code: i64,
        /// What the client says, cut to [`ERROR_MESSAGE_BYTES_MAX`].
        message: Box<str>,
    },
    /// It took too long.
    TimedOut,
}

/// The longest message of a client's error that is kept.
pub const ERROR_MESSAGE_BYTES_MAX: usize = 1 << 10;

/// Why a client cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AskFault {
    /// It did not declare this capability, or its revision does not have it: shaped like client capabilities.
    NotDeclared(Value),
    /// As many questions as there may be are unanswered.
    TooMany,
    /// It takes no event stream for this call, so there is no way to it.
    NoStream,
    /// The call or its session is over.
    Over,
}

impl QuestionMethod {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Elicit(_) => "elicitation/create",
            Self::Sample { .. } => "sampling/createMessage",
            Self::ListRoots => "roots/list",
        }
    }

    /// The path of the capability that a client declares who can be asked this.
    #[must_use]
    pub const fn needs(self) -> &'static [&'static str] {
        match self {
            Self::Elicit(ElicitMode::Form) => &["elicitation"],
            Self::Elicit(ElicitMode::Url) => &["elicitation", "url"],
            Self::Sample { tools: false } => &["sampling"],
            Self::Sample { tools: true } => &["sampling", "tools"],
            Self::ListRoots => &["roots"],
        }
    }

    /// The first revision that has it (requirements 1.2).
    #[must_use]
    pub const fn since(self) -> Revision {
        match self {
            Self::Elicit(ElicitMode::Form) => Revision::V2025_06_18,
            Self::Elicit(ElicitMode::Url) | Self::Sample { tools: true } => Revision::V2025_11_25,
            Self::Sample { tools: false } | Self::ListRoots => Revision::V2024_11_05,
        }
    }
}
