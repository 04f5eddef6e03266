//! Header fields, each with what it means.

mod session;

use http::HeaderValue;

pub(crate) use self::session::{
    ENTROPY, EventMeans, OURS, QUERIES, Query, SessionMeans, event_fields, session_fields, session_queries,
};
use crate::{
    messages::{LONG_VERSION, MODERN, TOO_LONG_VERSION},
    surface::Revision,
};

/// How a field was sent.
#[derive(Debug, Clone)]
pub(crate) enum Sent {
    Absent,
    One(HeaderValue),
    Repeated,
}

impl Sent {
    pub(crate) fn text(value: &str) -> Self {
        Self::One(HeaderValue::from_str(value).expect("a field value"))
    }

    pub(crate) fn bytes(value: &[u8]) -> Self {
        Self::One(HeaderValue::from_bytes(value).expect("a field value"))
    }
}

/// A field as it was sent, and what that means.
#[derive(Debug, Clone)]
pub(crate) struct Entry<M> {
    pub(crate) sent: Sent,
    pub(crate) means: M,
}

fn entry<M>(sent: Sent, means: M) -> Entry<M> {
    Entry { sent, means }
}

fn all<M: Copy>(means: M, values: &[&str]) -> impl Iterator<Item = Entry<M>> {
    values.iter().map(move |value| entry(Sent::text(value), means))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HostMeans {
    Absent,
    Ours,
    Foreign,
    Repeated,
}

/// HTTP-06, against DNS rebinding: loopback names with any port, compared part by part.
pub(crate) fn hosts() -> Vec<Entry<HostMeans>> {
    let mut menu =
        vec![entry(Sent::text("localhost:8080"), HostMeans::Ours), entry(Sent::Absent, HostMeans::Absent)];
    menu.extend(all(HostMeans::Ours, &["127.0.0.1", "LocalHost", "[::1]:1"]));
    menu.extend(all(
        HostMeans::Foreign,
        &[
            "evil.example",
            "localhost.evil.example",
            "evil-localhost",
            "0.0.0.0:8080",
            "[::]",
            "user@localhost",
            "localhost:99999",
            "localhost:8080, evil.example",
            "",
        ],
    ));
    menu.push(entry(Sent::bytes(b"localhost\xff"), HostMeans::Foreign));
    menu.push(entry(Sent::Repeated, HostMeans::Repeated));
    menu
}

/// The authority of an absolute-form target or of `:authority`.
pub(crate) const AUTHORITIES: [Option<&str>; 4] =
    [None, Some("localhost:8080"), Some("evil.example"), Some("")];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OriginMeans {
    Absent,
    Allowed,
    Foreign,
}

/// DT-02, HTTP-04, HTTP-05: pages of loopback names; `null` and what cannot be read is foreign.
pub(crate) fn origins() -> Vec<Entry<OriginMeans>> {
    let mut menu = vec![entry(Sent::Absent, OriginMeans::Absent)];
    menu.extend(all(
        OriginMeans::Allowed,
        &["http://localhost:3000", "https://127.0.0.1", "http://[::1]:80"],
    ));
    menu.extend(all(
        OriginMeans::Foreign,
        &[
            "null",
            "https://evil.example",
            "http://localhost.evil.example",
            "http://localhost:3000/",
            "http://localhost:3000 http://localhost",
            "file://localhost",
            "localhost:3000",
            "",
        ],
    ));
    menu.push(entry(Sent::bytes(b"http://localhost\xff"), OriginMeans::Foreign));
    menu.push(entry(Sent::Repeated, OriginMeans::Foreign));
    menu
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodingMeans {
    Absent,
    Chunked,
    /// Anything but one final `chunked`: readers may disagree on where the body ends.
    Other,
}

/// `Transfer-Encoding` (RFC 9112 section 6.1).
pub(crate) fn codings() -> Vec<Entry<CodingMeans>> {
    let mut menu = vec![entry(Sent::Absent, CodingMeans::Absent)];
    menu.extend(all(CodingMeans::Chunked, &["chunked", "Chunked"]));
    let others = ["gzip, chunked", "chunked, chunked", ",chunked", "identity", "chunked;a=b", ""];
    menu.extend(all(CodingMeans::Other, &others));
    menu.push(entry(Sent::Repeated, CodingMeans::Other));
    menu
}

/// `Access-Control-Request-Method`, `Expect`: whether they are there.
pub(crate) fn presence(value: &str) -> Vec<Entry<bool>> {
    vec![entry(Sent::Absent, false), entry(Sent::text(value), true)]
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CredentialMeans {
    Absent,
    /// The token of this place in the list of the scene.
    Token(usize),
    /// The token of this place, by the scheme `DPoP`.
    Bound(usize),
    /// The scheme `DPoP` and not one token.
    BoundMalformed,
    /// Simply not Bearer (DT-07).
    OtherScheme,
    Malformed,
    Repeated,
}

/// A credential that must not be seen in anything that is printed.
pub(crate) const SECRET: &str = "s3cr3t-but-not-a-token";

/// RFC6750-06, RFC6750-07, DT-06, DT-07. The scene's tokens come first.
pub(crate) fn credentials(tokens: &[String]) -> Vec<Entry<CredentialMeans>> {
    let mut menu: Vec<_> = bearer(tokens);
    menu.push(entry(Sent::Absent, CredentialMeans::Absent));
    if let Some(token) = tokens.first() {
        let spelt = |text: String| entry(Sent::text(&text), CredentialMeans::Token(0));
        menu.extend([spelt(format!("bearer {token}")), spelt(format!("BEARER   {token}"))]);
        let malformed = [
            format!("Bearer {token} {SECRET}"),
            format!("Bearer {token},{token}"),
            format!("Bearer {token}, Bearer {token}"),
            format!("Bearer\t{token}"),
            format!("Bearer \"{token}\""),
            format!("Bearer token={token}"),
        ];
        menu.extend(malformed.iter().map(|text| entry(Sent::text(text), CredentialMeans::Malformed)));
    }
    menu.extend(all(CredentialMeans::Malformed, &["", "Bearer", "Bearer =", " Bearer x", "B(earer x"]));
    menu.push(entry(Sent::bytes(b"Bearer s3cr3t-but-not-a-token\xff"), CredentialMeans::Malformed));
    menu.push(entry(Sent::text(&format!("DPoP {SECRET}")), CredentialMeans::OtherScheme));
    menu.extend(other_schemes());
    menu.push(entry(Sent::Repeated, CredentialMeans::Repeated));
    menu
}

/// What no server understands.
pub(crate) fn other_schemes() -> Vec<Entry<CredentialMeans>> {
    let schemes = [
        format!("Basic {SECRET}"),
        format!("Bearers {SECRET}"),
        format!("DPoPs {SECRET}"),
        SECRET.to_owned(),
    ];
    schemes.iter().map(|text| entry(Sent::text(text), CredentialMeans::OtherScheme)).collect()
}

/// Each token in the plain spelling.
pub(crate) fn bearer(tokens: &[String]) -> Vec<Entry<CredentialMeans>> {
    let field = |(place, token)| entry(Sent::text(&format!("Bearer {token}")), CredentialMeans::Token(place));
    tokens.iter().enumerate().map(field).collect()
}

/// Each token in the scheme `DPoP` (RFC 9449 section 7.1), and what is not one token.
pub(crate) fn bound(tokens: &[String]) -> Vec<Entry<CredentialMeans>> {
    let field = |(place, token)| entry(Sent::text(&format!("DPoP {token}")), CredentialMeans::Bound(place));
    let mut menu: Vec<_> = tokens.iter().enumerate().map(field).collect();
    if let Some(token) = tokens.first() {
        menu.push(entry(Sent::text(&format!("dpop   {token}")), CredentialMeans::Bound(0)));
        let malformed = [
            "DPoP".to_owned(),
            format!("DPoP {token} {SECRET}"),
            format!("DPoP {token},{token}"),
            format!("DPoP \"{token}\""),
        ];
        menu.extend(malformed.iter().map(|text| entry(Sent::text(text), CredentialMeans::BoundMalformed)));
    }
    menu
}

/// The `DPoP` field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProofField {
    Absent,
    /// The proof of this place in the list of the token.
    Is(usize),
    /// Bytes that are no proof.
    Unreadable,
    Repeated,
}

/// DT-10, JR-02: whether a body is announced as JSON in UTF-8.
pub(crate) fn content_types() -> Vec<Entry<bool>> {
    let mut menu: Vec<_> = all(true, &["application/json"]).collect();
    menu.push(entry(Sent::Absent, false));
    menu.extend(all(true, &["application/json; charset=utf-8", "Application/JSON;charset=\"UTF-8\""]));
    menu.extend(all(
        false,
        &[
            "text/plain",
            "text/plain; a=application/json",
            "application/jsonx",
            "application/json-patch+json",
            "application/json; charset=utf-16",
            "application/x-www-form-urlencoded",
            "",
        ],
    ));
    menu.push(entry(Sent::Repeated, false));
    menu
}

/// DT-11: the largest body in bytes, and of a refused request the largest that is read for its id.
pub(crate) const BODY_BYTES_MAX: u64 = 4 << 20;
pub(crate) const REFUSED_BODY_BYTES_MAX: u64 = 64 << 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LengthMeans {
    Absent,
    Bytes(u64),
    Repeated,
}

pub(crate) fn lengths() -> Vec<Entry<LengthMeans>> {
    let bytes = |bytes: u64| entry(Sent::text(&bytes.to_string()), LengthMeans::Bytes(bytes));
    let mut menu = vec![entry(Sent::Absent, LengthMeans::Absent)];
    let edges = [REFUSED_BODY_BYTES_MAX, BODY_BYTES_MAX];
    menu.extend([0, 1].into_iter().map(bytes));
    menu.extend(edges.into_iter().flat_map(|edge| [edge, edge + 1]).map(bytes));
    menu.push(bytes(u64::MAX));
    menu.push(entry(Sent::Repeated, LengthMeans::Repeated));
    menu
}

/// A length that is small, and one that is not known.
pub(crate) fn small_length() -> Vec<Entry<LengthMeans>> {
    vec![entry(Sent::text("512"), LengthMeans::Bytes(512))]
}

/// What a client takes (HTTP-09, DT-12): JSON, event streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AcceptMeans {
    pub(crate) json: bool,
    pub(crate) stream: bool,
}

pub(crate) fn accepts() -> Vec<Entry<AcceptMeans>> {
    let takes = |json, stream| AcceptMeans { json, stream };
    let mut menu: Vec<_> = all(takes(true, true), &["application/json, text/event-stream"]).collect();
    // A client that names nothing takes anything (RFC 9110 section 12.5.1).
    menu.push(entry(Sent::Absent, takes(true, true)));
    menu.extend(all(takes(true, true), &["*/*", "text/event-stream;q=0.5,application/*"]));
    menu.extend(all(takes(true, false), &["application/json", "text/event-stream;q=0, application/json"]));
    menu.extend(all(takes(false, true), &["text/event-stream", "TEXT/*, application/json;q=0.0"]));
    menu.extend(all(takes(false, false), &["text/html", "application/jsonx", "*/*;q=0"]));
    menu.push(entry(Sent::Repeated, takes(true, true)));
    menu
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VersionMeans {
    Absent,
    /// The version that it names.
    Names(&'static str),
    /// Bytes that are no text.
    Unreadable,
    Repeated,
}

impl VersionMeans {
    /// The terms of section 5: names 2026-07-28 or a later date.
    pub(crate) fn is_modern(self) -> bool {
        match self {
            Self::Names(version) => version == MODERN || version == "2027-01-01",
            Self::Absent | Self::Unreadable | Self::Repeated => false,
        }
    }

    /// Neither a revision nor the form of a later one.
    pub(crate) fn is_unknown(self) -> bool {
        match self {
            Self::Names(version) => !self.is_modern() && Revision::legacy(version).is_none(),
            Self::Unreadable => true,
            Self::Absent | Self::Repeated => false,
        }
    }

    /// The revision before 2026-07-28 that a request without envelope is of (DT-56).
    pub(crate) fn legacy(self) -> Option<Revision> {
        match self {
            Self::Absent => Some(Revision::B),
            Self::Names(version) => Revision::legacy(version),
            Self::Unreadable | Self::Repeated => None,
        }
    }

    /// AMB-01: modern and 2025-11-25 leave an unreadable id out, older revisions write `null`, and
    /// so does JSON-RPC, which has the word where no revision is known.
    pub(crate) fn leaves_unreadable_id_out(self) -> bool {
        self.is_modern() || self == Self::Names("2025-11-25")
    }
}

pub(crate) fn versions() -> Vec<Entry<VersionMeans>> {
    let named = |version| entry(Sent::text(version), VersionMeans::Names(version));
    let mut menu = vec![named(MODERN), entry(Sent::Absent, VersionMeans::Absent)];
    menu.extend(
        ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05", "2027-01-01", "v999.0.0"].map(named),
    );
    menu.push(entry(Sent::text(" \t2026-07-28  "), VersionMeans::Names(MODERN)));
    menu.push(entry(Sent::bytes(b"\xff"), VersionMeans::Unreadable));
    menu.push(entry(Sent::Repeated, VersionMeans::Repeated));
    menu.extend([LONG_VERSION, TOO_LONG_VERSION, ""].map(named));
    menu
}
