//! The requests that this engine answers.

use crate::revision::Revision;

/// A client request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// `initialize`
    Initialize,
    /// `ping`
    Ping,
    /// `logging/setLevel`
    SetLevel,
    /// `server/discover`
    Discover,
    /// `tools/list`
    ToolsList,
    /// `tools/call`
    ToolsCall,
    /// `resources/list`
    ResourcesList,
    /// `resources/templates/list`
    ResourceTemplatesList,
    /// `resources/read`
    ResourcesRead,
    /// `resources/subscribe`
    Subscribe,
    /// `resources/unsubscribe`
    Unsubscribe,
    /// `prompts/list`
    PromptsList,
    /// `prompts/get`
    PromptsGet,
    /// `completion/complete`
    Complete,
}

impl Method {
    /// Every method, in the order of the specification's pages.
    pub const ALL: [Self; 14] = [
        Self::Initialize,
        Self::Ping,
        Self::SetLevel,
        Self::Discover,
        Self::ToolsList,
        Self::ToolsCall,
        Self::ResourcesList,
        Self::ResourceTemplatesList,
        Self::ResourcesRead,
        Self::Subscribe,
        Self::Unsubscribe,
        Self::PromptsList,
        Self::PromptsGet,
        Self::Complete,
    ];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Initialize => "initialize",
            Self::Ping => "ping",
            Self::SetLevel => "logging/setLevel",
            Self::Discover => "server/discover",
            Self::ToolsList => "tools/list",
            Self::ToolsCall => "tools/call",
            Self::ResourcesList => "resources/list",
            Self::ResourceTemplatesList => "resources/templates/list",
            Self::ResourcesRead => "resources/read",
            Self::Subscribe => "resources/subscribe",
            Self::Unsubscribe => "resources/unsubscribe",
            Self::PromptsList => "prompts/list",
            Self::PromptsGet => "prompts/get",
            Self::Complete => "completion/complete",
        }
    }

    /// Reads a name exactly as it is written on the wire; the case matters (HDR-05).
    #[must_use]
    pub fn from_name(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"tools/call" => Self::ToolsCall,
            b"tools/list" => Self::ToolsList,
            b"server/discover" => Self::Discover,
            b"resources/list" => Self::ResourcesList,
            b"resources/templates/list" => Self::ResourceTemplatesList,
            b"resources/read" => Self::ResourcesRead,
            b"prompts/list" => Self::PromptsList,
            b"prompts/get" => Self::PromptsGet,
            b"completion/complete" => Self::Complete,
            b"initialize" => Self::Initialize,
            b"ping" => Self::Ping,
            b"logging/setLevel" => Self::SetLevel,
            b"resources/subscribe" => Self::Subscribe,
            b"resources/unsubscribe" => Self::Unsubscribe,
            _ => return None,
        })
    }

    /// Whether requests of this revision may name it: the handshake and what leaned on it ended with
    /// 2026-07-28, which has `server/discover` in its place (VER-10, DT-61).
    #[must_use]
    pub const fn is_of(self, revision: Revision) -> bool {
        match self {
            Self::Initialize | Self::Ping | Self::SetLevel | Self::Subscribe | Self::Unsubscribe => {
                !revision.is_modern()
            }
            Self::Discover => revision.is_modern(),
            Self::ToolsList
            | Self::ToolsCall
            | Self::ResourcesList
            | Self::ResourceTemplatesList
            | Self::ResourcesRead
            | Self::PromptsList
            | Self::PromptsGet
            | Self::Complete => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Method, Revision};

    #[test]
    fn each_name_reads_back() {
        for method in Method::ALL {
            assert_eq!(Method::from_name(method.as_str().as_bytes()), Some(method));
        }
    }

    #[test]
    fn each_era_has_methods_that_the_other_does_not_know() {
        for method in Method::ALL {
            let of = Revision::ALL.map(|revision| method.is_of(revision));
            let expected = match method.as_str() {
                "initialize"
                | "ping"
                | "logging/setLevel"
                | "resources/subscribe"
                | "resources/unsubscribe" => [true, true, true, true, false],
                "server/discover" => [false, false, false, false, true],
                _ => [true; 5],
            };
            assert_eq!(of, expected, "{}", method.as_str());
        }
    }

    #[test]
    fn foreign_names_are_unknown() {
        for name in ["Initialize", "Tools/Call", "tools/call ", "", "subscriptions/listen"] {
            assert_eq!(Method::from_name(name.as_bytes()), None, "{name}");
        }
    }
}
