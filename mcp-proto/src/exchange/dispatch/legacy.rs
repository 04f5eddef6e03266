//! Requests of revisions that begin with a handshake. Without a session each is served on its own, with
//! the surface of the revision that it names; in a session with that of the session.

use std::{borrow::Cow, sync::Arc};

use serde::Deserialize;

use crate::{
    exchange::{
        Exchange, OpenSession, Step,
        audit::cut,
        call::{ClientFacts, LogLevel},
        message::{Member, Message},
        use_session::{Deed, Purpose},
    },
    jsonrpc::{self, AnswerId, RawId, strict::Kind},
    limits::Limits,
    method::Method,
    refusal::{ParamsFault, Refusal, RequestFault},
    revision::Revision,
    session::{Answer, ERROR_MESSAGE_BYTES_MAX, Owner, SessionInfo},
};

use super::{has_usable_progress_token, judge_scopes, offered};

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
    let session = exchange.session().map(Arc::clone);
    Ok((method, ClientFacts { revision, log_level: Some(LOG_LEVEL), meta, session }))
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

/// ERR-19: one of the eight levels.
pub(super) fn level(message: &Message) -> Result<LogLevel, ParamsFault> {
    message.text(Member::Level).and_then(|name| LogLevel::from_name(&name)).ok_or(ParamsFault::Level)
}

/// The revision of the session that a message belongs to, on servers where messages belong to one; the version
/// field does not change it (AMB-05). Without a session there is a handshake first (DT-55).
pub(super) fn of_session(exchange: &Exchange<'_>, is_handshake: bool) -> Result<Option<Revision>, Refusal> {
    match exchange.session() {
        Some(_) if is_handshake && exchange.is_posted() => Ok(None),
        Some(_) if is_handshake => Err(Refusal::AlreadyInitialized),
        Some(session) => Ok(Some(session.revision())),
        None if exchange.engine.sessions().is_some() && !is_handshake => Err(Refusal::SessionIdMissing),
        None => Ok(None),
    }
}

/// LIF-01, LIF-08: on the stream of 2024-11-05 the client introduces itself first.
pub(super) fn judge_introduction(exchange: &Exchange<'_>, method: &[u8]) -> Result<(), Refusal> {
    match exchange.session() {
        Some(session) if session.is_before_handshake() && method != b"ping" => {
            Err(Refusal::InvalidRequest(RequestFault::NotIntroduced))
        }
        Some(_) | None => Ok(()),
    }
}

/// What a good handshake comes to: a session, where there are sessions.
pub(super) fn shake_hands<'e>(
    exchange: Exchange<'e>,
    message: &Message,
    id: RawId,
    result: Cow<'e, [u8]>,
) -> Step<'e> {
    let Some(policy) = exchange.engine.sessions() else {
        return exchange.answer(jsonrpc::result(&id, &result));
    };
    let text = |member| String::from_utf8_lossy(message.json(member).unwrap_or_default()).into_owned();
    let (capabilities, client) = (text(Member::Capabilities), text(Member::Client));
    if capabilities.len().saturating_add(client.len()) > policy.handshake_bytes_max {
        let refusal = Refusal::InvalidParams(ParamsFault::HandshakeTooLong);
        return exchange.refuse(refusal, &AnswerId::Known(id));
    }
    let info = SessionInfo {
        owner: Owner::of(exchange.principal()),
        revision: exchange.manner.revision,
        capabilities: capabilities.into(),
        client: client.into(),
    };
    if exchange.is_posted() {
        return exchange.use_session(Purpose::Introduce(id, info, result.into_owned()));
    }
    Step::OpenSession(Box::new(OpenSession::of_handshake(exchange, id, info, result)))
}

/// What a notification does to its session.
pub(super) fn deed(message: &Message, limits: &Limits) -> Deed {
    let method = message.bytes(Member::Method).unwrap_or_default();
    match &*method {
        b"notifications/initialized" => Deed::Initialized,
        // CANC-05: what names no request does nothing.
        b"notifications/cancelled" => match message.kind(Member::RequestId) {
            Some(Kind::Integer | Kind::String | Kind::EscapedString) => message
                .json(Member::RequestId)
                .filter(|id| id.len() <= limits.id_bytes_max)
                .map_or(Deed::Nothing, |id| Deed::Cancel(id.into())),
            Some(Kind::Null | Kind::Bool | Kind::Number | Kind::Array | Kind::Object) | None => Deed::Nothing,
        },
        _ => Deed::Nothing,
    }
}

/// What a response says to the question of that id.
pub(super) fn answer(message: &Message, id: RawId) -> Deed {
    #[derive(Deserialize)]
    struct Error {
        #[serde(default)]
        code: i64,
        #[serde(default)]
        message: String,
    }
    let answer = match message.json(Member::Error) {
        None => Answer::Result(message.kept(Member::Result).unwrap_or_default()),
        Some(error) => {
            let Error { code, message } =
                serde_json::from_slice(error).unwrap_or(Error { code: 0, message: String::new() });
            Answer::Error { code, message: cut(&message, ERROR_MESSAGE_BYTES_MAX).into() }
        }
    };
    Deed::Answer(id, answer)
}

/// `resources/subscribe`: of what the caller may read (DT-123).
pub(super) fn subscribe(exchange: &Exchange<'_>, message: &Message) -> Result<Deed, Refusal> {
    let uri = uri(exchange, message)?;
    let needs = exchange.engine.catalog().subscribable(&uri);
    let needs = needs.ok_or_else(|| Refusal::UnknownResource(uri.clone()))?;
    judge_scopes(exchange, &needs)?;
    Ok(Deed::Subscribe(uri, needs))
}

/// `resources/unsubscribe`
pub(super) fn unsubscribe(exchange: &Exchange<'_>, message: &Message) -> Result<Deed, Refusal> {
    uri(exchange, message).map(Deed::Unsubscribe)
}

fn uri(exchange: &Exchange<'_>, message: &Message) -> Result<Box<str>, Refusal> {
    let uri = message.text(Member::Uri).ok_or(Refusal::InvalidParams(ParamsFault::Uri))?;
    if uri.len() > exchange.engine.limits().uri_bytes_max {
        return Err(Refusal::InvalidParams(ParamsFault::UriTooLong));
    }
    Ok(uri.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Deed, deed};
    use crate::{exchange::message::Message, limits::Limits};

    /// LIF-07 and CANC-05: what a notification names is cancelled if a request can have that id; anything else does
    /// nothing.
    #[test]
    fn a_notification_begins_the_session_or_cancels_or_does_nothing() {
        let limits = Limits { id_bytes_max: 8, ..Limits::default() };
        let cancelled = "notifications/cancelled";
        let cancel = |id: &str| Deed::Cancel(id.as_bytes().into());
        let table = [
            ("notifications/initialized", json!({}), Deed::Initialized),
            ("notifications/initialized", json!({"requestId": 7}), Deed::Initialized),
            (cancelled, json!({"requestId": 7}), cancel("7")),
            (cancelled, json!({"requestId": "a"}), cancel(r#""a""#)),
            (cancelled, json!({"requestId": "a\"b"}), cancel(r#""a\"b""#)),
            (cancelled, json!({"requestId": 12_345_678}), cancel("12345678")),
            (cancelled, json!({"requestId": 123_456_789}), Deed::Nothing),
            (cancelled, json!({"requestId": null}), Deed::Nothing),
            (cancelled, json!({"requestId": true}), Deed::Nothing),
            (cancelled, json!({"requestId": 1.5}), Deed::Nothing),
            (cancelled, json!({"requestId": [7]}), Deed::Nothing),
            (cancelled, json!({"requestId": {"id": 7}}), Deed::Nothing),
            (cancelled, json!({}), Deed::Nothing),
            ("notifications/progress", json!({"requestId": 7}), Deed::Nothing),
            ("initialized", json!({}), Deed::Nothing),
        ];
        for (method, params, expected) in table {
            let text = json!({"jsonrpc": "2.0", "method": method, "params": params}).to_string();
            let message = Message::read(text.clone().into()).expect("a message");
            assert_eq!(format!("{:?}", deed(&message, &limits)), format!("{expected:?}"), "{text}");
        }
    }
}
