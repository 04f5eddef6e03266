//! Every way an exchange can end without success: one enum, one place for status, code and text.
//!
//! A refusal never repeats what the peer sent, but for a requested protocol version and a
//! requested resource URI, which the specification asks for and which are written as JSON.

use http::{HeaderValue, StatusCode};

use crate::{
    auth::{AuthPolicy, Scheme, scope::Scopes},
    exchange::Manner,
    jsonrpc::{self, AnswerId, ErrorObject, RawId, code},
    jws::{Denial, dpop::ProofDenial},
    response::{Allow, ContentType, Cors, Fields, Payload, Response, Rule},
    revision::Revision,
    session::Crowded,
};

/// What a peer is told instead of a result. Grouped by who is at fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Peer: the message can be read in two ways, so that a proxy in front may have read another
    /// one. The connection ends with the answer.
    AmbiguousFraming,
    /// Peer: not exactly one `Host` (RFC 9112 section 3.2). The connection ends with the answer.
    HostNotSingular,
    /// Peer: the path is no target of this server (DT-01).
    UnknownPath,
    /// Peer: the `Host` is unreadable or not allowed (DT-03).
    HostNotAllowed,
    /// Peer: the `Origin` is repeated, unreadable or not allowed (DT-02).
    OriginNotAllowed,
    /// Peer: the target does not understand the HTTP method (DT-05).
    VerbNotAllowed(Allow),
    /// Peer: credentials that are not one well-formed bearer token (DT-07, RFC6750-06).
    MalformedCredentials(CredentialFault),
    /// Peer: no credentials (DT-06).
    Unauthenticated,
    /// Peer: a token that is not good here (DT-08).
    InvalidToken(Denial),
    /// Peer: the proof that the sender holds the token's key is not good (XDPOP-03).
    InvalidProof(ProofDenial),
    /// Peer: the proof needs a nonce of ours; here is one (RFC 9449 section 9).
    NonceNeeded(Box<HeaderValue>),
    /// Peer: the application's verifier accepted nothing that the request brought.
    Rejected {
        /// It brought no `Authorization`.
        anonymous: bool,
    },
    /// The application's verifier failed. Not told from a refusal but by its text, and nobody gets
    /// in.
    VerifierFailed {
        /// The request brought no `Authorization`.
        anonymous: bool,
    },
    /// Peer: a good token without the scopes that the operation needs (DT-09, DT-79).
    InsufficientScope(Scopes),
    /// Peer: the body is not announced as JSON (DT-10).
    UnsupportedMediaType,
    /// Peer: the body is larger than [`crate::limits::Limits::body_bytes_max`] (DT-11).
    BodyTooLarge,
    /// Peer: the body did not arrive in time.
    BodyTimedOut,
    /// Peer: the body ended before it was complete.
    BodyAborted,
    /// Peer: no media type that could be sent is accepted (DT-12).
    NotAcceptable,
    /// Peer: what was asked for is an event stream, and no such thing is accepted (DT-126).
    EventStreamNotAccepted,
    /// Peer: the body is not JSON (DT-20).
    ParseError(ParseFault),
    /// Peer: the body is JSON but no request or notification (DT-21 to DT-27, DT-96).
    InvalidRequest(RequestFault),
    /// Peer: the metadata of a modern request is missing or malformed (DT-46 to DT-49, DT-70).
    Envelope(EnvelopeFault),
    /// Peer: a header field does not mirror the body (HDR-11, DT-71, DT-72, DT-74 to DT-76, DT-83).
    HeaderMismatch(Mirror),
    /// Peer: the protocol version is not served (DT-59, DT-73, DT-133).
    UnsupportedVersion {
        /// What it may ask for instead.
        supported: &'static [Revision],
        /// What it asked for, where it said so.
        requested: Option<Box<str>>,
    },
    /// Peer: the method is unknown or its capability is not offered (DT-78).
    MethodNotFound,
    /// Peer: the parameters do not fit the method (DT-81).
    InvalidParams(ParamsFault),
    /// Peer: the arguments do not fit the tool's schema, in a revision that has a protocol error for
    /// it (ERR-22); what is wrong with them.
    InvalidArguments(Box<str>),
    /// Peer: there is no such tool, prompt or completion (DT-82).
    UnknownTarget(TargetKind),
    /// Peer: there is no such resource; the URI asked for (ERR-16, ERR-17).
    UnknownResource(Box<str>),
    /// Peer: the call needs client capabilities that it does not declare (DT-87).
    MissingClientCapability(Box<str>),
    /// Server: whether the token is good cannot be found out now.
    Unavailable(Outage),
    /// Peer: the request needs a session and names none (SES-04, DT-55).
    SessionIdMissing,
    /// Peer: more than one session is named.
    SessionIdRepeated,
    /// Peer: no session of this caller has that id, or no longer (SES-06, SES-07, DT-115, DT-116).
    SessionNotFound,
    /// Peer: the session has had its handshake (LIF-15, DT-113).
    AlreadyInitialized,
    /// Peer: the session never had the event that its stream is to be resumed from (AMB-19).
    UnknownEvent,
    /// Peer: as many streams of the session as there may be are open.
    TooManyStreams,
    /// There is no room for one more session.
    Crowded(Crowded),
    /// Peer: the client cancelled the call.
    Cancelled,
    /// Server: too many calls are running, in total or for this caller.
    Overloaded,
    /// Server: the handler took longer than [`crate::limits::Timeouts::call_micros`].
    TimedOut,
    /// Server: something failed that the peer cannot help (DT-88).
    Internal,
}

/// What is wrong with the credentials of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CredentialFault {
    /// `Authorization` was sent more than once.
    Repeated,
    /// Not `Bearer`, one space, one token.
    Malformed,
    /// An `access_token` in the query, which MCP forbids (AUTH-04).
    InQuery,
}

/// Why a body is not JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ParseFault {
    /// Not JSON text in UTF-8.
    Syntax,
    /// More than [`jsonrpc::strict::DEPTH_MAX`] containers inside one another.
    TooDeep,
}

/// Why a JSON body is no request and no notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RequestFault {
    /// Neither an object nor an array.
    NotAnObject,
    /// An array: the request's revision has no batches, or has them on other terms.
    Batch,
    /// A batch of nothing.
    EmptyBatch,
    /// A batch of more than [`crate::limits::Limits::batch_items_max`].
    BatchTooLong,
    /// The answers before this one in a batch have more than
    /// [`crate::limits::Limits::batch_answer_bytes_max`].
    BatchAnswers,
    /// Something in a batch that is no request and no notification, or is one that only comes alone.
    BatchItem,
    /// A member name stands twice in one object.
    DuplicateMember,
    /// More values than [`crate::limits::Limits::body_values_max`].
    TooManyValues,
    /// `jsonrpc` is not exactly `"2.0"`.
    Version,
    /// `method` is missing or no string.
    Method,
    /// `id` is no string and no integer.
    Id,
    /// `id` is longer than [`crate::limits::Limits::id_bytes_max`].
    IdTooLong,
    /// `params` is no object.
    Params,
    /// A response: this server asks clients nothing.
    Response,
    /// A response with both or neither of a result and an error.
    ResponseShape,
    /// The id is that of a call that runs in the session (JR-06, DT-122).
    IdInUse,
    /// A request of a revision that this transport does not have.
    ModernOnLegacy,
    /// A request before the handshake (LIF-01).
    NotIntroduced,
}

/// What is wrong with the metadata of a modern request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EnvelopeFault {
    /// `_meta` is missing or no object.
    Meta,
    /// `io.modelcontextprotocol/protocolVersion` is missing or no string.
    ProtocolVersion,
    /// `io.modelcontextprotocol/clientCapabilities` is missing or no object.
    ClientCapabilities,
    /// `io.modelcontextprotocol/clientInfo` is no object.
    ClientInfo,
    /// `io.modelcontextprotocol/logLevel` is no known level (ERR-20).
    LogLevel,
    /// `progressToken` is no string and no integer.
    ProgressToken,
}

/// A header field that mirrors the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mirror {
    /// `MCP-Protocol-Version`
    ProtocolVersion,
    /// `Mcp-Method`
    Method,
    /// `Mcp-Name`
    Name,
    /// An `Mcp-Param-*` field
    Param,
}

/// What is wrong with the parameters of a known method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ParamsFault {
    /// `name` is missing or no string.
    Name,
    /// `uri` is missing or no string.
    Uri,
    /// `uri` is longer than [`crate::limits::Limits::uri_bytes_max`].
    UriTooLong,
    /// `arguments` is no object, or of a prompt: no object of strings.
    Arguments,
    /// A prompt argument that is required is missing (ERR-15).
    MissingArgument,
    /// `cursor` is not one that this server gave out (ERR-18).
    Cursor,
    /// `ref` is missing or malformed.
    Reference,
    /// `argument` is missing or malformed.
    Argument,
    /// `context` is malformed.
    Context,
    /// `protocolVersion` of a handshake is missing or no string.
    ProtocolVersion,
    /// `capabilities` of a handshake is missing or no object.
    Capabilities,
    /// `clientInfo` of a handshake is missing or no object.
    ClientInfo,
    /// What a client says of itself in a handshake is longer than
    /// [`crate::session::SessionPolicy::handshake_bytes_max`].
    HandshakeTooLong,
    /// The session is subscribed to as many resources as it may be.
    TooManySubscriptions,
    /// `level` is no known level (ERR-19).
    Level,
    /// `_meta` is no object.
    Meta,
    /// `progressToken` is no string and no integer, or longer than
    /// [`crate::limits::Limits::id_bytes_max`].
    ProgressToken,
}

/// What a request named that does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TargetKind {
    /// A tool (ERR-21).
    Tool,
    /// A prompt (ERR-15).
    Prompt,
    /// Something to complete (ERR-14).
    Completion,
}

/// Why the verifier has no answer. Never a reason to let anyone in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outage {
    /// The issuer's keys are not there.
    KeysUnavailable,
    /// The verifier did not answer in time.
    TimedOut,
    /// The verifier says so, or gave no answer that its policy has a use for.
    VerifierUnavailable,
    /// The issuer does not answer questions about tokens.
    IntrospectionUnavailable,
    /// Too many tokens are being verified.
    Overloaded,
}

/// Seconds after which a refused client may try again.
const RETRY_AFTER_SECONDS: u32 = 5;

impl Refusal {
    /// Whether it is about who the caller is, and not about what the caller may do.
    pub(crate) fn is_unauthenticated(&self) -> bool {
        // The code is the same in all revisions.
        self.code(Revision::V2026_07_28) == Some(code::UNAUTHORIZED)
    }

    /// The HTTP status, while no stream is open, for a client of this revision (AUTH-18).
    #[must_use]
    pub fn status(&self, revision: Revision) -> StatusCode {
        match self {
            // AMB-28: before 2026-07-28, which has ERR-11, it is an answer like any other (DT-121).
            Self::MethodNotFound if !revision.is_modern() => StatusCode::OK,
            Self::UnknownPath | Self::MethodNotFound | Self::SessionNotFound => StatusCode::NOT_FOUND,
            Self::TooManyStreams | Self::Crowded(Crowded::Principal) => StatusCode::TOO_MANY_REQUESTS,
            Self::HostNotAllowed | Self::OriginNotAllowed | Self::InsufficientScope(_) => {
                StatusCode::FORBIDDEN
            }
            Self::VerbNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Unauthenticated
            | Self::InvalidToken(_)
            | Self::InvalidProof(_)
            | Self::NonceNeeded(_)
            | Self::Rejected { .. }
            | Self::VerifierFailed { .. } => StatusCode::UNAUTHORIZED,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyTimedOut => StatusCode::REQUEST_TIMEOUT,
            Self::NotAcceptable | Self::EventStreamNotAccepted => StatusCode::NOT_ACCEPTABLE,
            // ERR-12 and AMB-02: what is found before a handler is chosen is a 400, …
            Self::AmbiguousFraming
            | Self::HostNotSingular
            | Self::MalformedCredentials(_)
            | Self::BodyAborted
            | Self::ParseError(_)
            | Self::InvalidRequest(_)
            | Self::Envelope(_)
            | Self::HeaderMismatch(_)
            | Self::UnsupportedVersion { .. }
            | Self::SessionIdMissing
            | Self::SessionIdRepeated
            | Self::AlreadyInitialized
            | Self::UnknownEvent
            | Self::MissingClientCapability(_) => StatusCode::BAD_REQUEST,
            // … what is found about what the request names is an answer like any other.
            Self::InvalidParams(_)
            | Self::InvalidArguments(_)
            | Self::UnknownTarget(_)
            | Self::UnknownResource(_)
            | Self::Cancelled
            | Self::TimedOut
            | Self::Internal => StatusCode::OK,
            Self::Unavailable(_) | Self::Overloaded | Self::Crowded(Crowded::Server) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }

    /// The JSON-RPC error code for a client of this revision; `None` where the answer has no JSON-RPC
    /// body (BC-02).
    #[must_use]
    pub fn code(&self, revision: Revision) -> Option<i32> {
        Some(match self {
            Self::UnknownPath | Self::AmbiguousFraming | Self::HostNotSingular => return None,
            Self::Unauthenticated
            | Self::InvalidToken(_)
            | Self::InvalidProof(_)
            | Self::NonceNeeded(_)
            | Self::Rejected { .. }
            | Self::VerifierFailed { .. } => code::UNAUTHORIZED,
            Self::HostNotAllowed
            | Self::OriginNotAllowed
            | Self::VerbNotAllowed(_)
            | Self::MalformedCredentials(_)
            | Self::InsufficientScope(_)
            | Self::UnsupportedMediaType
            | Self::BodyTooLarge
            | Self::BodyTimedOut
            | Self::BodyAborted
            | Self::NotAcceptable
            | Self::EventStreamNotAccepted
            | Self::SessionIdMissing
            | Self::SessionIdRepeated
            | Self::AlreadyInitialized
            | Self::UnknownEvent
            | Self::InvalidRequest(_) => code::INVALID_REQUEST,
            Self::SessionNotFound => code::SESSION_NOT_FOUND,
            Self::ParseError(_) => code::PARSE_ERROR,
            Self::UnknownResource(_) if !revision.is_modern() => code::RESOURCE_NOT_FOUND,
            Self::Envelope(_)
            | Self::InvalidParams(_)
            | Self::InvalidArguments(_)
            | Self::UnknownTarget(_)
            | Self::UnknownResource(_) => code::INVALID_PARAMS,
            Self::HeaderMismatch(_) => code::HEADER_MISMATCH,
            Self::UnsupportedVersion { .. } => code::UNSUPPORTED_PROTOCOL_VERSION,
            Self::MethodNotFound => code::METHOD_NOT_FOUND,
            Self::MissingClientCapability(_) => code::MISSING_CLIENT_CAPABILITY,
            Self::Unavailable(_)
            | Self::TooManyStreams
            | Self::Crowded(_)
            | Self::Cancelled
            | Self::Overloaded
            | Self::TimedOut
            | Self::Internal => code::INTERNAL_ERROR,
        })
    }

    /// The error message: one sentence (JR-14), fixed but for what is wrong with a tool's arguments.
    #[must_use]
    pub fn message(&self) -> &str {
        match self {
            Self::AmbiguousFraming | Self::HostNotSingular => "Bad request",
            Self::UnknownPath => "Not found",
            Self::HostNotAllowed => "Forbidden: this Host is not allowed",
            Self::OriginNotAllowed => "Forbidden: this Origin is not allowed",
            Self::VerbNotAllowed(_) => "Method not allowed",
            Self::MalformedCredentials(fault) => fault.message(),
            Self::Unauthenticated => "Unauthorized: Authentication required",
            Self::InvalidToken(_) | Self::InvalidProof(_) | Self::NonceNeeded(_) | Self::Rejected { .. } => {
                "Unauthorized: Authentication failed"
            }
            Self::VerifierFailed { .. } => "Unauthorized: Authentication error",
            Self::InsufficientScope(_) => "Forbidden: the token lacks a scope that is needed here",
            Self::UnsupportedMediaType => "Unsupported media type: Content-Type must be application/json",
            Self::BodyTooLarge => "The request body is too large",
            Self::BodyTimedOut => "The request body did not arrive in time",
            Self::BodyAborted => "The request body is incomplete",
            Self::NotAcceptable => {
                "Not acceptable: the client must accept application/json or text/event-stream"
            }
            Self::EventStreamNotAccepted => "Not acceptable: the client must accept text/event-stream",
            Self::ParseError(ParseFault::Syntax) => "Parse error: the body is not valid JSON",
            Self::ParseError(ParseFault::TooDeep) => "Parse error: the body is nested too deeply",
            Self::InvalidRequest(fault) => fault.message(),
            Self::Envelope(fault) => fault.message(),
            Self::HeaderMismatch(mirror) => mirror.message(),
            Self::UnsupportedVersion { .. } => "Unsupported protocol version",
            Self::MethodNotFound => "Method not found",
            Self::InvalidParams(fault) => fault.message(),
            Self::InvalidArguments(violation) => violation,
            Self::UnknownTarget(TargetKind::Tool) => "Unknown tool",
            Self::UnknownTarget(TargetKind::Prompt) => "Unknown prompt",
            Self::UnknownTarget(TargetKind::Completion) => "Nothing to complete by that reference",
            Self::UnknownResource(_) => "Resource not found",
            Self::MissingClientCapability(_) => "The client lacks a capability that is needed here",
            Self::Unavailable(_) => "Credentials cannot be verified at the moment",
            Self::SessionIdMissing => "Bad request: Mcp-Session-Id is missing",
            Self::SessionIdRepeated => "Bad request: more than one session id",
            Self::SessionNotFound => "Session not found",
            Self::AlreadyInitialized => "Invalid request: Server already initialized",
            Self::UnknownEvent => "Bad request: Last-Event-ID names no event of this session",
            Self::TooManyStreams => "Too many streams are open",
            Self::Crowded(Crowded::Principal) => "Too many sessions of this caller are in use",
            Self::Crowded(Crowded::Server) => "Too many sessions are open",
            Self::Cancelled => "The request was cancelled",
            Self::Overloaded => "Too many calls are running",
            Self::TimedOut => "The call took too long",
            Self::Internal => "Internal error",
        }
    }

    /// The answer.
    pub(crate) fn into_response(self, auth: &AuthPolicy, id: &AnswerId, manner: Manner) -> Response {
        let Manner { accept: _, cors, scheme, revision } = manner;
        Response {
            status: self.status(revision),
            fields: self.fields(auth, cors, scheme, revision),
            payload: self.body(id, revision).map_or(Payload::Empty, |body| Payload::Whole(body.into())),
            rule: Some(self.rule()),
            about: None,
        }
    }

    /// The rule's name for logs, and the setting of a server builder that would allow the request.
    #[must_use]
    pub fn rule(&self) -> Rule {
        let (name, setting) = match self {
            Self::AmbiguousFraming => ("ambiguous_framing", None),
            Self::HostNotSingular => ("host_not_singular", None),
            Self::UnknownPath => ("unknown_path", Some("path")),
            Self::HostNotAllowed => ("host_not_allowed", Some("allow_host")),
            Self::OriginNotAllowed => ("origin_not_allowed", Some("allow_origin")),
            Self::VerbNotAllowed(_) => ("verb_not_allowed", None),
            Self::MalformedCredentials(CredentialFault::Repeated) => ("credentials_repeated", None),
            Self::MalformedCredentials(CredentialFault::Malformed) => ("credentials_malformed", None),
            Self::MalformedCredentials(CredentialFault::InQuery) => ("credentials_in_query", None),
            Self::Unauthenticated => ("unauthenticated", None),
            Self::InvalidToken(denial) => (denial.rule(), None),
            Self::InvalidProof(denial) => (denial.rule(), None),
            Self::NonceNeeded(_) => (ProofDenial::NonceNeeded.rule(), None),
            Self::Rejected { .. } => ("rejected", None),
            Self::VerifierFailed { .. } => ("verifier_failed", None),
            Self::InsufficientScope(_) => ("insufficient_scope", None),
            Self::UnsupportedMediaType => ("unsupported_media_type", None),
            Self::BodyTooLarge => ("body_too_large", Some("limits.body_bytes_max")),
            Self::BodyTimedOut => ("body_timed_out", Some("timeouts.body_micros")),
            Self::BodyAborted => ("body_aborted", None),
            Self::NotAcceptable | Self::EventStreamNotAccepted => ("not_acceptable", None),
            Self::ParseError(_) => ("parse_error", None),
            Self::InvalidRequest(_) => ("invalid_request", None),
            Self::Envelope(_) => ("metadata_malformed", None),
            Self::HeaderMismatch(_) => ("header_mismatch", None),
            Self::UnsupportedVersion { .. } => ("unsupported_version", None),
            Self::MethodNotFound => ("method_not_found", None),
            Self::InvalidParams(_) | Self::InvalidArguments(_) => ("invalid_params", None),
            Self::UnknownTarget(_) => ("unknown_target", None),
            Self::UnknownResource(_) => ("unknown_resource", None),
            Self::MissingClientCapability(_) => ("missing_client_capability", None),
            Self::Unavailable(Outage::KeysUnavailable) => ("keys_unavailable", None),
            Self::Unavailable(Outage::TimedOut) => ("verifier_timed_out", Some("timeouts.verify_micros")),
            Self::Unavailable(Outage::VerifierUnavailable) => ("verifier_unavailable", None),
            Self::Unavailable(Outage::IntrospectionUnavailable) => ("introspection_unavailable", None),
            Self::Unavailable(Outage::Overloaded) => ("verifier_overloaded", None),
            Self::SessionIdMissing => ("session_id_missing", None),
            Self::SessionIdRepeated => ("session_id_repeated", None),
            Self::SessionNotFound => ("session_not_found", None),
            Self::AlreadyInitialized => ("already_initialized", None),
            Self::UnknownEvent => ("unknown_event", None),
            Self::TooManyStreams => {
                ("too_many_streams", Some("sessions.streams_max or limits.session_streams"))
            }
            Self::Crowded(Crowded::Principal) => {
                ("too_many_sessions_of_caller", Some("sessions.sessions_per_principal_max"))
            }
            Self::Crowded(Crowded::Server) => ("too_many_sessions", Some("sessions.sessions_max")),
            Self::Cancelled => ("cancelled", None),
            Self::Overloaded => ("overloaded", Some("max_calls")),
            Self::TimedOut => ("call_timed_out", Some("timeouts.call_micros")),
            Self::Internal => ("internal_error", None),
        };
        Rule { name, setting }
    }

    /// The JSON-RPC error to a request, as a message whose status is another's.
    pub(crate) fn entry(&self, id: RawId, revision: Revision) -> Vec<u8> {
        // Whatever is about a request that has been read has a code.
        self.body(&AnswerId::Known(id), revision).unwrap_or_default()
    }

    /// The JSON-RPC error, for the answer's body or for a stream that is already open.
    pub(crate) fn body(&self, id: &AnswerId, revision: Revision) -> Option<Vec<u8>> {
        let code = self.code(revision)?;
        let data = self.data();
        Some(jsonrpc::error(id, &ErrorObject { code, message: self.message(), data: data.as_deref() }))
    }

    fn data(&self) -> Option<String> {
        let text = |text: &str| serde_json::Value::from(text).to_string();
        if let Self::UnsupportedVersion { supported, requested } = self {
            let supported: Vec<_> = supported.iter().map(|revision| text(revision.as_str())).collect();
            let requested = requested
                .as_ref()
                .map(|version| format!(r#","requested":{}"#, text(version)))
                .unwrap_or_default();
            Some(format!(r#"{{"supported":[{}]{requested}}}"#, supported.join(",")))
        } else if let Self::UnknownResource(uri) = self {
            Some(format!(r#"{{"uri":{}}}"#, text(uri)))
        } else if let Self::MissingClientCapability(capabilities) = self {
            Some(format!(r#"{{"requiredCapabilities":{capabilities}}}"#))
        } else {
            None
        }
    }

    fn fields(&self, auth: &AuthPolicy, cors: Cors, scheme: Scheme, revision: Revision) -> Fields {
        let has_body = self.code(revision).is_some();
        let mut fields =
            Fields { content_type: has_body.then_some(ContentType::Json), cors, ..Fields::default() };
        if let Some(challenges) = auth.challenges(self, scheme) {
            fields.challenge = Some(Box::new(challenges.first));
            fields.other_challenge = challenges.second.map(Box::new);
            fields.no_store = true;
        }
        if let Self::NonceNeeded(nonce) = self {
            fields.dpop_nonce = Some(nonce.clone());
        }
        fields.close = matches!(self, Self::AmbiguousFraming | Self::HostNotSingular);
        if let Self::VerbNotAllowed(allow) = self {
            fields.allow = Some(*allow);
        }
        if matches!(self.status(revision), StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
            fields.retry_after = Some(RETRY_AFTER_SECONDS);
        }
        fields
    }
}

impl CredentialFault {
    const fn message(self) -> &'static str {
        match self {
            Self::Repeated => "Bad request: more than one Authorization field",
            Self::Malformed => "Bad request: malformed Authorization field",
            Self::InQuery => "Bad request: a token must not be sent in the URL",
        }
    }
}

impl RequestFault {
    const fn message(self) -> &'static str {
        match self {
            Self::NotAnObject => "Invalid request: the body must be an object",
            Self::Batch => "Invalid request: batches are not supported",
            Self::EmptyBatch => "Invalid request: the batch is empty",
            Self::BatchTooLong => "Invalid request: the batch is too long",
            Self::BatchAnswers => "Invalid request: the answers of the batch are too large",
            Self::BatchItem => "Invalid request: not everything in the batch may be in one",
            Self::DuplicateMember => "Invalid request: a member name is repeated",
            Self::TooManyValues => "Invalid request: too many values",
            Self::Version => "Invalid request: jsonrpc must be \"2.0\"",
            Self::Method => "Invalid request: method must be a string",
            Self::Id => "Invalid request: id must be a string or an integer",
            Self::IdTooLong => "Invalid request: id is too long",
            Self::Params => "Invalid request: params must be an object",
            Self::Response => "Invalid request: this server expects no responses",
            Self::ResponseShape => "Invalid request: a response has either a result or an error, and an id",
            Self::IdInUse => "Invalid request: a request with this id is running",
            Self::NotIntroduced => "Invalid request: initialize comes first",
            Self::ModernOnLegacy => "Invalid request: this transport does not serve 2026-07-28",
        }
    }
}

impl EnvelopeFault {
    const fn message(self) -> &'static str {
        match self {
            Self::Meta => "Invalid params: params._meta must be an object",
            Self::ProtocolVersion => {
                "Invalid params: _meta needs io.modelcontextprotocol/protocolVersion, a string"
            }
            Self::ClientCapabilities => {
                "Invalid params: _meta needs io.modelcontextprotocol/clientCapabilities, an object"
            }
            Self::ClientInfo => "Invalid params: io.modelcontextprotocol/clientInfo must be an object",
            Self::LogLevel => "Invalid params: io.modelcontextprotocol/logLevel is no known level",
            Self::ProgressToken => "Invalid params: progressToken must be a string or an integer",
        }
    }
}

impl Mirror {
    const fn message(self) -> &'static str {
        match self {
            Self::ProtocolVersion => "Header mismatch: MCP-Protocol-Version must equal the body's",
            Self::Method => "Header mismatch: Mcp-Method must equal the body's method",
            Self::Name => "Header mismatch: Mcp-Name must equal the name or URI in the body",
            Self::Param => "Header mismatch: Mcp-Param fields must equal the arguments",
        }
    }
}

impl ParamsFault {
    const fn message(self) -> &'static str {
        match self {
            Self::Name => "Invalid params: name must be a string",
            Self::Uri => "Invalid params: uri must be a string",
            Self::UriTooLong => "Invalid params: uri is too long",
            Self::Arguments => "Invalid params: malformed arguments",
            Self::MissingArgument => "Invalid params: a required argument is missing",
            Self::Cursor => "Invalid params: unknown cursor",
            Self::Reference => "Invalid params: malformed ref",
            Self::Argument => "Invalid params: malformed argument",
            Self::Context => "Invalid params: malformed context",
            Self::ProtocolVersion => "Invalid params: protocolVersion must be a string",
            Self::Capabilities => "Invalid params: capabilities must be an object",
            Self::ClientInfo => "Invalid params: clientInfo must be an object",
            Self::HandshakeTooLong => "Invalid params: capabilities and clientInfo are too long",
            Self::TooManySubscriptions => "Invalid params: too many subscriptions",
            Self::Level => "Invalid params: level is no known level",
            Self::Meta => "Invalid params: _meta must be an object",
            Self::ProgressToken => "Invalid params: progressToken must be a string or an integer",
        }
    }
}
