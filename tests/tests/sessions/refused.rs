//! How requests are refused.

use serde_json::Value;

use crate::client::{error, error_without_id};

/// What a refusal says: its status, its code and its words.
pub(crate) type Refusal = (u16, i32, &'static str);

/// There is no such session, or none of this caller's.
pub(crate) const NOT_FOUND: Refusal = (404, -32001, "Session not found");
/// Nothing says which session it is.
pub(crate) const NO_ID: Refusal = (400, -32600, "Bad request: Mcp-Session-Id is missing");
/// Two things say which session it is.
pub(crate) const TWO_IDS: Refusal = (400, -32600, "Bad request: more than one session id");
/// The handshake of this session is done.
pub(crate) const INITIALIZED: Refusal = (400, -32600, "Invalid request: Server already initialized");
/// The handshake comes first; told on the stream.
pub(crate) const NOT_INTRODUCED: Refusal = (202, -32600, "Invalid request: initialize comes first");
/// The event was never given out in this session.
pub(crate) const NO_EVENT: Refusal =
    (400, -32600, "Bad request: Last-Event-ID names no event of this session");
/// Nobody was named.
pub(crate) const UNAUTHORIZED: Refusal = (401, -32000, "Unauthorized: Authentication required");
/// The scope that everybody needs is missing.
pub(crate) const FORBIDDEN: Refusal = (403, -32600, "Forbidden: the token lacks a scope that is needed here");

/// Status and JSON of a refusal that is about a request with this id.
pub(crate) fn refused(id: impl Into<Value>, (status, code, words): Refusal) -> (u16, Value) {
    (status, error(id, code, words))
}

/// Status and JSON of a refusal that is about nothing that has an id.
pub(crate) fn refused_without_id((status, code, words): Refusal) -> (u16, Value) {
    (status, error_without_id(code, words))
}
