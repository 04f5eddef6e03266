//! The fields that mirror the method and the name in the body.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::HeaderValue;

use crate::fields::Sent;

/// How `Mcp-Method` relates to the body's method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MethodField {
    Equal,
    Absent,
    /// Surrounded by white space (HDR-06).
    Padded,
    /// In upper case (HDR-05).
    WrongCase,
    Other,
    /// In Base64, which is not for this field (HDR-13).
    Encoded,
    Repeated,
}

pub(crate) const METHOD_FIELDS: &[MethodField] = &[
    MethodField::Equal,
    MethodField::Absent,
    MethodField::Padded,
    MethodField::WrongCase,
    MethodField::Other,
    MethodField::Encoded,
    MethodField::Repeated,
];

impl MethodField {
    /// Whether it says what the body says, as far as it is there.
    pub(crate) fn agrees(self, method: &str) -> bool {
        match self {
            Self::Absent => true,
            // White space around a field value is no part of it, so that no field can mirror any.
            Self::Equal | Self::Padded => method.trim() == method,
            Self::WrongCase | Self::Other | Self::Encoded | Self::Repeated => false,
        }
    }

    pub(crate) fn sent(self, method: &str) -> Sent {
        match self {
            Self::Equal => Sent::text(method),
            Self::Absent => Sent::Absent,
            Self::Padded => Sent::text(&format!(" \t{method} ")),
            Self::WrongCase => Sent::text(&method.to_ascii_uppercase()),
            Self::Other => Sent::text("server/other"),
            Self::Encoded => Sent::text(&sentinel(method)),
            Self::Repeated => Sent::Repeated,
        }
    }
}

/// How `Mcp-Name` relates to the name or URI in the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameField {
    Equal,
    Absent,
    /// In Base64 (HDR-07).
    Encoded,
    Padded,
    /// In Base64 twice (HDR-15).
    EncodedTwice,
    /// Base64 without its padding (HDR-09).
    Unpadded,
    /// With the markers in upper case (HDR-08).
    WrongMarker,
    /// With the first marker only (HDR-08).
    HalfMarked,
    /// Base64 of bytes that are no UTF-8 (HDR-09).
    NotText,
    /// Beyond ASCII (HDR-10).
    BeyondAscii,
    WrongCase,
    Other,
    Repeated,
}

pub(crate) const NAME_FIELDS: &[NameField] = &[
    NameField::Equal,
    NameField::Absent,
    NameField::Encoded,
    NameField::Padded,
    NameField::EncodedTwice,
    NameField::Unpadded,
    NameField::WrongMarker,
    NameField::HalfMarked,
    NameField::NotText,
    NameField::BeyondAscii,
    NameField::WrongCase,
    NameField::Other,
    NameField::Repeated,
];

impl NameField {
    /// Whether it stands for what the body names.
    pub(crate) fn agrees(self) -> bool {
        match self {
            Self::Equal | Self::Encoded | Self::Padded => true,
            Self::Absent
            | Self::EncodedTwice
            | Self::Unpadded
            | Self::WrongMarker
            | Self::HalfMarked
            | Self::NotText
            | Self::BeyondAscii
            | Self::WrongCase
            | Self::Other
            | Self::Repeated => false,
        }
    }

    pub(crate) fn sent(self, name: &str) -> Sent {
        match self {
            Self::Equal => Sent::text(name),
            Self::Absent => Sent::Absent,
            Self::Encoded => Sent::text(&sentinel(name)),
            Self::Padded => Sent::text(&format!("\t {name}  ")),
            Self::EncodedTwice => Sent::text(&sentinel(&sentinel(name))),
            // Without the padding, or where there is none, with some.
            Self::Unpadded => {
                let encoded = sentinel(name);
                Sent::text(&if encoded.contains("=?=") {
                    encoded.replace("==?=", "?=").replace("=?=", "?=")
                } else {
                    encoded.replace("?=", "=?=")
                })
            }
            Self::WrongMarker => Sent::text(&sentinel(name).replace("base64", "BASE64")),
            Self::HalfMarked => Sent::text(sentinel(name).trim_end_matches("?=")),
            Self::NotText => Sent::text("=?base64?/w==?="),
            Self::BeyondAscii => {
                let value = [name.as_bytes(), b"\xC3\xA9"].concat();
                Sent::One(HeaderValue::from_bytes(&value).expect("bytes beyond ASCII are opaque"))
            }
            Self::WrongCase => Sent::text(&format!("{}X", name.to_ascii_uppercase())),
            Self::Other => Sent::text("other"),
            Self::Repeated => Sent::Repeated,
        }
    }
}

fn sentinel(text: &str) -> String {
    format!("=?base64?{}?=", STANDARD.encode(text))
}
