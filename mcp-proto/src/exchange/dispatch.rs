//! What the body asks for, judged in the order of the specification's checks: JSON, shape,
//! metadata, mirrored headers, version, method, scope, parameters, target.

use bytes::Bytes;
use http::StatusCode;

use super::{
    Exchange, Step,
    audit::Named,
    call::{Caller, ClientFacts, LogLevel},
    message::{Member, Message},
    mirrored::{Comparison, Mirrored},
    read_body::id_of,
};
use crate::{
    auth::scope::Requirement,
    engine::Engine,
    jsonrpc::{
        self, AnswerId, RawId,
        strict::{Fault, Kind},
    },
    limits::Limits,
    method::Method,
    refusal::{EnvelopeFault, Mirror, ParseFault, Refusal, RequestFault},
    response::{Fields, Response},
    revision::Revision,
    time::Now,
};

mod target;

/// Reads the body and decides what it comes to.
pub(super) fn dispatch(exchange: Exchange<'_>, body: Bytes, now: Now) -> Step<'_> {
    let message = match Message::read(body) {
        Ok(message) => message,
        Err(fault) => {
            let fault = match fault {
                Fault::TooLong | Fault::NotUtf8 | Fault::Syntax => ParseFault::Syntax,
                Fault::TooDeep => ParseFault::TooDeep,
            };
            return exchange.refuse_without_id(Refusal::ParseError(fault));
        }
    };
    let limits = exchange.engine.limits();
    match shape(&message, limits) {
        Ok(Shape::Request(id)) => request(exchange, &message, id, now),
        Ok(Shape::Notification) => notification(exchange, &message),
        Err(fault) => {
            let id = id_of(&message, limits)
                .map_or_else(|| exchange.mirrored.version.unreadable_id(), AnswerId::Known);
            exchange.refuse(Refusal::InvalidRequest(fault), &id)
        }
    }
}

/// What a message is.
enum Shape {
    Request(RawId),
    Notification,
}

/// DT-21 to DT-27, DT-96: a request or a notification, and nothing else.
fn shape(message: &Message, limits: &Limits) -> Result<Shape, RequestFault> {
    match message.root() {
        Kind::Object => {}
        Kind::Array => return Err(RequestFault::Batch),
        Kind::Null | Kind::Bool | Kind::Integer | Kind::Number | Kind::String | Kind::EscapedString => {
            return Err(RequestFault::NotAnObject);
        }
    }
    if message.values() > limits.body_values_max {
        return Err(RequestFault::TooManyValues);
    }
    if message.has_duplicate() {
        return Err(RequestFault::DuplicateMember);
    }
    if message.bytes(Member::JsonRpc).as_deref() != Some(b"2.0") {
        return Err(RequestFault::Version);
    }
    if message.has(Member::Result) || message.has(Member::Error) {
        return Err(RequestFault::Response);
    }
    if message.bytes(Member::Method).is_none() {
        return Err(RequestFault::Method);
    }
    let shape = match message.json(Member::Id) {
        None => Shape::Notification,
        Some(id) if id.len() > limits.id_bytes_max => return Err(RequestFault::IdTooLong),
        Some(_) => Shape::Request(id_of(message, limits).ok_or(RequestFault::Id)?),
    };
    match message.kind(Member::Params) {
        None | Some(Kind::Object) => Ok(shape),
        Some(_) => Err(RequestFault::Params),
    }
}

/// A request: every check in order, then an answer or a call.
fn request<'e>(mut exchange: Exchange<'e>, message: &Message, id: RawId, now: Now) -> Step<'e> {
    if exchange.engine.keeps_records() {
        exchange.named = Named::of(message).map(Box::new);
    }
    if !exchange.manner.accept.json && !exchange.manner.accept.event_stream {
        return exchange.refuse(Refusal::NotAcceptable, &AnswerId::Known(id));
    }
    let planned = ladder(&exchange, message)
        .and_then(|(method, client)| target::plan(&exchange, message, method, client, &id, now));
    match planned {
        Ok(target::Plan::Answer(result)) => {
            let mut out = jsonrpc::begin_result(&id, result.len().saturating_add(1));
            out.extend_from_slice(&result);
            jsonrpc::end_result(&mut out);
            exchange.answer(out)
        }
        Ok(target::Plan::List(list)) => list.begin(exchange, id),
        Ok(target::Plan::Call(mut call)) => {
            call.about = exchange.about();
            Step::Call(call)
        }
        Err(refusal) => exchange.refuse(refusal, &AnswerId::Known(id)),
    }
}

/// DT-91 to DT-95, DT-135: accepted and without effect; 2026-07-28 defines no notification that a
/// client would POST (CANC-09).
fn notification<'e>(mut exchange: Exchange<'e>, message: &Message) -> Step<'e> {
    let judged = if message.has(Member::ProtocolVersion) {
        metadata(message, exchange.engine.limits())
            .map_err(Refusal::Envelope)
            .and_then(|_| notification_headers(&exchange.mirrored, message))
    } else {
        Ok(())
    };
    match judged {
        Ok(()) => {
            let about = exchange.about();
            let fields = Fields { cors: exchange.manner.cors, ..Fields::default() };
            Step::Respond(Response { about, ..Response::empty(StatusCode::ACCEPTED, fields) })
        }
        // HTTP-12: what answers a notification has no id.
        Err(refusal) => exchange.refuse(refusal, &AnswerId::Omitted),
    }
}

/// DT-92, AMB-29: a notification need not mirror anything, but must not contradict itself.
fn notification_headers(mirrored: &Mirrored, message: &Message) -> Result<(), Refusal> {
    let version = message.bytes(Member::ProtocolVersion).unwrap_or_default();
    let method = message.bytes(Member::Method).unwrap_or_default();
    if mirrored.version.compare(&version) == Comparison::Different {
        return Err(Refusal::HeaderMismatch(Mirror::ProtocolVersion));
    }
    if mirrored.compare_method(&method) == Comparison::Different {
        return Err(Refusal::HeaderMismatch(Mirror::Method));
    }
    Ok(())
}

/// The checks that every request of 2026-07-28 passes, in order (requirements DT-70 to DT-78).
fn ladder(exchange: &Exchange<'_>, message: &Message) -> Result<(Method, ClientFacts), Refusal> {
    let mirrored = &exchange.mirrored;
    let limits = exchange.engine.limits();
    // `shape` has seen that the method is a string.
    let method = message.bytes(Member::Method).unwrap_or_default();
    let Some(_) = message.kind(Member::ProtocolVersion) else {
        return Err(without_metadata(exchange, message, &method));
    };
    if *method == *b"initialize" && names_legacy(message) {
        let requested =
            message.bytes(Member::HandshakeVersion).or_else(|| message.bytes(Member::ProtocolVersion));
        return Err(Refusal::UnsupportedVersion(requested.and_then(|version| echoed(&version, limits))));
    }
    let metadata = metadata(message, limits).map_err(Refusal::Envelope)?;
    if mirrored.version.compare(&metadata.version) == Comparison::Different {
        return Err(Refusal::HeaderMismatch(Mirror::ProtocolVersion));
    }
    if mirrored.compare_method(&method) == Comparison::Different {
        return Err(Refusal::HeaderMismatch(Mirror::Method));
    }
    let Some(revision) = served(&metadata.version) else {
        return Err(Refusal::UnsupportedVersion(echoed(&metadata.version, limits)));
    };
    if mirrored.version.compare(&metadata.version) == Comparison::Absent {
        return Err(Refusal::HeaderMismatch(Mirror::ProtocolVersion));
    }
    if mirrored.compare_method(&method) == Comparison::Absent {
        return Err(Refusal::HeaderMismatch(Mirror::Method));
    }
    let method = Method::from_name(&method);
    compare_name(mirrored, message, method)?;
    let method = method.filter(|method| exchange.engine.offers(*method)).ok_or(Refusal::MethodNotFound)?;
    Ok((method, metadata.into_facts(message, revision)))
}

/// DT-53, VER-09: a handshake of an older revision, whatever else it carries.
fn names_legacy(message: &Message) -> bool {
    message
        .bytes(Member::ProtocolVersion)
        .and_then(|version| Revision::from_name(&version))
        .is_some_and(|revision| !revision.is_modern())
}

fn served(version: &[u8]) -> Option<Revision> {
    Revision::SERVED.into_iter().find(|revision| revision.as_str().as_bytes() == version)
}

/// DT-76, DT-77: `Mcp-Name` is required where the body names something (HDR-03).
fn compare_name(mirrored: &Mirrored, message: &Message, method: Option<Method>) -> Result<(), Refusal> {
    let named = match method {
        Some(Method::ToolsCall | Method::PromptsGet) => message.text(Member::Name),
        Some(Method::ResourcesRead) => message.text(Member::Uri),
        Some(
            Method::Discover
            | Method::ToolsList
            | Method::ResourcesList
            | Method::ResourceTemplatesList
            | Method::PromptsList
            | Method::Complete,
        )
        | None => None,
    };
    match named {
        Some(name) if mirrored.compare_name(&name) != Comparison::Equal => {
            Err(Refusal::HeaderMismatch(Mirror::Name))
        }
        Some(_) | None => Ok(()),
    }
}

/// A request without a protocol version in its metadata: an incomplete modern one (DT-48 to
/// DT-50, DT-60), or one of an older revision, which is told what is served (HTTP-31, DT-133).
fn without_metadata(exchange: &Exchange<'_>, message: &Message, method: &[u8]) -> Refusal {
    let field = &exchange.mirrored.version;
    if field.is_repeated() {
        return Refusal::HeaderMismatch(Mirror::ProtocolVersion);
    }
    if field.is_modern() {
        return match (method, message.kind(Member::Meta)) {
            (b"initialize", _) => Refusal::HeaderMismatch(Mirror::ProtocolVersion),
            (_, Some(Kind::Object)) => Refusal::Envelope(EnvelopeFault::ProtocolVersion),
            (_, _) => Refusal::Envelope(EnvelopeFault::Meta),
        };
    }
    let limits = exchange.engine.limits();
    let requested = match method {
        b"initialize" => message.bytes(Member::HandshakeVersion),
        _ => field.named().map(|version| version.as_bytes().into()),
    };
    Refusal::UnsupportedVersion(requested.and_then(|version| echoed(&version, limits)))
}

/// A requested version, if it is short enough to repeat (VER-07).
fn echoed(version: &[u8], limits: &Limits) -> Option<Box<str>> {
    let version = std::str::from_utf8(version).ok()?;
    (version.len() <= limits.echoed_version_bytes_max).then(|| version.into())
}

/// The metadata that a request of 2026-07-28 carries.
struct Metadata<'m> {
    version: std::borrow::Cow<'m, [u8]>,
    log_level: Option<LogLevel>,
}

impl Metadata<'_> {
    fn into_facts(self, message: &Message, revision: Revision) -> ClientFacts {
        ClientFacts {
            revision,
            log_level: self.log_level,
            meta: message.kept(Member::Meta).unwrap_or_default(),
        }
    }
}

/// DT-46, DT-47, DT-70: complete and well typed (META-07, META-15).
fn metadata<'m>(message: &'m Message, limits: &Limits) -> Result<Metadata<'m>, EnvelopeFault> {
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
    match message.kind(Member::ProgressToken) {
        None => {}
        Some(Kind::Integer | Kind::String | Kind::EscapedString)
            if message
                .json(Member::ProgressToken)
                .is_some_and(|token| token.len() <= limits.id_bytes_max) => {}
        Some(_) => return Err(EnvelopeFault::ProgressToken),
    }
    Ok(Metadata { version, log_level })
}

/// DT-79: the scopes of the endpoint and of what is named (AUTH-22: all that are needed, at once).
fn judge_scopes(exchange: &Exchange<'_>, needs: &Requirement) -> Result<(), Refusal> {
    let caller = exchange.caller.as_ref().map(Caller::principal);
    if exchange.engine.auth().permits(caller, needs) {
        Ok(())
    } else {
        Err(Refusal::InsufficientScope(needs.scopes().clone()))
    }
}

impl Engine {
    /// DIS-05, ERR-10: a method is offered when its capability is.
    fn offers(&self, method: Method) -> bool {
        let catalog = self.catalog();
        match method {
            Method::Discover => true,
            Method::ToolsList | Method::ToolsCall => catalog.has_tools(),
            Method::ResourcesList | Method::ResourceTemplatesList | Method::ResourcesRead => {
                catalog.has_resources()
            }
            Method::PromptsList | Method::PromptsGet => catalog.has_prompts(),
            Method::Complete => catalog.has_completions(),
        }
    }
}
