//! A body read once: where the members are that the gates look at.

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::value::RawValue;

use crate::{
    jsonrpc::strict::{self, Document, Fault, Kind, Value, Visitor},
    method::Method,
};

/// A member of the body that a gate reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Member {
    JsonRpc,
    Id,
    Method,
    Params,
    Result,
    Error,
    // Of `params`:
    Name,
    Uri,
    Arguments,
    Cursor,
    Reference,
    Argument,
    Context,
    HandshakeVersion,
    Capabilities,
    Client,
    Level,
    RequestId,
    Meta,
    // Of `params._meta`:
    ProtocolVersion,
    ClientCapabilities,
    ClientInfo,
    LogLevel,
    ProgressToken,
    /// None of the above.
    Other,
}

const MEMBERS: usize = Member::Other as usize;

impl Member {
    // Chains of comparisons: the compiler makes less of a match on byte strings.

    fn of_message(key: &[u8]) -> Self {
        if key == b"jsonrpc" {
            Self::JsonRpc
        } else if key == b"id" {
            Self::Id
        } else if key == b"method" {
            Self::Method
        } else if key == b"params" {
            Self::Params
        } else if key == b"result" {
            Self::Result
        } else if key == b"error" {
            Self::Error
        } else {
            Self::Other
        }
    }

    fn of_params(key: &[u8]) -> Self {
        if key == b"name" {
            Self::Name
        } else if key == b"arguments" {
            Self::Arguments
        } else if key == b"_meta" {
            Self::Meta
        } else if key == b"uri" {
            Self::Uri
        } else if key == b"cursor" {
            Self::Cursor
        } else if key == b"ref" {
            Self::Reference
        } else if key == b"argument" {
            Self::Argument
        } else if key == b"context" {
            Self::Context
        } else if key == b"protocolVersion" {
            Self::HandshakeVersion
        } else if key == b"capabilities" {
            Self::Capabilities
        } else if key == b"clientInfo" {
            Self::Client
        } else if key == b"level" {
            Self::Level
        } else if key == b"requestId" {
            Self::RequestId
        } else {
            Self::Other
        }
    }

    /// META-06: reserved keys other than these mean nothing here.
    fn of_meta(key: &[u8]) -> Self {
        let Some(key) = key.strip_prefix(b"io.modelcontextprotocol/") else {
            return if key == b"progressToken" { Self::ProgressToken } else { Self::Other };
        };
        if key == b"protocolVersion" {
            Self::ProtocolVersion
        } else if key == b"clientCapabilities" {
            Self::ClientCapabilities
        } else if key == b"clientInfo" {
            Self::ClientInfo
        } else if key == b"logLevel" {
            Self::LogLevel
        } else {
            Self::Other
        }
    }
}

/// A JSON body and the places of its members.
#[derive(Debug)]
pub(super) struct Message {
    body: Bytes,
    document: Document,
    members: [Option<Value>; MEMBERS],
}

/// Collects the places while the body is scanned.
struct Places {
    members: [Option<Value>; MEMBERS],
    /// The member that is open at each depth; depth 0 is not used.
    open: [Member; 4],
}

impl Visitor for Places {
    fn enter(&mut self, depth: u32, key: &[u8]) -> bool {
        let (member, watch) = match depth {
            1 => {
                let member = Member::of_message(key);
                (member, member == Member::Params)
            }
            2 => {
                let member = Member::of_params(key);
                (member, member == Member::Meta)
            }
            _ => (Member::of_meta(key), false),
        };
        if let Some(open) = self.open.get_mut(depth as usize) {
            *open = member;
        }
        watch
    }

    fn leave(&mut self, depth: u32, value: Value) {
        let member = self.open.get(depth as usize).copied().unwrap_or(Member::Other);
        if let Some(place) = self.members.get_mut(member as usize) {
            *place = Some(value);
        }
    }
}

impl Message {
    /// Reads the whole body strictly.
    pub(super) fn read(body: Bytes) -> Result<Self, Fault> {
        let mut places = Places { members: [None; MEMBERS], open: [Member::Other; 4] };
        let document = strict::read(&body, &mut places)?;
        Ok(Self { body, document, members: places.members })
    }

    pub(super) fn root(&self) -> Kind {
        self.document.root.kind
    }

    /// The elements of an array, unless there are more than this. Those of a large body are copied, so that
    /// one that waits for its turn holds on to no more than itself.
    pub(super) fn elements(&self, most: usize) -> Option<Vec<Bytes>> {
        // The text has been read strictly, so it parses.
        let elements: Vec<&RawValue> = serde_json::from_slice(&self.body).unwrap_or_default();
        if elements.len() > most {
            return None;
        }
        let own = |element: &RawValue| {
            let text = element.get().as_bytes();
            if self.body.len() <= SHARED_BODY_BYTES_MAX {
                self.body.slice_ref(text)
            } else {
                Bytes::copy_from_slice(text)
            }
        };
        Some(elements.into_iter().map(own).collect())
    }

    /// What a request of this method names: a tool, a prompt or a resource.
    pub(super) fn named(&self, method: Method) -> Option<Cow<'_, str>> {
        match method {
            Method::ToolsCall | Method::PromptsGet => self.text(Member::Name),
            Method::ResourcesRead | Method::Subscribe | Method::Unsubscribe => self.text(Member::Uri),
            Method::Initialize
            | Method::Ping
            | Method::SetLevel
            | Method::Discover
            | Method::ToolsList
            | Method::ResourcesList
            | Method::ResourceTemplatesList
            | Method::PromptsList
            | Method::Complete => None,
        }
    }

    /// How many values there are.
    pub(super) fn values(&self) -> u32 {
        self.document.values
    }

    pub(super) fn has_duplicate(&self) -> bool {
        self.document.duplicate.is_some()
    }

    /// Whether a member of the message itself stands twice: then not even the id is one.
    pub(super) fn has_duplicate_of_its_own(&self) -> bool {
        self.document.duplicate.is_some_and(|duplicate| duplicate.depth == 1)
    }

    pub(super) fn kind(&self, member: Member) -> Option<Kind> {
        self.value(member).map(|value| value.kind)
    }

    pub(super) fn has(&self, member: Member) -> bool {
        self.value(member).is_some()
    }

    fn value(&self, member: Member) -> Option<Value> {
        self.members.get(member as usize).copied().flatten()
    }

    /// The JSON text of a member.
    pub(super) fn json(&self, member: Member) -> Option<&[u8]> {
        self.value(member).map(|value| value.span.of(&self.body))
    }

    /// The text of a member that is a string.
    pub(super) fn text(&self, member: Member) -> Option<Cow<'_, str>> {
        strict::unescape(&self.body, self.value(member)?)
    }

    /// The text of a member that is a string, in UTF-8. The body has been read as UTF-8 once, which
    /// need not be found out again where the text is only compared.
    pub(super) fn bytes(&self, member: Member) -> Option<Cow<'_, [u8]>> {
        let value = self.value(member)?;
        if value.kind == Kind::String {
            let quoted = value.span.of(&self.body);
            return quoted.strip_prefix(b"\"")?.strip_suffix(b"\"").map(Cow::Borrowed);
        }
        strict::unescape(&self.body, value).map(|text| text.into_owned().into_bytes().into())
    }

    /// The JSON text of a member, sharing the body's memory.
    pub(super) fn shared(&self, member: Member) -> Option<Bytes> {
        let span = self.value(member)?.span;
        Some(self.body.slice(span.start as usize..span.end as usize))
    }

    /// The JSON text of a member for something that may outlive the request's first steps: shared
    /// with a small body, copied out of a large one, so that a suspended call holds on to little.
    pub(super) fn kept(&self, member: Member) -> Option<Bytes> {
        if self.body.len() <= SHARED_BODY_BYTES_MAX {
            self.shared(member)
        } else {
            self.json(member).map(Bytes::copy_from_slice)
        }
    }
}

/// A body up to this size may be kept alive by a slice of it.
const SHARED_BODY_BYTES_MAX: usize = 4096;
