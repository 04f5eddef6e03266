//! What the body asks for, judged in the order of the specification's checks: JSON, shape, era, then
//! for 2026-07-28 metadata, mirrored headers and version, then method, scope, parameters, target.

use bytes::Bytes;

use super::{
    Exchange, Step,
    audit::Named,
    call::Caller,
    message::{Member, Message},
    mirrored::{Comparison, Mirrored},
    read_body::id_of,
    use_session::{Purpose, UseSession},
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
    revision::Revision,
    time::Now,
};

mod batch;
mod legacy;
mod modern;
mod target;

use self::target::Plan;

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
    if message.root() == Kind::Array && batch::is_of_its_revision(&exchange) {
        return batch::batch(exchange, &message, now);
    }
    match shape(&message, limits) {
        Ok(Shape::Request(id)) => request(exchange, &message, id, now),
        Ok(Shape::Notification) => notification(exchange, &message),
        Ok(Shape::Response(id)) => response(exchange, &message, id),
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
    /// With its id, if it is one and has a result or an error, not both.
    Response(Option<RawId>),
}

/// JR-01, JR-28, DT-21 to DT-27, DT-96: a request or a notification, and nothing else.
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
        let is_one =
            message.has(Member::Result) != message.has(Member::Error) && !message.has(Member::Method);
        return Ok(Shape::Response(id_of(message, limits).filter(|_| is_one)));
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
    if let Some(visit) = &mut exchange.visit {
        visit.posted = Some(id.clone());
    }
    if !exchange.manner.accept.json && !exchange.manner.accept.event_stream {
        return exchange.refuse(Refusal::NotAcceptable, &AnswerId::Known(id));
    }
    // `shape` has seen that the method is a string.
    let method = message.bytes(Member::Method).unwrap_or_default();
    let judged = match era(&exchange, message, &method) {
        Ok(Era::Modern) => modern::ladder(&exchange, message, &method),
        Ok(Era::Legacy(revision)) => {
            exchange.manner.revision = revision;
            legacy::judge(&exchange, message, &method, revision)
        }
        Err(refusal) => Err(refusal),
    };
    let planned =
        judged.and_then(|(method, client)| target::plan(&exchange, message, method, client, &id, now));
    match planned {
        Ok(Plan::Answer(result)) => exchange.answer(jsonrpc::result(&id, &result)),
        Ok(Plan::Handshake(result)) => legacy::shake_hands(exchange, message, id, result),
        Ok(Plan::Deed(deed)) => exchange.use_session(Purpose::Deed(Some(id), deed)),
        Ok(Plan::List(list)) => list.begin(exchange, id, None),
        Ok(Plan::Call(call)) if exchange.session().is_some() => exchange.use_session(Purpose::Call(id, call)),
        Ok(Plan::Call(mut call)) => {
            call.about = exchange.about();
            Step::Call(call)
        }
        Err(refusal) => exchange.refuse(refusal, &AnswerId::Known(id)),
    }
}

/// Whose rules a request is judged by.
enum Era {
    /// It carries its own metadata.
    Modern,
    /// It does not: of this revision, or a handshake that agrees on it.
    Legacy(Revision),
}

/// DT-40 to DT-61: the body decides, by whether it has a protocol version in its metadata (VER-01, VER-08);
/// without one, the header says which revision it is of.
fn era(exchange: &Exchange<'_>, message: &Message, method: &[u8]) -> Result<Era, Refusal> {
    let is_handshake = method == b"initialize";
    let field = &exchange.mirrored.version;
    if message.has(Member::ProtocolVersion) {
        if !(is_handshake && names_legacy(message)) {
            return exchange.judge_modern().map(|()| Era::Modern);
        }
    } else if field.is_repeated() {
        return Err(Refusal::HeaderMismatch(Mirror::ProtocolVersion));
    } else if field.is_modern() {
        exchange.judge_modern()?;
        // DT-48 to DT-50, DT-60: incomplete, or a contradiction.
        return Err(match (is_handshake, message.kind(Member::Meta)) {
            (true, _) => Refusal::HeaderMismatch(Mirror::ProtocolVersion),
            (false, Some(Kind::Object)) => Refusal::Envelope(EnvelopeFault::ProtocolVersion),
            (false, _) => Refusal::Envelope(EnvelopeFault::Meta),
        });
    }
    let mode = exchange.engine.mode();
    let agreed = if is_handshake { Some(legacy::agreed(message)) } else { field.legacy() };
    if agreed.is_some()
        && let Some(revision) = legacy::of_session(exchange, is_handshake)?
    {
        legacy::judge_introduction(exchange, method)?;
        return Ok(Era::Legacy(revision));
    }
    agreed.filter(|_| mode.serves_legacy()).map(Era::Legacy).ok_or_else(|| {
        // HTTP-31, DT-59, DT-133: what is served, and what was asked for.
        let requested = if is_handshake {
            message.bytes(Member::HandshakeVersion).or_else(|| message.bytes(Member::ProtocolVersion))
        } else {
            field.named().map(|version| version.as_bytes().into())
        };
        let requested = requested.and_then(|version| echoed(&version, exchange.engine.limits()));
        Refusal::UnsupportedVersion { supported: mode.revisions(), requested }
    })
}

/// DT-53, VER-09: a handshake of an older revision, whatever else it carries.
fn names_legacy(message: &Message) -> bool {
    message
        .bytes(Member::ProtocolVersion)
        .and_then(|version| Revision::from_name(&version))
        .is_some_and(|revision| !revision.is_modern())
}

/// A requested version, if it is short enough to repeat (VER-07).
fn echoed(version: &[u8], limits: &Limits) -> Option<Box<str>> {
    let version = std::str::from_utf8(version).ok()?;
    (version.len() <= limits.echoed_version_bytes_max).then(|| version.into())
}

/// DIS-05, ERR-10: the method, if requests of this revision have it and its capability is offered.
fn offered(engine: &Engine, name: &[u8], revision: Revision) -> Result<Method, Refusal> {
    Method::from_name(name)
        .filter(|method| method.is_of(revision) && engine.offers(*method))
        .ok_or(Refusal::MethodNotFound)
}

/// PROG-05: without a token too.
fn has_usable_progress_token(message: &Message, limits: &Limits) -> bool {
    match message.kind(Member::ProgressToken) {
        None => true,
        Some(Kind::Integer | Kind::String | Kind::EscapedString) => {
            message.json(Member::ProgressToken).is_some_and(|token| token.len() <= limits.id_bytes_max)
        }
        Some(Kind::Null | Kind::Bool | Kind::Number | Kind::Array | Kind::Object) => false,
    }
}

/// DT-91 to DT-95, DT-118, DT-135: accepted and without effect. 2026-07-28 defines no notification that
/// a client would POST, and without a session none can be about an earlier request (CANC-09, JR-07).
fn notification<'e>(exchange: Exchange<'e>, message: &Message) -> Step<'e> {
    let judged = if message.has(Member::ProtocolVersion) {
        exchange
            .judge_modern()
            .and_then(|()| modern::metadata(message, exchange.engine.limits()).map_err(Refusal::Envelope))
            .and_then(|_| notification_headers(&exchange.mirrored, message))
    } else {
        notification_version(&exchange)
    };
    match judged {
        // One of 2026-07-28 has nothing to do with a session.
        Ok(()) if exchange.session().is_some() && !message.has(Member::ProtocolVersion) => {
            if message.bytes(Member::Method).as_deref() == Some(b"initialize") {
                return exchange.refuse(Refusal::AlreadyInitialized, &AnswerId::Omitted);
            }
            let deed = legacy::deed(message, exchange.engine.limits());
            exchange.use_session(Purpose::Deed(None, deed))
        }
        Ok(()) => exchange.acknowledge(),
        // HTTP-12: what answers a notification has no id.
        Err(refusal) => exchange.refuse(refusal, &AnswerId::Omitted),
    }
}

/// HTTP-34, DT-59, DT-64: a version that nobody knows is refused whatever carries it.
fn notification_version(exchange: &Exchange<'_>) -> Result<(), Refusal> {
    let field = &exchange.mirrored.version;
    if field.is_repeated() {
        return Err(Refusal::HeaderMismatch(Mirror::ProtocolVersion));
    }
    if field.is_modern() {
        return exchange.judge_modern();
    }
    if field.legacy().is_some() {
        return legacy::of_session(exchange, false).map(|_| ());
    }
    Err(exchange.unsupported_field())
}

/// DT-32, DT-96, DT-118: what a client answers is for the session that asked.
fn response<'e>(exchange: Exchange<'e>, message: &Message, id: Option<RawId>) -> Step<'e> {
    let unreadable = exchange.mirrored.version.unreadable_id();
    let answer_id = id_of(message, exchange.engine.limits()).map_or(unreadable, AnswerId::Known);
    let is_modern = message.has(Member::ProtocolVersion) || exchange.mirrored.version.is_modern();
    if exchange.session().is_none() && !is_modern && exchange.engine.sessions().is_some() {
        return exchange.refuse(Refusal::SessionIdMissing, &answer_id);
    }
    if exchange.session().is_none() || is_modern {
        return exchange.refuse(Refusal::InvalidRequest(RequestFault::Response), &answer_id);
    }
    let judged = notification_version(&exchange)
        .and_then(|()| id.ok_or(Refusal::InvalidRequest(RequestFault::ResponseShape)));
    match judged {
        Ok(id) => {
            let deed = legacy::answer(message, id);
            exchange.use_session(Purpose::Deed(None, deed))
        }
        Err(refusal) => exchange.refuse(refusal, &answer_id),
    }
}

impl<'e> Exchange<'e> {
    fn use_session(self, purpose: Purpose<'e>) -> Step<'e> {
        Step::UseSession(Box::new(UseSession::new(self, purpose)))
    }

    /// A message of 2026-07-28 belongs to no session: it has to prove itself who it comes from, and comes to
    /// the endpoint.
    fn judge_modern(&self) -> Result<(), Refusal> {
        if self.visit.as_ref().is_some_and(|visit| !visit.is_verified()) {
            return Err(Refusal::Unauthenticated);
        }
        if self.is_posted() {
            return Err(Refusal::InvalidRequest(RequestFault::ModernOnLegacy));
        }
        Ok(())
    }

    /// DT-59, HTTP-34: what the version field names is not served.
    pub(super) fn unsupported_field(&self) -> Refusal {
        let field = &self.mirrored.version;
        let requested = field.named().and_then(|version| echoed(version.as_bytes(), self.engine.limits()));
        Refusal::UnsupportedVersion { supported: self.engine.mode().revisions(), requested }
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

/// DT-79, TOOL-12, PRMT-05, CMPL-04: the scopes of the endpoint and of what is named (AUTH-22: all that are needed, at
/// once).
fn judge_scopes(exchange: &Exchange<'_>, needs: &Requirement) -> Result<(), Refusal> {
    let caller = exchange.caller.as_ref().map(Caller::principal);
    if exchange.engine.auth().permits(caller, needs) {
        Ok(())
    } else {
        Err(Refusal::InsufficientScope(needs.scopes().clone()))
    }
}

impl Engine {
    /// DIS-05, ERR-10: a method is offered when its capability is (TOOL-02, RSRC-02, PRMT-02); discovery always is
    /// (DIS-01, VER-03).
    fn offers(&self, method: Method) -> bool {
        let catalog = self.catalog();
        match method {
            Method::Initialize | Method::Ping | Method::SetLevel | Method::Discover => true,
            Method::ToolsList | Method::ToolsCall => catalog.has_tools(),
            Method::ResourcesList | Method::ResourceTemplatesList | Method::ResourcesRead => {
                catalog.has_resources()
            }
            Method::Subscribe | Method::Unsubscribe => self.sessions().is_some() && catalog.has_resources(),
            Method::PromptsList | Method::PromptsGet => catalog.has_prompts(),
            Method::Complete => catalog.has_completions(),
        }
    }
}
