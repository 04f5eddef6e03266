//! The gates that a request passes on its head, in order: target, Host, Origin, preflight, verb,
//! credentials. Then come the verifier's facts, and what the head says of the body.

use http::{Method, StatusCode};

use super::{
    Exchange, Manner, Probe, Step, Verify, document,
    mirrored::{Mirrored, VersionField},
    read_body,
    visit::Visit,
};
use crate::{
    auth::{
        AuthPolicy, BearerPolicy, Dpop, Protection, Scheme,
        bearer::{self, Credentials},
    },
    engine::Engine,
    head::{Field, Fields, Framing, Head, Name, Target},
    jsonrpc::AnswerId,
    jws::dpop::ProofDenial,
    refusal::{CredentialFault, Refusal},
    response::{self, Allow, ContentType, Cors, Preflight, Response},
    time::Now,
};

/// Which media types the client takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Accept {
    pub(crate) json: bool,
    pub(crate) event_stream: bool,
}

/// What the head says of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Announced {
    /// The body is `application/json`.
    pub(super) is_json: bool,
    /// `Content-Length`, when it is the only thing that says how long the body is.
    pub(super) length: Option<u64>,
    /// The client waits for `100 Continue`.
    pub(super) expects_continue: bool,
}

impl Engine {
    /// Begins an exchange with the head of its request.
    pub fn accept<F: Fields>(&self, head: &Head<'_, F>, now: Now) -> Step<'_> {
        if head.framing == Framing::Ambiguous || is_ambiguous(&head.fields) {
            return Step::Respond(self.refuse_early(Refusal::AmbiguousFraming, Cors::None));
        }
        match head.target {
            Target::Endpoint => self.accept_at_endpoint(head, now),
            Target::LegacyStream | Target::LegacyMessages => self.accept_at_legacy(head, now),
            Target::Metadata => Step::Respond(self.accept_at_metadata(head)),
            Target::Ping => Step::Respond(
                self.probe(head)
                    .unwrap_or_else(|| document(StatusCode::OK, ContentType::PlainText, "pong", Cors::None)),
            ),
            Target::Health => Step::Respond(self.probe(head).unwrap_or_else(|| {
                document(StatusCode::OK, ContentType::Json, r#"{"status":"ok"}"#, Cors::None)
            })),
            Target::Ready => self.probe(head).map_or_else(|| Step::Probe(Probe::new()), Step::Respond),
            Target::Unknown => Step::Respond(self.refuse_early(Refusal::UnknownPath, Cors::None)),
        }
    }

    fn accept_at_endpoint<F: Fields>(&self, head: &Head<'_, F>, now: Now) -> Step<'_> {
        self.gate(head, now, |engine, head, version| {
            let verb = Visit::judge_verb(engine, head)?;
            Ok(Visit::at_endpoint(engine, &head.fields, verb, version))
        })
    }

    /// The gates of the MCP endpoint, in order. `visit` judges the verb, and says whether the request belongs
    /// to a session.
    pub(super) fn gate<F: Fields>(
        &self,
        head: &Head<'_, F>,
        now: Now,
        visit: impl FnOnce(&Self, &Head<'_, F>, &VersionField) -> Result<Option<Box<Visit>>, Refusal>,
    ) -> Step<'_> {
        let cors = self.judge_origin(&head.fields);
        if let Err(refusal) = self.judge_host(head) {
            return Step::Respond(self.refuse_early(refusal, cors.unwrap_or(Cors::Foreign)));
        }
        let cors = match cors {
            Ok(cors) => cors,
            Err(refusal) => return Step::Respond(self.refuse_early(refusal, Cors::Foreign)),
        };
        if is_preflight(head) {
            return Step::Respond(self.preflight(head.target, cors));
        }
        let mirrored = Mirrored::read(&head.fields);
        let visit = match visit(self, head, &mirrored.version) {
            Ok(visit) => visit,
            Err(refusal) => return Step::Respond(self.refuse_early(refusal, cors)),
        };
        let exchange = Exchange {
            engine: self,
            manner: Manner { accept: Accept::read(&head.fields), ..Manner::of(cors) },
            announced: Announced::read(&head.fields),
            mirrored,
            certificate: head.certificate.map(Box::new),
            caller: None,
            named: None,
            visit,
        };
        if exchange.visit.as_ref().is_some_and(|visit| !visit.is_verified()) {
            // AUTH-04 holds whatever nobody looks at.
            if bearer::classify([], head.query) == Credentials::InQuery {
                return read_body::refuse(
                    exchange,
                    Refusal::MalformedCredentials(CredentialFault::InQuery),
                    now,
                );
            }
            return exchange.go_on(now);
        }
        match self.auth() {
            AuthPolicy::Open => exchange.go_on(now),
            AuthPolicy::Bearer(policy) => exchange.judge_credentials(policy, head, now),
            AuthPolicy::Custom(_) => exchange.leave_to_the_application(head, now),
        }
    }

    /// DT-03, HTTP-06: every authority that the request names must be allowed.
    fn judge_host<F: Fields>(&self, head: &Head<'_, F>) -> Result<(), Refusal> {
        let hosts = self.hosts();
        let named = match (head.fields.field(Name::Host), head.authority) {
            (Field::One(host), None) => hosts.judge(Some(host.as_bytes())),
            (Field::Absent, Some(authority)) => hosts.judge(Some(authority.as_bytes())),
            (Field::One(host), Some(authority)) => {
                hosts.judge(Some(host.as_bytes())) && hosts.judge(Some(authority.as_bytes()))
            }
            (Field::Absent, None) | (Field::Repeated, _) => return Err(Refusal::HostNotSingular),
        };
        if named { Ok(()) } else { Err(Refusal::HostNotAllowed) }
    }

    /// DT-02, HTTP-03 to HTTP-05, LSE-05. The permission to read goes on every answer, refusals included,
    /// so that a page of an allowed origin can read a challenge.
    fn judge_origin(&self, fields: &impl Fields) -> Result<Cors, Refusal> {
        match fields.field(Name::Origin) {
            Field::Absent => Ok(Cors::None),
            Field::One(origin) if self.origins().judge(Some(origin.as_bytes())) => {
                Ok(Cors::Origin(Box::new(origin.clone())))
            }
            Field::One(_) | Field::Repeated => Err(Refusal::OriginNotAllowed),
        }
    }

    /// DT-04: a preflight carries no credentials and is answered without any.
    fn preflight(&self, target: Target, cors: Cors) -> Response {
        let allow = match target {
            Target::LegacyStream => Allow::Get,
            Target::Endpoint if self.sessions().is_some() => Allow::PostGetDelete,
            Target::Endpoint
            | Target::LegacyMessages
            | Target::Metadata
            | Target::Ping
            | Target::Health
            | Target::Ready
            | Target::Unknown => Allow::Post,
        };
        let preflight = Preflight { methods: allow.as_str(), headers: self.allowed_headers().clone() };
        let fields =
            response::Fields { cors, preflight: Some(Box::new(preflight)), ..response::Fields::default() };
        Response::empty(StatusCode::NO_CONTENT, fields)
    }

    /// RFC9728-04, RFC9728-11: public, from configuration only, readable from any page.
    fn accept_at_metadata<F: Fields>(&self, head: &Head<'_, F>) -> Response {
        let Some(metadata) = self.auth().protection().and_then(Protection::metadata) else {
            return self.refuse_early(Refusal::UnknownPath, Cors::None);
        };
        if let Err(refusal) = self.judge_host(head) {
            return self.refuse_early(refusal, Cors::None);
        }
        if is_preflight(head) {
            let preflight = Preflight { methods: "GET, HEAD", headers: self.allowed_headers().clone() };
            let fields = response::Fields {
                cors: Cors::Anyone,
                preflight: Some(Box::new(preflight)),
                ..response::Fields::default()
            };
            return Response::empty(StatusCode::NO_CONTENT, fields);
        }
        if !is_get(head.method) {
            return self.refuse_early(Refusal::VerbNotAllowed(Allow::GetHead), Cors::Anyone);
        }
        document(StatusCode::OK, ContentType::Json, metadata.clone(), Cors::Anyone)
    }

    /// Probes ask nothing of Host and Origin: they tell nothing, and those who probe a server
    /// name it by whatever address they reach it at.
    fn probe<F>(&self, head: &Head<'_, F>) -> Option<Response> {
        (!is_get(head.method)).then(|| self.refuse_early(Refusal::VerbNotAllowed(Allow::GetHead), Cors::None))
    }

    /// Refuses before there is a message: the answer has no id (HTTP-04).
    fn refuse_early(&self, refusal: Refusal, cors: Cors) -> Response {
        refusal.into_response(self.auth(), &AnswerId::Omitted, Manner::of(cors))
    }
}

impl<'e> Exchange<'e> {
    /// AUTH-04 holds whatever the application makes of the rest.
    fn leave_to_the_application<F: Fields>(self, head: &Head<'_, F>, now: Now) -> Step<'e> {
        if bearer::classify([], head.query) == Credentials::InQuery {
            return read_body::refuse(self, Refusal::MalformedCredentials(CredentialFault::InQuery), now);
        }
        let anonymous = matches!(head.fields.field(Name::Authorization), Field::Absent);
        Step::Verify(Verify::of_head(self, anonymous, now))
    }

    /// DT-06, DT-07: exactly one well-formed token goes on to be verified (AUTH-09, SBP-11); 401 without (AUTH-02).
    fn judge_credentials<F: Fields>(
        mut self,
        policy: &BearerPolicy,
        head: &Head<'_, F>,
        now: Now,
    ) -> Step<'e> {
        let authorization = head.fields.field(Name::Authorization);
        let fields = match authorization {
            Field::Absent => [None, None],
            Field::One(value) => [Some(value.as_bytes()), None],
            Field::Repeated => [Some(&b""[..]), Some(&b""[..])],
        };
        let credentials = bearer::classify(fields.into_iter().flatten(), head.query);
        let dpop = policy.dpop();
        let refusal = match (credentials, authorization) {
            (Credentials::Bearer(token), Field::One(field)) if !dpop.is_some_and(Dpop::is_required) => {
                return Step::Verify(Verify::of_bearer(self, field, token, now));
            }
            (Credentials::Dpop(Some(token)), Field::One(field)) if dpop.is_some() => {
                self.manner.scheme = Scheme::Dpop;
                match head.fields.field(Name::Dpop) {
                    Field::One(proof) => {
                        return Step::Verify(Verify::of_dpop(self, field, token, proof, now));
                    }
                    Field::Absent => Refusal::InvalidProof(ProofDenial::Missing),
                    Field::Repeated => Refusal::InvalidProof(ProofDenial::Repeated),
                }
            }
            (Credentials::Dpop(None), _) if dpop.is_some() => {
                self.manner.scheme = Scheme::Dpop;
                Refusal::MalformedCredentials(CredentialFault::Malformed)
            }
            // What is not accepted here is as good as nothing.
            (
                Credentials::None | Credentials::OtherScheme | Credentials::Bearer(_) | Credentials::Dpop(_),
                _,
            ) => Refusal::Unauthenticated,
            (Credentials::Malformed, _) => Refusal::MalformedCredentials(CredentialFault::Malformed),
            (Credentials::Many, _) => Refusal::MalformedCredentials(CredentialFault::Repeated),
            (Credentials::InQuery, _) => Refusal::MalformedCredentials(CredentialFault::InQuery),
        };
        read_body::refuse(self, refusal, now)
    }
}

/// RFC 9112 sections 6.1 and 6.3: a body ends where `Content-Length` says or where its chunks end, and
/// there is one way to read which. A coding that only some readers know is another way.
fn is_ambiguous(fields: &impl Fields) -> bool {
    match fields.field(Name::TransferEncoding) {
        Field::Absent => false,
        Field::One(coding) => {
            !coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked")
                || !matches!(fields.field(Name::ContentLength), Field::Absent)
        }
        Field::Repeated => true,
    }
}

fn is_get(method: &Method) -> bool {
    *method == Method::GET || *method == Method::HEAD
}

/// A preflight as the Fetch standard sends it.
fn is_preflight<F: Fields>(head: &Head<'_, F>) -> bool {
    *head.method == Method::OPTIONS
        && !matches!(head.fields.field(Name::Origin), Field::Absent)
        && !matches!(head.fields.field(Name::RequestMethod), Field::Absent)
}

impl Accept {
    pub(super) const BOTH: Self = Self { json: true, event_stream: true };

    /// HTTP-09, DT-12. A client that says nothing, or says it in several fields, takes anything.
    fn read(fields: &impl Fields) -> Self {
        match fields.field(Name::Accept) {
            Field::Absent | Field::Repeated => Self::BOTH,
            Field::One(value) if value == "application/json, text/event-stream" => Self::BOTH,
            Field::One(value) => Self::parse(value.as_bytes()),
        }
    }

    fn parse(value: &[u8]) -> Self {
        let mut accept = Self { json: false, event_stream: false };
        for range in value.split(|&byte| byte == b',') {
            let mut parts = range.split(|&byte| byte == b';').map(<[u8]>::trim_ascii);
            let media = parts.next().unwrap_or_default();
            if parts.any(has_no_weight) {
                continue;
            }
            let is = |name: &str| media.eq_ignore_ascii_case(name.as_bytes());
            accept.json |= is("application/json") || is("application/*") || is("*/*");
            accept.event_stream |= is("text/event-stream") || is("text/*") || is("*/*");
        }
        accept
    }
}

/// Whether a parameter is `q=0`, `q=0.0` and so on (RFC 9110 section 12.4.2).
fn has_no_weight(parameter: &[u8]) -> bool {
    match parameter {
        [b'q' | b'Q', b'=', weight @ ..] => {
            !weight.is_empty() && weight.iter().all(|byte| matches!(byte, b'0' | b'.'))
        }
        _ => false,
    }
}

impl Announced {
    fn read(fields: &impl Fields) -> Self {
        let length = match (fields.field(Name::ContentLength), fields.field(Name::TransferEncoding)) {
            (Field::One(length), Field::Absent) => {
                length.to_str().ok().and_then(|length| length.parse().ok())
            }
            _ => None,
        };
        Self {
            is_json: match fields.field(Name::ContentType) {
                Field::One(value) => value == "application/json" || is_json(value.as_bytes()),
                Field::Absent | Field::Repeated => false,
            },
            length,
            expects_continue: !matches!(fields.field(Name::Expect), Field::Absent),
        }
    }
}

/// DT-10: `application/json`, with parameters if need be, but in no other charset than UTF-8.
fn is_json(value: &[u8]) -> bool {
    let mut parts = value.split(|&byte| byte == b';').map(<[u8]>::trim_ascii);
    parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case(b"application/json"))
        && parts.all(|parameter| {
            let lower = parameter.to_ascii_lowercase();
            match lower.strip_prefix(b"charset=") {
                Some(charset) => matches!(charset, b"utf-8" | b"\"utf-8\"" | b"utf8"),
                None => true,
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_ranges_are_read_by_type_and_weight() {
        for (value, json, event_stream) in [
            ("application/json", true, false),
            ("text/event-stream", false, true),
            ("text/event-stream, application/json;q=0.5", true, true),
            ("application/json;q=0, text/event-stream", false, true),
            ("application/json; q=0.000", false, false),
            ("*/*", true, true),
            ("text/*", false, true),
            ("Application/JSON", true, false),
            ("application/jsonx", false, false),
            ("text/html", false, false),
            ("", false, false),
        ] {
            assert_eq!(Accept::parse(value.as_bytes()), Accept { json, event_stream }, "{value:?}");
        }
    }

    #[test]
    fn only_json_in_utf8_counts_as_json() {
        for (value, json) in [
            ("application/json", true),
            ("Application/Json", true),
            ("application/json; charset=utf-8", true),
            ("application/json;charset=\"UTF-8\"", true),
            ("application/json; charset=utf-16", false),
            ("application/json-patch+json", false),
            ("application/jsonx", false),
            ("text/plain", false),
            ("text/plain; a=application/json", false),
            ("application/x-www-form-urlencoded", false),
            ("", false),
        ] {
            assert_eq!(is_json(value.as_bytes()), json, "{value:?}");
        }
    }
}
