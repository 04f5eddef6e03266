//! The metadata of a request.

/// `_meta` and what it means.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Envelope {
    pub(crate) meta: Meta,
    pub(crate) means: EnvelopeMeans,
    /// Whether it is `_meta` of no revision: no object, or a progress token that is none (PROG-01).
    pub(crate) is_wrong: bool,
}

/// How `_meta` is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meta {
    /// Without `params`, if the operation has no others.
    NoParams,
    Absent,
    Is(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EnvelopeMeans {
    /// There is no version key: no envelope.
    None,
    /// The version is not a string (DT-46).
    VersionNotText,
    /// Client capabilities are missing or no object (DT-47); the version.
    NoCapabilities(&'static str),
    /// Another member has the wrong type (DT-70).
    Malformed(&'static str),
    /// The log level is none (DT-85).
    LogLevel(&'static str),
    /// Complete, of this version, asking for log messages of this level.
    Complete(&'static str, Option<&'static str>),
}

impl Envelope {
    /// The progress token, as it is written.
    pub(crate) fn progress_token(&self) -> Option<&'static str> {
        let Meta::Is(json) = self.meta else {
            return None;
        };
        [r#""p""#, "-7"].into_iter().find(|token| json.contains(&format!(r#""progressToken":{token}"#)))
    }
}

impl EnvelopeMeans {
    /// The version that it names.
    pub(crate) fn version(self) -> Option<&'static str> {
        match self {
            Self::None | Self::VersionNotText => None,
            Self::NoCapabilities(version)
            | Self::Malformed(version)
            | Self::LogLevel(version)
            | Self::Complete(version, _) => Some(version),
        }
    }
}

macro_rules! meta {
    ($version:expr $(, $rest:literal)?) => {
        Meta::Is(concat!(
            r#"{"io.modelcontextprotocol/protocolVersion":"#, $version, $($rest,)? "}"
        ))
    };
}

const fn envelope(meta: Meta, means: EnvelopeMeans) -> Envelope {
    Envelope { meta, means, is_wrong: false }
}

const fn wrong(meta: Meta, means: EnvelopeMeans) -> Envelope {
    Envelope { meta, means, is_wrong: true }
}

/// 128 bytes.
macro_rules! long_version {
    () => {
        concat!(
            "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv",
            "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv"
        )
    };
}

/// A progress token that has 1 KiB with its quotation marks.
macro_rules! longest_token {
    () => {
        concat!(
            long_version!(),
            long_version!(),
            long_version!(),
            long_version!(),
            long_version!(),
            long_version!(),
            long_version!(),
            "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv",
            "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv"
        )
    };
}

const _: () = assert!(longest_token!().len() == 1022);

pub(crate) const MODERN: &str = "2026-07-28";
/// As long as a version may be to be echoed.
pub(crate) const LONG_VERSION: &str = long_version!();
/// One byte longer.
pub(crate) const TOO_LONG_VERSION: &str = concat!(long_version!(), "v");

const _: () = assert!(LONG_VERSION.len() == 128 && TOO_LONG_VERSION.len() == 129);

pub(crate) const COMPLETE_ENVELOPE: Envelope = envelope(
    meta!(r#""2026-07-28""#, r#","io.modelcontextprotocol/clientCapabilities":{}"#),
    EnvelopeMeans::Complete(MODERN, None),
);

pub(crate) const NO_ENVELOPE: Envelope = envelope(Meta::Absent, EnvelopeMeans::None);

pub(crate) const ENVELOPES: &[Envelope] = &[
    COMPLETE_ENVELOPE,
    NO_ENVELOPE,
    envelope(Meta::NoParams, EnvelopeMeans::None),
    envelope(Meta::Is("{}"), EnvelopeMeans::None),
    wrong(Meta::Is("7"), EnvelopeMeans::None),
    envelope(
        Meta::Is(
            r#"{"io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{}}"#,
        ),
        EnvelopeMeans::None,
    ),
    envelope(
        meta!(
            r#""2026-07-28""#,
            r#","io.modelcontextprotocol/clientCapabilities":{"sampling":{}},"io.modelcontextprotocol/clientInfo":{"name":"c","version":"1"},"io.modelcontextprotocol/logLevel":"warning","progressToken":"p","x":[1]"#
        ),
        EnvelopeMeans::Complete(MODERN, Some("warning")),
    ),
    envelope(
        meta!(r#""2025-11-25""#, r#","io.modelcontextprotocol/clientCapabilities":{}"#),
        EnvelopeMeans::Complete("2025-11-25", None),
    ),
    envelope(
        meta!(r#""2025-03-26""#, r#","io.modelcontextprotocol/clientCapabilities":{}"#),
        EnvelopeMeans::Complete("2025-03-26", None),
    ),
    envelope(meta!(r#""2025-11-25""#), EnvelopeMeans::NoCapabilities("2025-11-25")),
    envelope(
        meta!(r#""2027-01-01""#, r#","io.modelcontextprotocol/clientCapabilities":{}"#),
        EnvelopeMeans::Complete("2027-01-01", None),
    ),
    envelope(
        meta!(r#""v999.0.0""#, r#","io.modelcontextprotocol/clientCapabilities":{}"#),
        EnvelopeMeans::Complete("v999.0.0", None),
    ),
    envelope(
        meta!(concat!("\"", long_version!(), "\""), r#","io.modelcontextprotocol/clientCapabilities":{}"#),
        EnvelopeMeans::Complete(LONG_VERSION, None),
    ),
    envelope(
        meta!(concat!("\"", long_version!(), "v\""), r#","io.modelcontextprotocol/clientCapabilities":{}"#),
        EnvelopeMeans::Complete(TOO_LONG_VERSION, None),
    ),
    envelope(
        meta!("20260728", r#","io.modelcontextprotocol/clientCapabilities":{}"#),
        EnvelopeMeans::VersionNotText,
    ),
    envelope(
        meta!("null", r#","io.modelcontextprotocol/clientCapabilities":{}"#),
        EnvelopeMeans::VersionNotText,
    ),
    envelope(meta!(r#""2026-07-28""#), EnvelopeMeans::NoCapabilities(MODERN)),
    envelope(
        meta!(r#""2026-07-28""#, r#","io.modelcontextprotocol/clientCapabilities":[]"#),
        EnvelopeMeans::NoCapabilities(MODERN),
    ),
    envelope(
        meta!(r#""2026-07-28""#, r#","io.modelcontextprotocol/clientCapabilities":null"#),
        EnvelopeMeans::NoCapabilities(MODERN),
    ),
    envelope(
        meta!(
            r#""2026-07-28""#,
            r#","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":"c""#
        ),
        EnvelopeMeans::Malformed(MODERN),
    ),
    envelope(
        meta!(
            r#""2026-07-28""#,
            r#","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/logLevel":"loud""#
        ),
        EnvelopeMeans::LogLevel(MODERN),
    ),
    envelope(
        meta!(
            r#""2026-07-28""#,
            r#","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/logLevel":3"#
        ),
        EnvelopeMeans::LogLevel(MODERN),
    ),
    wrong(
        meta!(r#""2026-07-28""#, r#","io.modelcontextprotocol/clientCapabilities":{},"progressToken":1.5"#),
        EnvelopeMeans::Malformed(MODERN),
    ),
];

/// A progress token that is no text and no integer.
pub(crate) const TOKEN_NOT_TEXT: Envelope = wrong(Meta::Is(r#"{"progressToken":1.5}"#), EnvelopeMeans::None);

/// A progress token that is one.
pub(crate) const WITH_TOKEN: Envelope =
    envelope(Meta::Is(r#"{"progressToken":"p","com.example/x":[1]}"#), EnvelopeMeans::None);

/// `_meta` of older revisions, and envelopes that name one.
pub(crate) const LEGACY_ENVELOPES: &[Envelope] = &[
    NO_ENVELOPE,
    envelope(Meta::NoParams, EnvelopeMeans::None),
    envelope(Meta::Is("{}"), EnvelopeMeans::None),
    WITH_TOKEN,
    envelope(Meta::Is(r#"{"progressToken":-7}"#), EnvelopeMeans::None),
    envelope(Meta::Is(concat!(r#"{"progressToken":""#, longest_token!(), r#""}"#)), EnvelopeMeans::None),
    wrong(Meta::Is(concat!(r#"{"progressToken":"t"#, longest_token!(), r#""}"#)), EnvelopeMeans::None),
    TOKEN_NOT_TEXT,
    wrong(Meta::Is(r#"{"progressToken":null}"#), EnvelopeMeans::None),
    wrong(Meta::Is(r#"{"progressToken":{}}"#), EnvelopeMeans::None),
    wrong(Meta::Is("null"), EnvelopeMeans::None),
    wrong(Meta::Is("[]"), EnvelopeMeans::None),
    wrong(Meta::Is(r#""p""#), EnvelopeMeans::None),
    envelope(
        Meta::Is(
            r#"{"io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/logLevel":"loud"}"#,
        ),
        EnvelopeMeans::None,
    ),
    COMPLETE_ENVELOPE,
    envelope(
        meta!(r#""2025-11-25""#, r#","io.modelcontextprotocol/clientCapabilities":{}"#),
        EnvelopeMeans::Complete("2025-11-25", None),
    ),
    envelope(meta!(r#""2025-06-18""#), EnvelopeMeans::NoCapabilities("2025-06-18")),
    envelope(meta!(r#""2025-03-26""#), EnvelopeMeans::NoCapabilities("2025-03-26")),
    envelope(
        meta!(r#""2024-11-05""#, r#","io.modelcontextprotocol/clientCapabilities":{}"#),
        EnvelopeMeans::Complete("2024-11-05", None),
    ),
    wrong(
        meta!(r#""2025-06-18""#, r#","io.modelcontextprotocol/clientCapabilities":{},"progressToken":1.5"#),
        EnvelopeMeans::Malformed("2025-06-18"),
    ),
    envelope(
        meta!(r#""2027-01-01""#, r#","io.modelcontextprotocol/clientCapabilities":{}"#),
        EnvelopeMeans::Complete("2027-01-01", None),
    ),
    envelope(
        meta!(r#""v999.0.0""#, r#","io.modelcontextprotocol/clientCapabilities":{}"#),
        EnvelopeMeans::Complete("v999.0.0", None),
    ),
    envelope(
        meta!("7", r#","io.modelcontextprotocol/clientCapabilities":{}"#),
        EnvelopeMeans::VersionNotText,
    ),
];
