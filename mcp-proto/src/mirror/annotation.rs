//! `x-mcp-header` annotations in the schema of a tool's arguments (revision 2026-07-28,
//! "x-mcp-header").

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

/// The keyword of the annotation.
const KEYWORD: &str = "x-mcp-header";

/// The type of an argument that can be mirrored in a header (MPH-04).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParamKind {
    /// Text.
    String,
    /// A whole number within ±(2^53 − 1).
    Integer,
    /// `true` or `false`.
    Boolean,
}

/// An argument that clients mirror in a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParamHeader {
    /// What follows `Mcp-Param-` in the name of the header, in lower case.
    pub suffix: Box<str>,
    /// The names of the properties that lead to the argument.
    pub path: Box<[Box<str>]>,
    /// Its type.
    pub kind: ParamKind,
}

/// An annotation that clients would not understand; they drop the tool that has one (MPH-07).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParamHeaderError {
    /// Where in the schema: the JSON pointer (RFC 6901) of the annotated schema.
    pub pointer: String,
    /// What is wrong with it.
    pub fault: ParamHeaderFault,
}

/// What is wrong with an annotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParamHeaderFault {
    /// Not a non-empty token of RFC 9110.
    NotToken,
    /// Longer than [`SUFFIX_BYTES_MAX`].
    TooLong,
    /// Another property has the same header; letters are compared without regard to case (MPH-03).
    NotUnique,
    /// Not on a property that is reached from the root through `properties` only.
    NotReachable,
    /// The `type` of the property is not exactly one of `string`, `integer` and `boolean`.
    TypeNotAllowed,
}

/// How long what follows `Mcp-Param-` may be, in bytes.
pub const SUFFIX_BYTES_MAX: usize = 256;

impl fmt::Display for ParamHeaderError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fault = match self.fault {
            ParamHeaderFault::NotToken => "is not the name of a header",
            ParamHeaderFault::TooLong => "is too long",
            ParamHeaderFault::NotUnique => "is the header of another property already",
            ParamHeaderFault::NotReachable => {
                "is not on a property that is reached through `properties` only"
            }
            ParamHeaderFault::TypeNotAllowed => "is not on a property of type string, integer or boolean",
        };
        write!(formatter, "the {KEYWORD} at {:?} {fault}", self.pointer)
    }
}

impl std::error::Error for ParamHeaderError {}

/// The arguments that clients mirror in headers, of a tool with this schema, in the order of the
/// schema.
///
/// # Errors
/// The first annotation that the specification does not allow. One below a keyword that holds plain
/// data (`const`, `default`, `enum`, `examples`) is data and no annotation; below any other keyword
/// but `properties`, known or not, it is an error.
pub fn param_headers(input_schema: &Value) -> Result<Vec<ParamHeader>, ParamHeaderError> {
    let mut headers = Vec::new();
    let mut taken = BTreeSet::new();
    // Schemas that are still to be looked at, the next one last.
    let mut waiting = vec![Place {
        node: input_schema,
        holds: Holds::Schema,
        pointer: String::new(),
        path: Some(Vec::new()),
    }];
    while let Some(place) = waiting.pop() {
        if let Some(header) = place.header()? {
            if !taken.insert(header.suffix.clone()) {
                return Err(place.fail(ParamHeaderFault::NotUnique));
            }
            headers.push(header);
        }
        let first = waiting.len();
        place.push_inner(&mut waiting);
        waiting.get_mut(first..).unwrap_or_default().reverse();
    }
    Ok(headers)
}

/// A value within a schema.
struct Place<'s> {
    node: &'s Value,
    holds: Holds,
    pointer: String,
    /// The names that lead here when it took only `properties` (MPH-06, MPH-15).
    path: Option<Vec<Box<str>>>,
}

/// What the members of an object within a schema are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    /// Keywords.
    Schema,
    /// Names that the author chose, with a schema each.
    NamedSchemas,
}

impl<'s> Place<'s> {
    fn fail(&self, fault: ParamHeaderFault) -> ParamHeaderError {
        ParamHeaderError { pointer: self.pointer.clone(), fault }
    }

    /// The annotation of this schema itself.
    fn header(&self) -> Result<Option<ParamHeader>, ParamHeaderError> {
        let annotation = match self.holds {
            Holds::Schema => self.node.get(KEYWORD),
            Holds::NamedSchemas => None,
        };
        let Some(annotation) = annotation else {
            return Ok(None);
        };
        let path = self.path.as_ref().filter(|path| !path.is_empty());
        let path = path.ok_or_else(|| self.fail(ParamHeaderFault::NotReachable))?;
        let suffix = annotation.as_str().filter(|text| is_token(text));
        let suffix = suffix.ok_or_else(|| self.fail(ParamHeaderFault::NotToken))?;
        if suffix.len() > SUFFIX_BYTES_MAX {
            return Err(self.fail(ParamHeaderFault::TooLong));
        }
        let kind = match self.node.get("type").and_then(Value::as_str) {
            Some("string") => ParamKind::String,
            Some("integer") => ParamKind::Integer,
            Some("boolean") => ParamKind::Boolean,
            _ => return Err(self.fail(ParamHeaderFault::TypeNotAllowed)),
        };
        let suffix = suffix.to_ascii_lowercase().into();
        Ok(Some(ParamHeader { suffix, path: path.as_slice().into(), kind }))
    }

    fn push_inner(&self, waiting: &mut Vec<Self>) {
        match self.node {
            Value::Object(members) => {
                waiting.extend(members.iter().filter_map(|(name, node)| self.member(name, node)));
            }
            Value::Array(elements) => {
                waiting.extend(elements.iter().enumerate().map(|(index, node)| Place {
                    node,
                    holds: Holds::Schema,
                    pointer: format!("{}/{index}", self.pointer),
                    path: None,
                }));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn member(&self, name: &str, node: &'s Value) -> Option<Self> {
        let pointer = format!("{}/{}", self.pointer, name.replace('~', "~0").replace('/', "~1"));
        let (holds, path) = match (self.holds, name) {
            (Holds::NamedSchemas, _) => {
                let path = self.path.clone().map(|mut path| {
                    path.push(name.into());
                    path
                });
                (Holds::Schema, path)
            }
            (Holds::Schema, "properties") => (Holds::NamedSchemas, self.path.clone()),
            (
                Holds::Schema,
                "patternProperties" | "$defs" | "definitions" | "dependentSchemas" | "dependencies",
            ) => (Holds::NamedSchemas, None),
            (Holds::Schema, "const" | "default" | "enum" | "examples") => return None,
            (Holds::Schema, _) => (Holds::Schema, None),
        };
        Some(Self { node, holds, pointer, path })
    }
}

/// RFC 9110 section 5.6.2 (MPH-02).
fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

#[cfg(test)]
mod tests;
