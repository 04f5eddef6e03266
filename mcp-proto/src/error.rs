//! What a builder got wrong.

use std::fmt;

use crate::{
    jws::{TokenRulesError, dpop::DpopRulesError},
    mirror::ParamHeaderError,
    uri_template::TemplateError,
};

/// Why a configuration or catalog cannot be served. Found when it is built, never later.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// The endpoint path does not begin with `/`, or is a path that has another meaning.
    EndpointPath(String),
    /// The issuer is no `https` URL (or `http` on loopback) without query and fragment.
    Issuer(String),
    /// The audience is empty.
    Audience,
    /// The resource identifier is no `https` URL (or `http` on loopback) without fragment
    /// (RFC9728-03). Where the audience is no such URL, name the resource beside it.
    Resource(String),
    /// The leeway is longer than the most that is allowed, in seconds.
    Leeway {
        /// What was asked for.
        seconds: u64,
        /// The most that is allowed.
        max: u64,
    },
    /// No signature algorithm is accepted.
    Algorithms,
    /// The rules for the tokens of this issuer, and what is wrong with them.
    Tokens(String, TokenRulesError),
    /// The rules for proofs of possession.
    Dpop(DpopRulesError),
    /// The scheme of challenges is no token (RFC 9110 section 11.1).
    ChallengeScheme(String),
    /// No scope token (RFC 6749 section 3.3).
    Scope(String),
    /// Something needs these scopes on a server without authentication, where nobody could have them.
    ScopesForNobody(String),
    /// `offline_access` concerns the issuer and is never a scope of a resource (AUTH-25).
    OfflineAccess,
    /// An entry of the Host allow-list cannot be read, and why.
    AllowedHost(String),
    /// An entry of the Origin allow-list cannot be read, and why.
    AllowedOrigin(String),
    /// A tool name is not 1 to 128 of `A-Z a-z 0-9 _ - .` (TOOL-06).
    ToolName(String),
    /// A prompt has no name.
    PromptName,
    /// A resource URI has no scheme (RSRC-10).
    ResourceUri(String),
    /// Two tools, prompts, resources, templates or completions have the same name.
    Duplicate(String),
    /// A tool's input schema is not an object with `"type": "object"` (TOOL-05).
    InputSchema(String),
    /// A tool's output schema is not an object.
    OutputSchema(String),
    /// An `x-mcp-header` annotation that clients would have to refuse (MPH-07).
    ParamHeader(String, ParamHeaderError),
    /// A URI template that cannot be matched.
    UriTemplate(String, TemplateError),
    /// A completion refers to a prompt or template that is not in the catalog.
    CompletionTarget(String),
    /// A page of a list must have room for at least one item.
    PageItems,
    /// More items of one kind than can be numbered.
    TooMany,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EndpointPath(path) => {
                write!(f, "endpoint path {path:?} must begin with '/' and not be a well-known or probe path")
            }
            Self::Issuer(url) => {
                write!(f, "issuer {url:?} must be an https URL (http on loopback) without query and fragment")
            }
            Self::Audience => f.write_str("the audience must not be empty"),
            Self::Resource(url) => {
                write!(f, "resource {url:?} must be an https URL (http on loopback) without fragment")
            }
            Self::Leeway { seconds, max } => {
                write!(f, "a leeway of {seconds} s is more than the {max} s allowed")
            }
            Self::Algorithms => f.write_str("at least one signature algorithm must be accepted"),
            Self::Tokens(issuer, error) => write!(f, "issuer {issuer:?}: {error}"),
            Self::Dpop(error) => write!(f, "DPoP: {error}"),
            Self::ChallengeScheme(name) => write!(f, "challenge scheme {name:?} must be one token"),
            Self::ScopesForNobody(scopes) => {
                write!(
                    f,
                    "nobody can have {scopes:?} on a server without authentication: name an issuer, or take the scopes away"
                )
            }
            Self::Scope(scope) => write!(f, "{scope:?} is no scope token (RFC 6749 section 3.3)"),
            Self::OfflineAccess => f.write_str("offline_access is no scope of a resource"),
            Self::AllowedHost(why) => write!(f, "allowed host: {why}"),
            Self::AllowedOrigin(why) => {
                write!(f, "allowed origin: {why}; it has to be scheme://host or scheme://host:port")
            }
            Self::ToolName(name) => {
                write!(f, "tool name {name:?} must be 1 to 128 of A-Z a-z 0-9 _ - .")
            }
            Self::PromptName => f.write_str("a prompt needs a name"),
            Self::ResourceUri(uri) => write!(f, "resource URI {uri:?} has no scheme"),
            Self::Duplicate(name) => write!(f, "{name:?} is in the catalog twice"),
            Self::InputSchema(tool) => {
                write!(f, "the input schema of {tool:?} must be an object with \"type\": \"object\"")
            }
            Self::OutputSchema(tool) => {
                write!(f, "the output schema of {tool:?} must be an object")
            }
            Self::ParamHeader(tool, error) => write!(f, "x-mcp-header of tool {tool:?}: {error}"),
            Self::UriTemplate(template, error) => write!(f, "URI template {template:?}: {error}"),
            Self::CompletionTarget(name) => {
                write!(f, "a completion refers to {name:?}, which is not in the catalog")
            }
            Self::PageItems => f.write_str("a page must have room for at least one item"),
            Self::TooMany => f.write_str("too many items of one kind"),
        }
    }
}

impl std::error::Error for BuildError {}
