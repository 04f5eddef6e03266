//! One request in, one answer out: the match on the core's steps.

use std::{
    error::Error,
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, Version, request};
use http_body::Body;
use mcp_proto::{
    BodyRead, Call, Finish, Head, Now, Reply, Response, Step, Target, UnixSeconds,
    head::Framing,
    response::{Payload, Rule},
    session::{CallId, Crowded},
    time::{Deadline, Why},
};

use crate::{
    audit::Record,
    body::ReplyBody,
    context::Timer,
    execution::{Allowed, Execution},
    fetch::Fetch,
    handler::CallParts,
    held::Held,
    hyper_rt::micros,
    load::{BodyBudget, Load, Permit, StreamPlace},
    peer::ClientCertificate,
    read::{Reading, read},
    recognise::{CallerData, Recogniser, ServiceError},
    running::{Begun, Running},
    runtime::Runtime,
    server::Server,
    session_body::SessionBody,
    session_call::{Attended, Came, SessionCall},
    sessions::{Opener, Visited},
};

/// A server on a runtime: answers requests.
pub struct Service<R: Runtime>(Arc<Inner<R>>);

struct Inner<R: Runtime> {
    server: Server,
    runtime: R,
    recogniser: Recogniser,
    load: Arc<Load>,
    timer: Arc<dyn Timer>,
}

impl<R: Runtime> Clone for Service<R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// Where a request came from, as far as its answer depends on it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    pub(crate) framing: Framing,
    /// `None`: the engine tells by the path.
    pub(crate) target: Option<Target>,
}

impl<R: Runtime> Service<R> {
    /// Starts a server: from here on its keys are fetched, if they are to be.
    ///
    /// # Errors
    /// When something is to be fetched and there is nothing to fetch it with, or when what it needs cannot be
    /// had.
    #[expect(clippy::needless_pass_by_value, reason = "whoever starts a server has nothing else to fetch")]
    pub fn start(server: Server, runtime: R, fetch: Option<Arc<dyn Fetch>>) -> Result<Self, ServiceError> {
        let recogniser = Recogniser::start(&server, &runtime, fetch.as_ref())?;
        #[cfg(feature = "https")]
        if let Some(tls) = server.tls() {
            tls.start(&runtime);
        }
        Ok(Self::recognising(server, runtime, recogniser, Arc::new(Load::default())))
    }

    /// A service whose callers are recognised like this, and which shares its places with others of this load.
    pub(crate) fn recognising(server: Server, runtime: R, recogniser: Recogniser, load: Arc<Load>) -> Self {
        let timer = Arc::new(RuntimeTimer(runtime.clone()));
        if server.snapshot().engine.session_policy().is_some() {
            server.table().start(&runtime);
        }
        Self(Arc::new(Inner { server, runtime, recogniser, load, timer }))
    }

    /// The server.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.0.server
    }

    pub(crate) fn runtime(&self) -> &R {
        &self.0.runtime
    }

    /// What the requests of one connection are served with, until the server's catalog is replaced.
    pub(crate) fn hold(&self) -> Arc<Held> {
        let inner = &self.0;
        Arc::new(Held::new(inner.server.snapshot(), Arc::clone(&inner.timer), Arc::clone(&inner.load)))
    }

    /// Answers one request that was addressed by its path.
    pub async fn serve<B>(&self, request: Request<B>) -> http::Response<ReplyBody<R>>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let arrival = Arrival { framing: Framing::Clear, target: None };
        self.answer(&self.hold(), request, arrival).await
    }

    /// The refusal of a head with more fields than allowed.
    pub(crate) fn judge_field_count(&self, headers: &HeaderMap) -> Option<http::Response<ReplyBody<R>>> {
        (headers.len() > self.0.server.limits().header_fields).then(|| {
            let mut refused = http::Response::new(ReplyBody::empty());
            *refused.status_mut() = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
            refused
        })
    }

    /// Answers one request with the snapshot that its connection keeps.
    pub(crate) async fn answer<B>(
        &self,
        held: &Arc<Held>,
        request: Request<B>,
        arrival: Arrival,
    ) -> http::Response<ReplyBody<R>>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let (parts, body) = request.into_parts();
        self.exchange(held, &parts, body, arrival).await
    }

    async fn exchange<B>(
        &self,
        held: &Arc<Held>,
        parts: &request::Parts,
        body: B,
        arrival: Arrival,
    ) -> http::Response<ReplyBody<R>>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let engine = held.engine();
        let runtime = &self.0.runtime;
        let limits = self.0.server.limits();
        let target = arrival.target.unwrap_or_else(|| engine.route(parts.uri.path()));
        let mut head = Head::from_parts(&parts.method, &parts.uri, &parts.headers, target);
        head.framing = arrival.framing;
        let certificate = parts.extensions.get::<ClientCertificate>();
        head.certificate = certificate.map(|certificate| *certificate.thumbprint());
        let mut body = Some(body);
        let mut load = None;
        let mut value = None;
        let mut visited: Option<Visited> = None;
        let mut place = None;
        // The clocks are read again only after something was waited for.
        let mut now = runtime.now();
        let mut step = engine.accept(&head, now);
        loop {
            step = match step {
                Step::Probe(probe) => probe.resolve(self.is_ready(now)),
                Step::Verify(verify) => {
                    let verified = self.0.recogniser.recognise(&verify, parts, &mut now, runtime).await;
                    (load, value) = (verified.load, verified.value);
                    verify.resolve(verified.facts, now)
                }
                Step::ReadId(step) => {
                    let reading = Reading { limit: step.limit(), announced: None, deadline: step.deadline() };
                    let mut budget = BodyBudget::of_refused(held, limits);
                    Step::Respond(
                        step.resolve(take(&mut body, &reading, &mut budget, runtime, &mut now).await),
                    )
                }
                Step::ReadBody(step) => {
                    let reading = Reading {
                        limit: step.limit(),
                        announced: step.announced(),
                        deadline: step.deadline(),
                    };
                    let mut budget = BodyBudget::new(held, limits, load.as_deref());
                    let read = take(&mut body, &reading, &mut budget, runtime, &mut now).await;
                    step.resolve(read, now)
                }
                Step::Filter(filter) => match self.0.server.list_filter() {
                    Some(list_filter) => list_filter.apply(*filter, value.as_deref()),
                    None => filter.resolve(|_| false),
                },
                Step::FindSession(find) => {
                    if find.opens_stream() {
                        place = StreamPlace::take(held, limits, load.clone());
                        if place.is_none() {
                            step = find.refuse_stream();
                            continue;
                        }
                    }
                    let table = self.0.server.table();
                    visited = match find.id().and_then(|id| table.get(id)) {
                        Some(visited) => Some(visited),
                        None => {
                            let taken_over = table.take_over(&find, engine, runtime).await;
                            now = runtime.now();
                            taken_over
                        }
                    };
                    if let Some(visited) = visited.as_ref().filter(|_| find.acts_as_opener()) {
                        let opener = visited.opener().clone();
                        (load, value) = (opener.load, opener.value);
                    }
                    match &visited {
                        Some(visited) => visited.with(|session, _| find.resolve(Some(session), now)),
                        None => find.resolve(None, now),
                    }
                }
                Step::UseSession(using) => match &visited {
                    Some(visited) => visited.with(|session, _| using.resolve(Some(session), now)),
                    None => using.resolve(None, now),
                },
                Step::OpenSession(open) => {
                    if open.opens_stream() {
                        place = StreamPlace::take(held, limits, load.clone());
                        if place.is_none() {
                            step = open.refuse(Crowded::Principal);
                            continue;
                        }
                    }
                    let opener = Opener { load: load.clone(), value: value.clone() };
                    let (opened, step) = self.0.server.table().open(*open, runtime.entropy(), opener, now);
                    visited = opened;
                    step
                }
                Step::Call(call) => {
                    let who = Recognised { load, value, at: now.unix, visited };
                    return match (call.session, who.visited.clone()) {
                        (Some(named), Some(visited)) => {
                            self.run_in_session(held, *call, who, parts, visited, named).await
                        }
                        (Some(_), None) | (None, _) => self.run(held, *call, who, parts).await,
                    };
                }
                Step::Stream(stream) => {
                    self.audit(target, &stream.response, now);
                    return match visited {
                        Some(visited) => {
                            let runtime = runtime.clone();
                            let body = SessionBody::waiting(visited, stream.stream, place, runtime);
                            render_stream(stream.response, body)
                        }
                        None => render(stream.response),
                    };
                }
                Step::Respond(response) => {
                    if let Some(body) = body.take().filter(|_| parts.version == Version::HTTP_2) {
                        self.read_rest(held, body, now).await;
                    }
                    self.audit(target, &response, now);
                    return render(response);
                }
            }
        }
    }

    /// Reads what is left of a request that was answered by its head. HTTP/2 has to reset the stream of one whose
    /// body is still on its way (RFC 9113 section 8.1), and clients are known to lose the answer at that. A body
    /// that is announced as large, or that does not come in time, is left.
    async fn read_rest<B>(&self, held: &Held, body: B, now: Now)
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let engine = held.engine();
        let limit = engine.limits().refused_body_bytes_max;
        if body.is_end_stream() || body.size_hint().lower() > limit.into() {
            return;
        }
        let at = now.tick.after_micros(engine.timeouts().refused_body_micros);
        let deadline = Deadline { at, why: Why::RefusedBody };
        let reading = Reading { limit, announced: None, deadline };
        let mut budget = BodyBudget::of_refused(held, self.0.server.limits());
        read(body, &reading, &mut budget, &self.0.runtime).await;
    }

    fn is_ready(&self, now: Now) -> bool {
        self.0.recogniser.is_ready(now)
    }

    /// Tells whoever keeps records of an answer that no handler had a part in.
    fn audit(&self, target: Target, response: &Response, now: Now) {
        let is_told = match target {
            Target::Endpoint | Target::LegacyStream | Target::LegacyMessages => true,
            Target::Metadata | Target::Ping | Target::Health | Target::Ready | Target::Unknown => false,
        };
        if is_told && let Some(audit) = self.0.server.audit() {
            audit.answered(response, now.unix);
        }
    }

    /// Every rule has allowed a call, and there is a place for it.
    fn begin(
        &self,
        held: &Arc<Held>,
        call: Call,
        who: Recognised,
        request: &request::Parts,
        permit: Permit,
        silence_micros: u64,
    ) -> (Execution<R>, Reply) {
        let server = &self.0.server;
        let Call { callee, caller, client, deadline, reply, about, .. } = call;
        let record = server.audit().map(|audit| Record::new(audit.clone(), about));
        if let Some(record) = &record {
            record.allowed(who.at);
        }
        let parts = CallParts {
            held: Arc::clone(held),
            caller,
            value: who.value,
            client,
            headers: server.exposed(&request.headers),
            certificate: request.extensions.get().cloned(),
            session: who.visited,
            context: None,
        };
        let (runtime, allowed) = (self.0.runtime.clone(), Allowed { permit, record });
        (Execution::new(callee, parts, deadline, silence_micros, runtime, allowed), reply)
    }

    fn render_overloaded(&self, response: Response, at: UnixSeconds) -> http::Response<ReplyBody<R>> {
        if let Some(audit) = self.0.server.audit() {
            audit.answered(&response, at);
        }
        render(response)
    }

    /// Runs a handler in a session until it ends or its answer becomes a stream. When the connection goes, it
    /// goes on without.
    async fn run_in_session(
        &self,
        held: &Arc<Held>,
        mut call: Call,
        who: Recognised,
        request: &request::Parts,
        visited: Visited,
        named: CallId,
    ) -> http::Response<ReplyBody<R>> {
        let acknowledged = call.acknowledged.take();
        let Some(permit) = Permit::take(held, self.0.server.limits(), who.load.clone()) else {
            let Call { reply, about, .. } = call;
            let finish = visited.with(|session, _| reply.refuse_overloaded_in(held.engine(), session));
            let response = match (finish, acknowledged) {
                (Finish::Whole(response), _) => response,
                (_, Some(acknowledged)) => *acknowledged,
                (_, None) => Response::empty(StatusCode::SERVICE_UNAVAILABLE, Default::default()),
            };
            return self.render_overloaded(Response { about, ..response }, who.at);
        };
        let silence_micros = held.engine().session_policy().map_or(u64::MAX, |policy| policy.stream_micros);
        let (execution, reply) = self.begin(held, call, who, request, permit, silence_micros);
        let call = SessionCall::new(execution, reply, visited.clone(), named);
        if let Some(acknowledged) = acknowledged {
            call.run();
            return render(*acknowledged);
        }
        let mut attended = Attended::new(call);
        match poll_fn(|cx| attended.poll(cx)).await {
            Came::Whole(response) => render(response),
            Came::Opened(stream) => {
                let runtime = self.0.runtime.clone();
                let body = SessionBody::of_call(visited, stream.stream, attended, runtime);
                render_stream(stream.response, body)
            }
            // Only a call on the stream of 2024-11-05 has its answer elsewhere.
            Came::Over => render(Response::empty(StatusCode::ACCEPTED, Default::default())),
        }
    }

    /// Runs a handler until it ends or tells the client something.
    async fn run(
        &self,
        held: &Arc<Held>,
        call: Call,
        who: Recognised,
        request: &request::Parts,
    ) -> http::Response<ReplyBody<R>> {
        let Some(permit) = Permit::take(held, self.0.server.limits(), who.load.clone()) else {
            let response = Response { about: call.about, ..call.reply.refuse_overloaded(held.engine()) };
            return self.render_overloaded(response, who.at);
        };
        let silence_micros = held.engine().timeouts().open_stream_micros;
        let (execution, reply) = self.begin(held, call, who, request, permit, silence_micros);
        let mut running = Running::new(execution, reply);
        match poll_fn(|cx| running.poll_begin(cx)).await {
            Begun::Whole(response) => render(response),
            Begun::Opened(response, first) => {
                let (head, _) = render::<R>(response).into_parts();
                http::Response::from_parts(head, ReplyBody::stream(first, running))
            }
        }
    }
}

/// What a call takes along of its caller.
struct Recognised {
    load: Option<Arc<Load>>,
    value: Option<CallerData>,
    visited: Option<Visited>,
    /// When every rule had allowed the call.
    at: UnixSeconds,
}

/// Reads the body, which a step asks for once.
async fn take<R, B>(
    body: &mut Option<B>,
    reading: &Reading,
    budget: &mut BodyBudget<'_>,
    runtime: &R,
    now: &mut Now,
) -> BodyRead
where
    R: Runtime,
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let Some(body) = body.take() else { return BodyRead::Aborted };
    let read = read(body, reading, budget, runtime).await;
    if read.waited {
        *now = runtime.now();
    }
    read.body
}

fn render_stream<R: Runtime>(head: Response, body: SessionBody<R>) -> http::Response<ReplyBody<R>> {
    let (head, _) = render::<R>(head).into_parts();
    http::Response::from_parts(head, ReplyBody::session(body))
}

fn render<R: Runtime>(response: Response) -> http::Response<ReplyBody<R>> {
    if let Some(rule) = response.rule {
        log_refusal(response.status, rule);
    }
    let body = match response.payload {
        Payload::Empty | Payload::Stream => ReplyBody::empty(),
        Payload::Whole(bytes) => ReplyBody::whole(bytes),
    };
    let mut rendered = http::Response::new(body);
    *rendered.status_mut() = response.status;
    response.fields.write_to(rendered.headers_mut());
    rendered
}

/// Who runs a server under a name of their own meets this refusal first, and has to see which setting
/// would allow the request. Other refusals are the peers' business.
fn log_refusal(status: StatusCode, rule: Rule) {
    let status = status.as_u16();
    match rule.setting {
        Some(setting) if status == StatusCode::FORBIDDEN => {
            tracing::info!(status, rule = rule.name, setting, "refused: this setting would allow it");
        }
        Some(setting) => tracing::debug!(status, rule = rule.name, setting, "refused"),
        None => tracing::debug!(status, rule = rule.name, "refused"),
    }
}

struct RuntimeTimer<R>(R);

impl<R: Runtime> Timer for RuntimeTimer<R> {
    fn sleep(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let at = self.0.now().tick.after_micros(micros(time));
        Box::pin(self.0.sleep_until(at))
    }
}

impl<R: Runtime> std::fmt::Debug for Service<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Service").field(&self.0.server).finish()
    }
}
