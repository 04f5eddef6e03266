//! The requests that this engine answers.

/// A client request of revision 2026-07-28.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
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
    /// `prompts/list`
    PromptsList,
    /// `prompts/get`
    PromptsGet,
    /// `completion/complete`
    Complete,
}

impl Method {
    /// Every method, in the order of the specification's pages.
    pub const ALL: [Self; 9] = [
        Self::Discover,
        Self::ToolsList,
        Self::ToolsCall,
        Self::ResourcesList,
        Self::ResourceTemplatesList,
        Self::ResourcesRead,
        Self::PromptsList,
        Self::PromptsGet,
        Self::Complete,
    ];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Discover => "server/discover",
            Self::ToolsList => "tools/list",
            Self::ToolsCall => "tools/call",
            Self::ResourcesList => "resources/list",
            Self::ResourceTemplatesList => "resources/templates/list",
            Self::ResourcesRead => "resources/read",
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
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Method;

    #[test]
    fn each_name_reads_back() {
        for method in Method::ALL {
            assert_eq!(Method::from_name(method.as_str().as_bytes()), Some(method));
        }
    }

    #[test]
    fn removed_and_foreign_names_are_unknown() {
        for name in ["initialize", "ping", "Tools/Call", "tools/call ", "", "subscriptions/listen"] {
            assert_eq!(Method::from_name(name.as_bytes()), None, "{name}");
        }
    }
}
