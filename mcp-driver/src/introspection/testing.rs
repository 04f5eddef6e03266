//! An introspection endpoint that answers as a test says.

use std::{
    collections::HashMap,
    future::poll_fn,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
};

use mcp_proto::jws::keyset::FetchFailure;

use crate::fetch::{Fetch, Fetched, Fetching, Outgoing};

/// What a [`FakeEndpoint`] does when it is asked.
#[derive(Debug, Clone)]
pub(super) enum Reply {
    /// It gives this document.
    Document(String),
    /// It fails.
    Failure(FetchFailure),
    /// It says nothing until it has another reply.
    Silence,
    /// The code that fetches panics.
    Panic,
}

/// An endpoint that answers as it is told and keeps what it was asked.
pub(super) struct FakeEndpoint(Mutex<Desk>);

struct Desk {
    reply: Reply,
    /// About some tokens, by the bodies of the questions.
    replies: HashMap<Vec<u8>, Reply>,
    questions: Vec<Outgoing>,
    waiting: Vec<Waker>,
}

impl FakeEndpoint {
    pub(super) fn new(reply: Reply) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Desk {
            reply,
            replies: HashMap::new(),
            questions: Vec::new(),
            waiting: Vec::new(),
        })))
    }

    /// Answers like this from now on, also those who wait.
    pub(super) fn set(&self, reply: Reply) {
        let mut desk = self.0.lock().unwrap();
        desk.reply = reply;
        desk.waiting.drain(..).for_each(Waker::wake);
    }

    /// Answers like this about this token, whatever it says about others.
    pub(super) fn set_for(&self, token: &str, reply: Reply) {
        let mut desk = self.0.lock().unwrap();
        desk.replies.insert(form_of(token), reply);
        desk.waiting.drain(..).for_each(Waker::wake);
    }

    /// Whether it was asked about this token.
    pub(super) fn was_asked_about(&self, token: &str) -> bool {
        let form = form_of(token);
        self.0.lock().unwrap().questions.iter().any(|question| question.form.as_deref() == Some(&form[..]))
    }

    /// What it was asked.
    pub(super) fn questions(&self) -> Vec<Outgoing> {
        self.0.lock().unwrap().questions.clone()
    }

    /// How often it was asked.
    pub(super) fn asked(&self) -> usize {
        self.0.lock().unwrap().questions.len()
    }

    fn poll_reply(
        &self,
        form: Option<&[u8]>,
        context: &mut Context<'_>,
    ) -> Poll<Result<Fetched, FetchFailure>> {
        let mut desk = self.0.lock().unwrap();
        let reply = form.and_then(|form| desk.replies.get(form)).unwrap_or(&desk.reply);
        match reply.clone() {
            Reply::Document(document) => {
                Poll::Ready(Ok(Fetched { body: document.into(), address: None, fresh_seconds: Some(3600) }))
            }
            Reply::Failure(failure) => Poll::Ready(Err(failure)),
            Reply::Silence => {
                desk.waiting.push(context.waker().clone());
                Poll::Pending
            }
            Reply::Panic => {
                drop(desk);
                panic!("the fetcher is broken")
            }
        }
    }
}

/// The body of the question about a token of letters, digits and dashes.
fn form_of(token: &str) -> Vec<u8> {
    format!("token={token}&token_type_hint=access_token").into_bytes()
}

/// An endpoint as its callers see it.
pub(super) struct Door(pub(super) Arc<FakeEndpoint>);

impl Fetch for Door {
    fn fetch(&self, request: Outgoing) -> Fetching {
        let endpoint = Arc::clone(&self.0);
        let form = request.form.clone();
        endpoint.0.lock().unwrap().questions.push(request);
        Box::pin(poll_fn(move |context| endpoint.poll_reply(form.as_deref(), context)))
    }
}
