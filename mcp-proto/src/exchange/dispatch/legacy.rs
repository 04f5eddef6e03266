//! Requests of revisions that begin with a handshake. Without a session each is served on its own, with
//! the surface of the revision that it names.

use crate::{
    exchange::{
        Exchange,
        call::{ClientFacts, LogLevel},
        message::{Member, Message},
    },
    jsonrpc::strict::Kind,
    method::Method,
    refusal::{ParamsFault, Refusal},
    revision::Revision,
};

use super::{has_usable_progress_token, offered};

/// The log messages that a client gets without a session that could remember what it asked for: the
/// server decides (LOGG-05).
const LOG_LEVEL: LogLevel = LogLevel::Info;

/// The checks that every such request passes, in order.
pub(super) fn judge(
    exchange: &Exchange<'_>,
    message: &Message,
    method: &[u8],
    revision: Revision,
) -> Result<(Method, ClientFacts), Refusal> {
    let method = offered(exchange.engine, method, revision)?;
    if !matches!(message.kind(Member::Meta), None | Some(Kind::Object)) {
        return Err(Refusal::InvalidParams(ParamsFault::Meta));
    }
    if !has_usable_progress_token(message, exchange.engine.limits()) {
        return Err(Refusal::InvalidParams(ParamsFault::ProgressToken));
    }
    let meta = message.kept(Member::Meta).unwrap_or_default();
    Ok((method, ClientFacts { revision, log_level: Some(LOG_LEVEL), meta }))
}

/// LIF-03 to LIF-05, AMB-16: the revision that a handshake asks for, or else the newest that can be agreed
/// on by one.
pub(super) fn agreed(message: &Message) -> Revision {
    let requested = message.bytes(Member::HandshakeVersion);
    requested
        .and_then(|version| Revision::from_name(&version))
        .filter(|revision| !revision.is_modern())
        .unwrap_or(Revision::V2025_11_25)
}

/// DT-112: what a handshake has to say.
pub(super) fn handshake(message: &Message) -> Result<(), ParamsFault> {
    if message.bytes(Member::HandshakeVersion).is_none() {
        return Err(ParamsFault::ProtocolVersion);
    }
    if message.kind(Member::Capabilities) != Some(Kind::Object) {
        return Err(ParamsFault::Capabilities);
    }
    if message.kind(Member::Client) != Some(Kind::Object) {
        return Err(ParamsFault::ClientInfo);
    }
    Ok(())
}

/// ERR-19: one of the eight levels. There is nothing to remember it in.
pub(super) fn level(message: &Message) -> Result<(), ParamsFault> {
    let level = message.text(Member::Level).and_then(|name| LogLevel::from_name(&name));
    level.map(|_| ()).ok_or(ParamsFault::Level)
}
