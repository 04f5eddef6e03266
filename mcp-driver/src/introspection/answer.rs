//! One question to the endpoint, and what its answer means.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use http::HeaderValue;
use mcp_proto::{
    UnixSeconds,
    jws::{self, Claims, Denial, TokenRules, keyset::FetchFailure},
    refusal::Outage,
};
use serde_json::Value;

use super::form;
use crate::fetch::{FetchUrl, Fetched, Outgoing};

/// The most bytes of an answer.
pub(super) const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// What an answer has to be.
const MEDIA_TYPES: &[&str] = &["application/json"];

/// What the issuer says of a token.
#[derive(Clone)]
pub(super) enum Answer {
    /// It is active and has these claims, which were good when they came.
    Active(Arc<Claims>),
    /// It is not good.
    Refused(Denial),
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CallFailure {
    /// The endpoint gave no document.
    Fetch(FetchFailure),
    /// The document does not say whether a token is active.
    Document,
    /// The call was given up from inside.
    Lost,
}

/// RFC 7662 section 2.1.
pub(super) fn question(url: FetchUrl, token: &str, authorization: &HeaderValue) -> Outgoing {
    let form = format!("token={}&token_type_hint=access_token", form::encoded(token));
    Outgoing::post(url, Bytes::from(form), MEDIA_TYPES, ANSWER_BYTES_MAX)
        .with_authorization(authorization.clone())
}

/// RFC 7662 section 2.2.
pub(super) fn read(
    fetched: Result<Fetched, FetchFailure>,
    rules: &TokenRules,
    now: UnixSeconds,
) -> Result<Answer, CallFailure> {
    let json = fetched.map_err(CallFailure::Fetch)?.body;
    if !is_answer(&json) {
        return Err(CallFailure::Document);
    }
    let claims = jws::introspected(&json, rules).and_then(|claims| {
        check(&claims, rules, now)?;
        Ok(claims)
    });
    Ok(claims.map_or_else(Answer::Refused, |claims| Answer::Active(Arc::new(claims))))
}

/// Whether the document says of a token that it is active, or that it is not. One that does not is the
/// endpoint's fault and not the token's.
fn is_answer(json: &[u8]) -> bool {
    let document = serde_json::from_slice::<Value>(json);
    document.is_ok_and(|document| document.get("active").is_some_and(Value::is_boolean))
}

/// Everything but whether the sender holds the key that the token is bound to, which each request proves anew
/// and the core judges.
pub(super) fn check(claims: &Claims, rules: &TokenRules, now: UnixSeconds) -> Result<(), Denial> {
    rules.check(claims, claims.wanted_possession(), now)
}

impl CallFailure {
    /// Whether asking again would be asking in vain: the endpoint does not answer, or takes long to say nothing.
    /// Any other status comes quickly and may be about this token only, and whoever has a token that the
    /// endpoint stumbles over must not be able to cut off everybody else.
    pub(super) fn is_trouble(&self) -> bool {
        match self {
            Self::Fetch(FetchFailure::Status(status)) => matches!(status, 502..=504),
            Self::Fetch(
                FetchFailure::Unreachable
                | FetchFailure::Tls(_)
                | FetchFailure::TimedOut
                | FetchFailure::Discovery(_),
            )
            | Self::Lost => true,
            Self::Fetch(FetchFailure::MediaType | FetchFailure::TooLong | FetchFailure::Document(_))
            | Self::Document => false,
        }
    }

    /// What the peer is told.
    pub(super) fn outage(&self) -> Outage {
        match self {
            Self::Fetch(FetchFailure::TimedOut) => Outage::TimedOut,
            Self::Fetch(
                FetchFailure::Status(_)
                | FetchFailure::Unreachable
                | FetchFailure::Tls(_)
                | FetchFailure::MediaType
                | FetchFailure::TooLong
                | FetchFailure::Document(_)
                | FetchFailure::Discovery(_),
            )
            | Self::Document
            | Self::Lost => Outage::IntrospectionUnavailable,
        }
    }

    /// Tells the operator, or, where that was done a moment ago, whoever debugs.
    pub(super) fn log(&self, host: &str, is_due: bool) {
        if !is_due {
            tracing::debug!(host, failure = %self, "cannot ask the issuer about a token");
            return;
        }
        match self {
            // RFC 7662 section 2.3.
            Self::Fetch(FetchFailure::Status(status @ (401 | 403))) => {
                tracing::error!(
                    host,
                    status,
                    "the introspection endpoint refuses this server's own credentials"
                );
            }
            Self::Fetch(_) | Self::Document | Self::Lost => {
                tracing::warn!(host, failure = %self, "cannot ask the issuer about a token");
            }
        }
    }
}

impl fmt::Display for CallFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fetch(failure) => failure.fmt(f),
            Self::Document => f.write_str("the answer does not say whether the token is active"),
            Self::Lost => f.write_str("the call was given up"),
        }
    }
}
