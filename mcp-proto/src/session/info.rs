//! What a handshake fixed.

use serde_json::Value;

use super::owner::Owner;
use crate::revision::Revision;

/// What holds for all requests of a session: whose it is, and what client and server agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionInfo {
    pub(crate) owner: Owner,
    pub(crate) revision: Revision,
    /// JSON text of `capabilities` and `clientInfo`, each an object; empty before a handshake.
    pub(crate) capabilities: Box<str>,
    pub(crate) client: Box<str>,
}

impl SessionInfo {
    /// Of a stream of 2024-11-05 on which the client has said nothing yet.
    pub(crate) fn before_handshake(owner: Owner) -> Self {
        Self { owner, revision: Revision::V2024_11_05, capabilities: "".into(), client: "".into() }
    }

    /// Whether the client has said nothing yet.
    pub(crate) fn is_before_handshake(&self) -> bool {
        self.capabilities.is_empty()
    }

    /// Whose it is.
    #[must_use]
    pub fn owner(&self) -> &Owner {
        &self.owner
    }

    /// The revision that was agreed on.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// What the client can do, as it says. `null` before a handshake.
    #[must_use]
    pub fn capabilities(&self) -> Value {
        // The text was read strictly with the handshake.
        serde_json::from_str(&self.capabilities).unwrap_or_default()
    }

    /// The client's name and version, as it says. `null` before a handshake.
    #[must_use]
    pub fn client(&self) -> Value {
        serde_json::from_str(&self.client).unwrap_or_default()
    }

    /// Whether the client declared the capability at this path, such as `["elicitation", "url"]`.
    #[must_use]
    pub fn declares(&self, path: &[&str]) -> bool {
        let capabilities = self.capabilities();
        path.iter().try_fold(&capabilities, |value, key| value.get(key)).is_some_and(Value::is_object)
    }
}
