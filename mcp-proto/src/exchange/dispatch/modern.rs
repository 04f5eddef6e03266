//! What every request of 2026-07-28 passes: its metadata, and the header fields that mirror it.

use crate::{
    exchange::{
        Exchange,
        call::{ClientFacts, LogLevel},
        message::{Member, Message},
        mirrored::{Comparison, Mirrored},
    },
    jsonrpc::strict::Kind,
    limits::Limits,
    method::Method,
    refusal::{EnvelopeFault, Mirror, Refusal},
    revision::Revision,
};

use super::{echoed, has_usable_progress_token, offered};

/// The checks that every request of 2026-07-28 passes, in order (requirements DT-70 to DT-78).
pub(super) fn ladder(
    exchange: &Exchange<'_>,
    message: &Message,
    method: &[u8],
) -> Result<(Method, ClientFacts), Refusal> {
    let mirrored = &exchange.mirrored;
    let limits = exchange.engine.limits();
    let metadata = metadata(message, limits).map_err(Refusal::Envelope)?;
    if mirrored.version.compare(&metadata.version) == Comparison::Different {
        return Err(Refusal::HeaderMismatch(Mirror::ProtocolVersion));
    }
    if mirrored.compare_method(method) == Comparison::Different {
        return Err(Refusal::HeaderMismatch(Mirror::Method));
    }
    let Some(revision) = served(&metadata.version) else {
        return Err(Refusal::UnsupportedVersion {
            supported: &Revision::MODERN,
            requested: echoed(&metadata.version, limits),
        });
    };
    if mirrored.version.compare(&metadata.version) == Comparison::Absent {
        return Err(Refusal::HeaderMismatch(Mirror::ProtocolVersion));
    }
    if mirrored.compare_method(method) == Comparison::Absent {
        return Err(Refusal::HeaderMismatch(Mirror::Method));
    }
    compare_name(mirrored, message, Method::from_name(method))?;
    let method = offered(exchange.engine, method, revision)?;
    Ok((method, metadata.into_facts(message, revision)))
}

fn served(version: &[u8]) -> Option<Revision> {
    Revision::MODERN.into_iter().find(|revision| revision.as_str().as_bytes() == version)
}

/// DT-76, DT-77: `Mcp-Name` is required where the body names something (HDR-03).
fn compare_name(mirrored: &Mirrored, message: &Message, method: Option<Method>) -> Result<(), Refusal> {
    let named = method.and_then(|method| message.named(method));
    match named {
        Some(name) if mirrored.compare_name(&name) != Comparison::Equal => {
            Err(Refusal::HeaderMismatch(Mirror::Name))
        }
        Some(_) | None => Ok(()),
    }
}

/// The metadata that a request of 2026-07-28 carries.
pub(super) struct Metadata<'m> {
    version: std::borrow::Cow<'m, [u8]>,
    log_level: Option<LogLevel>,
}

impl Metadata<'_> {
    fn into_facts(self, message: &Message, revision: Revision) -> ClientFacts {
        ClientFacts {
            revision,
            log_level: self.log_level,
            meta: message.kept(Member::Meta).unwrap_or_default(),
            session: None,
        }
    }
}

/// DT-46, DT-47, DT-70: complete and well typed (META-07, META-15).
pub(super) fn metadata<'m>(message: &'m Message, limits: &Limits) -> Result<Metadata<'m>, EnvelopeFault> {
    let version = message.bytes(Member::ProtocolVersion).ok_or(EnvelopeFault::ProtocolVersion)?;
    if message.kind(Member::ClientCapabilities) != Some(Kind::Object) {
        return Err(EnvelopeFault::ClientCapabilities);
    }
    if !matches!(message.kind(Member::ClientInfo), None | Some(Kind::Object)) {
        return Err(EnvelopeFault::ClientInfo);
    }
    let log_level = match message.kind(Member::LogLevel) {
        None => None,
        Some(_) => Some(
            message
                .text(Member::LogLevel)
                .and_then(|name| LogLevel::from_name(&name))
                .ok_or(EnvelopeFault::LogLevel)?,
        ),
    };
    if !has_usable_progress_token(message, limits) {
        return Err(EnvelopeFault::ProgressToken);
    }
    Ok(Metadata { version, log_level })
}
