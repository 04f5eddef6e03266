//! What a server tells sessions that is about no call.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::exchange::LogLevel;

/// Something that clients may want to know.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// The list of tools is another.
    ToolsChanged,
    /// The list of prompts is another.
    PromptsChanged,
    /// The list of resources or templates is another.
    ResourcesChanged,
    /// The resource of this URI is another; told to sessions that subscribed to it (SUB-17, SUB-18).
    ResourceUpdated(Box<str>),
    /// A log message. No secrets (LOGG-06).
    Log {
        /// How serious it is.
        level: LogLevel,
        /// Where it comes from.
        logger: Option<String>,
        /// What it says.
        data: Value,
    },
}

/// Of changes with one key, one waits: the client asks for the newest state anyway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Key {
    Tools,
    Prompts,
    Resources,
    Resource(Box<str>),
}

/// A change as sessions are told of it: written once for all of them.
#[derive(Debug, Clone)]
pub struct Notice {
    pub(super) key: Option<Key>,
    /// Of a log message.
    pub(super) level: Option<LogLevel>,
    pub(super) message: Bytes,
}

impl From<&Change> for Notice {
    fn from(change: &Change) -> Self {
        let level = match change {
            Change::Log { level, .. } => Some(*level),
            Change::ToolsChanged
            | Change::PromptsChanged
            | Change::ResourcesChanged
            | Change::ResourceUpdated(_) => None,
        };
        Self { key: change.key(), level, message: change.message().to_string().into_bytes().into() }
    }
}

impl Change {
    /// What it is one of; `None`: each counts.
    fn key(&self) -> Option<Key> {
        match self {
            Self::ToolsChanged => Some(Key::Tools),
            Self::PromptsChanged => Some(Key::Prompts),
            Self::ResourcesChanged => Some(Key::Resources),
            Self::ResourceUpdated(uri) => Some(Key::Resource(uri.clone())),
            Self::Log { .. } => None,
        }
    }

    /// The message.
    fn message(&self) -> Value {
        match self {
            Self::ToolsChanged => notification("notifications/tools/list_changed", None),
            Self::PromptsChanged => notification("notifications/prompts/list_changed", None),
            Self::ResourcesChanged => notification("notifications/resources/list_changed", None),
            Self::ResourceUpdated(uri) => {
                notification("notifications/resources/updated", Some(json!({"uri": uri})))
            }
            Self::Log { level, logger, data } => {
                let mut params = json!({"level": level.as_str(), "data": data});
                if let Some(logger) = logger {
                    params["logger"] = json!(logger);
                }
                notification("notifications/message", Some(params))
            }
        }
    }
}

pub(crate) fn notification(method: &str, params: Option<Value>) -> Value {
    let mut message = json!({"jsonrpc": "2.0", "method": method});
    if let Some(params) = params {
        message["params"] = params;
    }
    message
}
