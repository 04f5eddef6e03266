//! The header fields that mirror the body, kept from the head until the body is there (HTTP-36).

use http::HeaderValue;

use crate::{
    head::{Field, Fields, Name, ParamFields},
    jsonrpc::AnswerId,
    method::Method,
    mirror,
    revision::{self, Revision},
};

/// `MCP-Protocol-Version`, `Mcp-Method`, `Mcp-Name` and `Mcp-Param-*` as they were sent.
#[derive(Debug)]
#[cfg_attr(feature = "enumerate", derive(Clone))]
pub(super) struct Mirrored {
    pub(super) version: VersionField,
    method: MethodField,
    name: NameField,
    pub(super) params: Option<ParamFields>,
}

/// `MCP-Protocol-Version`.
#[derive(Debug)]
#[cfg_attr(feature = "enumerate", derive(Clone))]
pub(super) enum VersionField {
    Absent,
    Known(Revision),
    Other(Box<[u8]>),
    Repeated,
}

#[derive(Debug)]
#[cfg_attr(feature = "enumerate", derive(Clone))]
enum MethodField {
    Absent,
    Known(Method),
    Other(Box<[u8]>),
    Repeated,
}

#[derive(Debug)]
#[cfg_attr(feature = "enumerate", derive(Clone))]
enum NameField {
    Absent,
    One(HeaderValue),
    Repeated,
}

/// A mirrored field held against the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Absent,
    Equal,
    Different,
}

impl Comparison {
    const fn of(equal: bool) -> Self {
        if equal { Self::Equal } else { Self::Different }
    }
}

impl Mirrored {
    pub(super) fn read(fields: &impl Fields) -> Self {
        Self {
            version: VersionField::read(fields.field(Name::ProtocolVersion)),
            method: match fields.field(Name::McpMethod) {
                Field::Absent => MethodField::Absent,
                Field::One(value) => {
                    let value = trimmed(value.as_bytes());
                    Method::from_name(value)
                        .map_or_else(|| MethodField::Other(value.into()), MethodField::Known)
                }
                Field::Repeated => MethodField::Repeated,
            },
            name: match fields.field(Name::McpName) {
                Field::Absent => NameField::Absent,
                Field::One(value) => NameField::One(value.clone()),
                Field::Repeated => NameField::Repeated,
            },
            params: fields.params(),
        }
    }

    /// Holds `Mcp-Method` against the body's method (HDR-02).
    pub(super) fn compare_method(&self, method: &[u8]) -> Comparison {
        match &self.method {
            MethodField::Absent => Comparison::Absent,
            MethodField::Known(known) => Comparison::of(known.as_str().as_bytes() == method),
            MethodField::Other(value) => Comparison::of(**value == *method),
            MethodField::Repeated => Comparison::Different,
        }
    }

    /// Holds `Mcp-Name` against the body's name or URI (HDR-03, HDR-07).
    pub(super) fn compare_name(&self, name: &str) -> Comparison {
        match &self.name {
            NameField::Absent => Comparison::Absent,
            NameField::One(value) => Comparison::of(mirror::name_matches(value.as_bytes(), name)),
            NameField::Repeated => Comparison::Different,
        }
    }
}

impl VersionField {
    pub(super) fn read(field: Field<'_>) -> Self {
        match field {
            Field::Absent => Self::Absent,
            Field::One(value) => {
                let value = trimmed(value.as_bytes());
                Revision::from_name(value).map_or_else(|| Self::Other(value.into()), Self::Known)
            }
            Field::Repeated => Self::Repeated,
        }
    }

    /// Holds the field against the version in the body's metadata (HDR-01).
    pub(super) fn compare(&self, version: &[u8]) -> Comparison {
        match self {
            Self::Absent => Comparison::Absent,
            Self::Known(revision) => Comparison::of(revision.as_str().as_bytes() == version),
            Self::Other(value) => Comparison::of(**value == *version),
            Self::Repeated => Comparison::Different,
        }
    }

    /// Whether it was sent more than once, so that two readers may see two versions (DT-64).
    pub(super) fn is_repeated(&self) -> bool {
        matches!(self, Self::Repeated)
    }

    /// Whether the field announces a request that carries its own metadata.
    pub(super) fn is_modern(&self) -> bool {
        match self {
            Self::Absent | Self::Repeated => false,
            Self::Known(revision) => revision.is_modern(),
            Self::Other(value) => revision::is_later_date(value),
        }
    }

    /// The older revision that a message without metadata of its own is of (DT-56, DT-57, HTTP-35).
    pub(super) fn legacy(&self) -> Option<Revision> {
        match self {
            Self::Absent => Some(Revision::V2025_03_26),
            Self::Known(revision) => Some(*revision).filter(|revision| !revision.is_modern()),
            Self::Other(_) | Self::Repeated => None,
        }
    }

    /// What the field names, for a refusal that repeats it.
    pub(super) fn named(&self) -> Option<&str> {
        match self {
            Self::Absent | Self::Repeated => None,
            Self::Known(revision) => Some(revision.as_str()),
            Self::Other(value) => std::str::from_utf8(value).ok(),
        }
    }

    /// The `id` of an answer to a message whose own cannot be read (AMB-01): clients of
    /// 2025-11-25 and later expect the member to be missing, older ones `null`.
    pub(super) fn unreadable_id(&self) -> AnswerId {
        match self {
            Self::Known(Revision::V2025_11_25 | Revision::V2026_07_28) => AnswerId::Omitted,
            Self::Other(value) if revision::is_later_date(value) => AnswerId::Omitted,
            Self::Absent | Self::Known(_) | Self::Other(_) | Self::Repeated => AnswerId::Null,
        }
    }
}

/// Without the optional white space around a field value (HDR-06).
fn trimmed(value: &[u8]) -> &[u8] {
    value.trim_ascii()
}
