//! Fields of the head that mirror values of the body: `Mcp-Name` and `Mcp-Param-*` (revision
//! 2026-07-28).
//!
//! Gateways route by the head and we act on the body, so the two have to say the same: a call that
//! is routed as one and executed as another is a hole. The body is the source of truth (HDR-14),
//! and a mirrored value is never trusted for anything but being equal to it (MPH-18).

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;

use crate::jsonrpc::strict;

mod annotation;
mod whole_number;

pub use annotation::{
    ParamHeader, ParamHeaderError, ParamHeaderFault, ParamKind, SUFFIX_BYTES_MAX, param_headers,
};
use whole_number::whole_number;

/// Why the value of a mirrored field cannot be compared with anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undecodable {
    /// A byte that is not a visible ASCII character, a space or a tab.
    Character,
    /// Between the markers is not canonical Base64.
    Base64,
    /// What the Base64 stands for is not UTF-8.
    Utf8,
}

impl fmt::Display for Undecodable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Character => "a character that a mirrored header cannot have",
            Self::Base64 => "not canonical Base64",
            Self::Utf8 => "not UTF-8",
        })
    }
}

impl std::error::Error for Undecodable {}

/// The value that a `Mcp-Name` or `Mcp-Param-*` field stands for: what is between `=?base64?` and
/// `?=`, decoded once (HDR-07, HDR-15), or else the field's own text, in either case without the
/// white space around it (HDR-06).
///
/// The markers are exact; a value that has only one of them is its own text (HDR-08). Does not
/// allocate for a value without markers.
///
/// # Errors
/// Characters that the field cannot have (HDR-10, MPH-12), and Base64 of the standard alphabet that
/// is not padded, not canonical or not UTF-8 (HDR-09).
pub fn decode(value: &[u8]) -> Result<Cow<'_, str>, Undecodable> {
    // RFC 9110 section 5.5: a tab may be inside of a field value. What is beyond ASCII has to be
    // encoded.
    let allowed = |byte: &u8| matches!(byte, b'\t' | b' '..=b'~');
    if !value.iter().all(allowed) {
        return Err(Undecodable::Character);
    }
    let text = std::str::from_utf8(value).map_err(|_| Undecodable::Character)?.trim_matches([' ', '\t']);
    let encoded = text.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?="));
    let Some(encoded) = encoded else {
        return Ok(Cow::Borrowed(text));
    };
    let decoded = STANDARD.decode(encoded).map_err(|_| Undecodable::Base64)?;
    String::from_utf8(decoded).map(Cow::Owned).map_err(|_| Undecodable::Utf8)
}

/// Whether the field value `header` stands for `body_value` (HDR-03, HDR-05): byte for byte once
/// decoded.
#[must_use]
pub fn name_matches(header: &[u8], body_value: &str) -> bool {
    // Most values stand for themselves: visible, and no sentinel.
    let plain = |byte: &u8| matches!(byte, b'!'..=b'<' | b'>'..=b'~');
    if header == body_value.as_bytes() && header.iter().all(plain) {
        return true;
    }
    decode(header).is_ok_and(|value| value == body_value)
}

/// Whether a `Mcp-Param-*` field says what the argument says that it mirrors.
///
/// `header` is the value of the field, and `argument` the value at the path of the [`ParamHeader`]:
/// see [`argument_at`].
/// * An argument that is absent or null goes without the field (MPH-10). A field that is there all
///   the same is refused, since whoever routed by it believed in an argument that does not exist
///   (AMB-13).
/// * Any other argument has to be mirrored (MPH-11) by an equal value (MPH-09): strings as they
///   are, the empty one by an empty field or an empty encoding (MPH-17), booleans by `true` and
///   `false` (MPH-14), integers by a number of the same value within ±(2^53 − 1) (MPH-05, MPH-13).
/// * An argument of another type than the schema says has no mirror that would be equal.
#[must_use]
pub fn param_matches(kind: ParamKind, header: Option<&[u8]>, argument: Option<&RawValue>) -> bool {
    let argument = argument.map(RawValue::get).filter(|json| *json != "null");
    let (header, json) = match (header, argument) {
        (None, None) => return true,
        (Some(_), None) | (None, Some(_)) => return false,
        (Some(header), Some(json)) => (header, json),
    };
    let Ok(mirrored) = decode(header) else {
        return false;
    };
    match kind {
        ParamKind::String => string(json).is_some_and(|text| text == mirrored),
        ParamKind::Integer => {
            whole_number(json).is_some_and(|number| whole_number(&mirrored) == Some(number))
        }
        ParamKind::Boolean => matches!(json, "true" | "false") && json == mirrored,
    }
}

/// The value at `path` in `arguments`, a JSON object; `None` when there is nothing (MPH-15): at
/// each step a member of an object, by its exact name.
///
/// `arguments` is part of a body that [`strict::read`] has accepted without a duplicate. Of
/// anything else, the answer is `None`.
#[must_use]
pub fn argument_at<'a>(arguments: &'a str, path: &[Box<str>]) -> Option<&'a RawValue> {
    let mut search = Search { path, at_target: false, found: None };
    let document = strict::read(arguments.as_bytes(), &mut search).ok()?;
    if document.duplicate.is_some() {
        return None;
    }
    let found = search.found?.span;
    serde_json::from_str(arguments.get(found.start as usize..found.end as usize)?).ok()
}

/// The text of a JSON string.
fn string(json: &str) -> Option<Cow<'_, str>> {
    struct Nothing;
    impl strict::Visitor for Nothing {
        fn enter(&mut self, _: u32, _: &[u8]) -> bool {
            false
        }
        fn leave(&mut self, _: u32, _: strict::Value) {}
    }
    let document = strict::read(json.as_bytes(), &mut Nothing).ok()?;
    strict::unescape(json.as_bytes(), document.root)
}

/// Follows a path of names through the objects of a document.
struct Search<'p> {
    path: &'p [Box<str>],
    /// The member announced last is the one at the end of the path.
    at_target: bool,
    found: Option<strict::Value>,
}

impl strict::Visitor for Search<'_> {
    fn enter(&mut self, depth: u32, name: &[u8]) -> bool {
        // Only the objects on the path are watched, so that the one at `depth` lies behind the
        // steps before this one.
        let depth = depth as usize;
        let on_path = self.path.get(depth.saturating_sub(1)).is_some_and(|step| step.as_bytes() == name);
        self.at_target = on_path && depth == self.path.len();
        on_path && !self.at_target
    }

    fn leave(&mut self, depth: u32, value: strict::Value) {
        if self.at_target && depth as usize == self.path.len() {
            self.found = Some(value);
        }
    }
}

#[cfg(test)]
mod tests;
