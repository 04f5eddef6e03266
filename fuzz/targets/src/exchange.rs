//! A whole exchange: any head, any body, anything that a verifier may find out, on servers of every kind. What is
//! asserted are laws that hold whatever is sent:
//!
//! 1. no handler runs for somebody who was not let in, or who lacks a scope of what it is;
//! 2. no body is read for a stranger, nor a session found or opened; what is read for an id changes nothing;
//! 3. more scopes never get less;
//! 4. a 401 has a challenge, and says once where the metadata is; what is no fault of the caller has none;
//! 5. pages of allowed origins may read the answer, others may not, and a wildcard stands on public documents only;
//! 6. whatever was presented, other credentials of the same form are answered the same, and printed the same: so
//!    nothing that is said or logged holds any of them, and nothing but facts decides;
//! 7. an answer is what it says it is: JSON, read in one way only; the id of the request and no other; whole events;
//! 8. every exchange ends soon;
//! 9. a request of 2026-07-28 reaches no session.
//!
//! How a request is spelt is said in `exchange/sent.rs`.

mod driven;
mod found;
mod kept;
mod sent;
mod servers;

use http::{HeaderMap, header};
use mcp_proto::{head::Target, response::Payload};

use self::{
    driven::{Driven, drive},
    found::Found,
    sent::Sent,
    servers::{Guard, Server, server},
};
use crate::{
    origin::is_ordinary_origin,
    sse::Received,
    tree::{Node, Tree},
};

/// Sends the request.
pub(crate) fn run(input: &[u8]) {
    let Some(sent) = Sent::read(input) else { return };
    let server = server(sent.choices.server());
    let found = Found::of(sent.choices.facts());
    let driven = drive(server, &sent, found);
    let mut fields = HeaderMap::new();
    driven.response.fields.write_to(&mut fields);
    let status = driven.response.status.as_u16();
    assert!(
        !driven.has_read_id || status >= 400 && !driven.has_read_body,
        "law 2: an id was read for {status}"
    );
    let target = server.engine.route(sent.path());
    let is_probe = matches!(target, Target::Ping | Target::Health | Target::Ready);
    let has_reason = driven.calls > 0 || driven.response.rule.is_some();
    assert!(status < 400 || is_probe || has_reason, "a refusal without a reason");
    challenged(server, status, &fields);
    readable(server, &sent, &fields);
    well_formed(&sent, &driven, &fields, is_probe || target == Target::Metadata);
    let other = drive(server, &sent.with_other_credentials(), found);
    assert_eq!(driven, other, "law 6: something depends on the credentials themselves");
    if !matches!(status, 401 | 403 | 503) {
        let richer = drive(server, &sent, found.richer());
        assert_eq!(richer.response.status, driven.response.status, "law 3: more scopes got less");
        assert!(richer.calls >= driven.calls, "law 3: more scopes got less");
    }
}

fn challenged(server: &Server, status: u16, fields: &HeaderMap) {
    let challenges: Vec<&str> = fields
        .get_all(header::WWW_AUTHENTICATE)
        .iter()
        .map(|challenge| challenge.to_str().expect("visible ASCII"))
        .collect();
    let pointers = challenges.iter().filter(|challenge| challenge.contains("resource_metadata=\"")).count();
    match status {
        401 => {
            assert_ne!(server.guard, Guard::Open, "law 4: an open server asks for credentials");
            assert_eq!(pointers, 1, "law 4: where the metadata is is said {pointers} times");
        }
        400 | 403 => assert!(challenges.len() <= 1, "law 4: more than one challenge"),
        _ => assert!(challenges.is_empty(), "law 4: a challenge with {status}"),
    }
}

fn readable(server: &Server, sent: &Sent<'_>, fields: &HeaderMap) {
    assert!(!fields.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS), "law 5: credentials of browsers");
    let Some(allowed) = fields.get(header::ACCESS_CONTROL_ALLOW_ORIGIN) else { return };
    let target = server.engine.route(sent.path());
    if allowed == "*" {
        assert_eq!(target, Target::Metadata, "law 5: everybody may read what is not public");
        return;
    }
    assert_eq!(sent.only("origin"), Some(allowed), "law 5: another origin may read the answer");
    assert!(is_ordinary_origin(allowed.as_bytes()), "law 5: a foreign origin may read the answer");
    let varies = fields.get(header::VARY).is_some_and(|vary| vary.as_bytes().starts_with(b"Origin"));
    assert!(varies, "law 5: a cache would give the answer to others");
}

/// `is_public`: a document of the server's own is asked for.
fn well_formed(sent: &Sent<'_>, driven: &Driven, fields: &HeaderMap, is_public: bool) {
    let content_type = fields.get(header::CONTENT_TYPE).map(header::HeaderValue::as_bytes);
    let ids = Ids { is_public, ..Ids::of(sent.body) };
    match &driven.response.payload {
        Payload::Empty => {}
        Payload::Whole(bytes) if bytes.is_empty() => {}
        Payload::Whole(bytes) => match content_type {
            Some(b"application/json") => ids.answered(bytes),
            Some(b"text/event-stream") => ids.streamed(bytes),
            Some(b"text/plain; charset=utf-8") => {}
            other => panic!("law 7: a body of type {other:?}"),
        },
        Payload::Stream => {
            assert_eq!(content_type, Some(&b"text/event-stream"[..]), "law 7: the type of a stream");
            ids.streamed(&driven.stream);
        }
    }
    let is_modern = sent.only("mcp-protocol-version").is_some_and(|version| version == "2026-07-28");
    let gives_id = kept::is_in(fields) && driven.response.status.is_success();
    assert!(!(is_modern && gives_id && ids.is_modern), "law 9: a modern request gets a session");
    assert!(
        !(is_modern && driven.calls > 0 && driven.used_session && ids.is_modern),
        "law 9: a modern request in a session"
    );
}

/// The ids of the requests in a body.
struct Ids {
    /// Their JSON text; nothing where the body is not read in one way.
    known: Option<Vec<String>>,
    is_modern: bool,
    /// Whether what is answered need not be a message.
    is_public: bool,
}

impl Ids {
    fn of(body: &[u8]) -> Self {
        let tree = Tree::read(body).ok().filter(|tree| tree.repeats_at().is_none());
        let id = |request: &Tree<'_>| request.member("id").map(|id| id.text.to_owned());
        let version = |request: &Tree<'_>| {
            let meta = request.member("params").and_then(|params| params.member("_meta"));
            let version = meta.and_then(|meta| meta.member("io.modelcontextprotocol/protocolVersion"));
            version.and_then(Tree::string).map(str::to_owned)
        };
        let is_modern = tree.as_ref().and_then(version).is_some_and(|version| version == "2026-07-28");
        let known = tree.map(|tree| match &tree.node {
            Node::Array(requests) => requests.iter().filter_map(id).collect(),
            _ => id(&tree).into_iter().collect(),
        });
        Self { known, is_modern, is_public: false }
    }

    /// One document is one message, or several.
    fn answered(&self, bytes: &[u8]) {
        let tree = Tree::read(bytes).expect("law 7: an answer is JSON");
        assert_eq!(tree.repeats_at(), None, "law 7: an answer can be read in two ways");
        match &tree.node {
            Node::Array(answers) => answers.iter().for_each(|answer| self.answers(answer)),
            _ => self.answers(&tree),
        }
    }

    fn answers(&self, answer: &Tree<'_>) {
        let Some(version) = answer.member("jsonrpc") else {
            let is_error = answer.member("error").is_some();
            assert!(self.is_public && !is_error, "law 7: an answer that is nothing: {}", answer.text);
            return;
        };
        assert_eq!(version.string(), Some("2.0"));
        let is_answer = answer.member("result").is_some() != answer.member("error").is_some();
        let is_notification = answer.member("method").is_some();
        assert!(is_answer != is_notification, "law 7: a message that is nothing: {}", answer.text);
        let Some(id) = answer.member("id").filter(|id| id.node != Node::Null) else {
            assert!(answer.member("result").is_none(), "law 7: a result for nobody");
            return;
        };
        // A body that can be read in two ways has an id all the same, if that can be read in one.
        if let Some(known) = &self.known {
            assert!(known.iter().any(|known| known == id.text), "law 7: the id {} is nobody's", id.text);
        }
    }

    fn streamed(&self, bytes: &[u8]) {
        for event in Received::read(bytes).events {
            // The first event of a stream only says where it begins, and that of HTTP+SSE where to post.
            if !event.is_empty() && !event.starts_with(b"/") {
                self.answered(&event);
            }
        }
    }
}
