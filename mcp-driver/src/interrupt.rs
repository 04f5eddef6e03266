//! How a handler ends without a result.

use std::{error::Error, fmt};

use mcp_proto::{Outcome, ToolResult};
use serde_json::Value;

use crate::input::InputError;

/// Why a handler ended without a result.
///
/// Any error turns into one with `?`. The client is then told only that the handler failed; what
/// the error says goes to the log. To tell the model what went wrong, use [`Interrupt::tool`].
pub struct Interrupt(Kind);

enum Kind {
    Tool(String),
    Hidden(Box<dyn Error + Send + Sync>),
    Internal(Box<dyn Error + Send + Sync>),
    InvalidArguments(String),
    MissingScope(Box<str>),
    MissingClientCapability(Value),
    NotFound,
    Input(InputError),
}

impl Interrupt {
    /// The tool failed, and the model is told this (ERR-24). In a prompt, resource or completion
    /// it is an internal error, and the text goes to the log.
    pub fn tool(message: impl Into<String>) -> Self {
        Self(Kind::Tool(message.into()))
    }

    /// The tool's arguments are not good, and the model is told why (ERR-23).
    pub fn invalid_arguments(message: impl Into<String>) -> Self {
        Self(Kind::InvalidArguments(message.into()))
    }

    /// The call needs a scope that the caller does not have: HTTP 403 while nothing has been
    /// sent, an error in the stream after that (TOK-07).
    pub fn missing_scope(scope: impl Into<Box<str>>) -> Self {
        Self(Kind::MissingScope(scope.into()))
    }

    /// The call needs client capabilities that the request does not declare, such as
    /// `json!({"sampling": {}})` (META-11).
    #[must_use]
    pub fn missing_client_capability(capabilities: Value) -> Self {
        Self(Kind::MissingClientCapability(capabilities))
    }

    /// The resource that a template stands for does not exist (RSRC-05).
    #[must_use]
    pub fn not_found() -> Self {
        Self(Kind::NotFound)
    }

    /// The server itself is wrong, whatever the handler: an internal error also of a tool (DT-88).
    pub(crate) fn internal(error: impl Error + Send + Sync + 'static) -> Self {
        Self(Kind::Internal(Box::new(error)))
    }

    /// Why the client did not answer what the handler asked, if that is what this is about.
    #[must_use]
    pub fn input_error(&self) -> Option<&InputError> {
        match &self.0 {
            Kind::Input(error) => Some(error),
            Kind::Tool(_)
            | Kind::Hidden(_)
            | Kind::Internal(_)
            | Kind::InvalidArguments(_)
            | Kind::MissingScope(_)
            | Kind::MissingClientCapability(_)
            | Kind::NotFound => None,
        }
    }

    /// What the core is told. `uri` is the resource that was asked for, if any.
    pub(crate) fn into_outcome(self, what: &'static str, uri: Option<&str>) -> Outcome {
        match self.0 {
            Kind::Tool(message) if what == "tool" => Outcome::Tool(ToolResult::error(message)),
            Kind::Tool(message) => {
                tracing::error!(what, error = ?message, "handler failed");
                Outcome::Failed
            }
            Kind::Hidden(error) => {
                // Quoted: an error may repeat what a caller sent, line breaks included.
                tracing::error!(what, error = ?error.to_string(), "handler failed");
                Outcome::Failed
            }
            Kind::Internal(error) => {
                tracing::error!(what, error = ?error.to_string(), "handler could not be run");
                Outcome::Internal
            }
            Kind::InvalidArguments(message) => Outcome::InvalidArguments(message),
            Kind::MissingScope(scope) => Outcome::MissingScope(vec![scope]),
            Kind::MissingClientCapability(capabilities) => {
                Outcome::MissingClientCapability(capabilities.to_string().into())
            }
            Kind::NotFound => uri.map_or(Outcome::Failed, |uri| Outcome::UnknownResource(uri.into())),
            Kind::Input(InputError::NotDeclared(capabilities)) => {
                Outcome::MissingClientCapability(capabilities.to_string().into())
            }
            Kind::Input(error) => Self::tool(error.to_string()).into_outcome(what, uri),
        }
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for Interrupt {
    fn from(error: E) -> Self {
        let error: Box<dyn Error + Send + Sync> = Box::new(error);
        Self(match error.downcast() {
            // What it says is meant for the model.
            Ok(input) => Kind::Input(*input),
            Err(other) => Kind::Hidden(other),
        })
    }
}

impl fmt::Debug for Interrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Tool(_) => "Tool(..)",
            Kind::Hidden(_) => "Hidden(..)",
            Kind::Internal(_) => "Internal(..)",
            Kind::InvalidArguments(_) => "InvalidArguments(..)",
            Kind::MissingScope(_) => "MissingScope(..)",
            Kind::MissingClientCapability(_) => "MissingClientCapability(..)",
            Kind::NotFound => "NotFound",
            Kind::Input(_) => "Input(..)",
        })
    }
}
