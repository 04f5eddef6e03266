//! One connection of HTTP/1.1 or HTTP/2, on any runtime and any socket.

use std::{
    convert::Infallible,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use http::{Request, Version, header};
use hyper::{
    body::Incoming,
    rt::{Read, Write},
    service::service_fn,
};
use hyper_util::server::conn::auto;
use mcp_proto::{Tick, head::Framing};

use crate::{
    body::ReplyBody,
    guard::Guarded,
    held::Held,
    hyper_rt::{HyperRuntime, micros},
    limits::{ConnectionTimeouts, ServerLimits},
    peer::Peer,
    runtime::Runtime,
    serve::{Arrival, Service},
    wire::{OpenAnswer, Use, Wire},
};

impl<R: Runtime> Service<R> {
    /// Serves a connection to its end. Once `stop` is ready, what is under way is finished and
    /// nothing new is begun; dropping the future ends everything at once.
    pub async fn serve_connection<I>(&self, io: I, stop: impl Future<Output = ()>)
    where
        I: Read + Write + Unpin + Send + 'static,
    {
        self.serve_connection_of(io, Peer::default(), stop).await;
    }

    /// The same for a connection of whose peer something is known.
    pub async fn serve_connection_of<I>(&self, io: I, peer: Peer, stop: impl Future<Output = ()>)
    where
        I: Read + Write + Unpin + Send + 'static,
    {
        let server = self.server();
        let timeouts = server.connection_timeouts();
        let wire = Arc::new(Wire::default());
        let io = Guarded::new(io, self.runtime().clone(), Arc::clone(&wire), micros(timeouts.write_stall));
        let pinned = Arc::new(Pinned::new(self.clone(), Arc::clone(&wire), peer));
        let answer = service_fn(move |request| {
            let pinned = Arc::clone(&pinned);
            async move { Ok::<_, Infallible>(pinned.answer(request).await) }
        });
        let builder = builder(self.runtime(), server.limits(), timeouts);
        let mut connection = pin!(builder.serve_connection(io, answer));
        let mut stop = pin!(stop);
        let mut stopping = false;
        let heartbeat = self.hold().engine().timeouts().heartbeat_micros;
        let mut watch = Watch::new(self.runtime().clone(), wire, timeouts, heartbeat);
        poll_fn(|cx| {
            if !stopping && stop.as_mut().poll(cx).is_ready() {
                stopping = true;
                connection.as_mut().graceful_shutdown();
            }
            if let Poll::Ready(ended) = connection.as_mut().poll(cx) {
                if let Err(error) = ended {
                    tracing::debug!(%error, "connection ended");
                }
                return Poll::Ready(());
            }
            watch.poll(cx)
        })
        .await;
    }
}

fn builder<R: Runtime>(
    runtime: &R,
    limits: &ServerLimits,
    timeouts: &ConnectionTimeouts,
) -> auto::Builder<HyperRuntime<R>> {
    let runtime = HyperRuntime::new(runtime.clone());
    let mut builder = auto::Builder::new(runtime.clone());
    builder
        .http1()
        .timer(runtime.clone())
        .header_read_timeout(timeouts.head)
        .max_headers(limits.header_fields)
        .max_buf_size(limits.head_bytes.max(MIN_BUFFER_BYTES));
    builder
        .http2()
        .timer(runtime)
        .max_concurrent_streams(limits.streams_per_connection)
        .max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(u32::MAX))
        .keep_alive_interval(timeouts.head)
        .keep_alive_timeout(timeouts.head);
    builder
}

/// hyper takes no smaller buffer for a head.
const MIN_BUFFER_BYTES: usize = 8192;

/// What the requests of one connection share.
struct Pinned<R: Runtime> {
    service: Service<R>,
    wire: Arc<Wire>,
    peer: Peer,
    /// What was current when the last request began, and its generation.
    current: Mutex<(u64, Arc<Held>)>,
}

impl<R: Runtime> Pinned<R> {
    fn new(service: Service<R>, wire: Arc<Wire>, peer: Peer) -> Self {
        let generation = service.server().generation();
        let current = Mutex::new((generation, service.hold()));
        Self { service, wire, peer, current }
    }

    fn held(&self) -> Arc<Held> {
        let generation = self.service.server().generation();
        // Nothing that can panic runs under this lock.
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.0 != generation {
            *current = (generation, self.service.hold());
        }
        Arc::clone(&current.1)
    }

    async fn answer(&self, mut request: Request<Incoming>) -> http::Response<ReplyBody<R>> {
        self.wire.set_used();
        if let Some(certificate) = self.peer.client_certificate() {
            request.extensions_mut().insert(certificate.clone());
        }
        if request.version() == Version::HTTP_2 {
            let open = OpenAnswer::begin(&self.wire, self.service.runtime());
            // hyper has this limit for HTTP/1.1 only.
            if let Some(refused) = self.service.judge_field_count(request.headers()) {
                return refused;
            }
            let arrival = Arrival { framing: Framing::Clear, target: None };
            let response = self.service.answer(&self.held(), request, arrival).await;
            open.is_taken();
            return response.map(|body| body.of_answer(open));
        }
        let headers = request.headers();
        let framing = self.wire.framing(
            headers.contains_key(header::CONTENT_LENGTH),
            headers.contains_key(header::TRANSFER_ENCODING),
        );
        let arrival = Arrival { framing, target: None };
        self.service.answer(&self.held(), request, arrival).await
    }
}

/// Ends a connection where hyper has no timer of its own: before the first request; on HTTP/2 between
/// requests, and when the peer takes nothing of an answer. A peer that opens no window for a stream
/// leaves the socket writable and the body unpolled, and with it every timer inside: only from here
/// can it be seen. Ending the connection cancels what is answering on it.
struct Watch<R: Runtime> {
    runtime: R,
    wire: Arc<Wire>,
    head_micros: u64,
    idle_micros: u64,
    patience_micros: u64,
    opened: Tick,
    /// When the timer goes off, and the timer.
    timer: Option<(Tick, Pin<Box<R::Sleep>>)>,
}

/// When to look at a connection again.
enum Look {
    /// Then it is to end.
    End(Tick),
    /// Then it may have changed.
    Again(Tick),
}

impl<R: Runtime> Watch<R> {
    fn new(runtime: R, wire: Arc<Wire>, timeouts: &ConnectionTimeouts, heartbeat_micros: u64) -> Self {
        let opened = runtime.now().tick;
        Self {
            runtime,
            wire,
            head_micros: micros(timeouts.head),
            idle_micros: micros(timeouts.idle),
            // A stream whose peer takes everything is polled at each heartbeat.
            patience_micros: micros(timeouts.write_stall).saturating_add(heartbeat_micros),
            opened,
            timer: None,
        }
    }

    /// Ready when the connection is to end.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let Some(look) = self.look() else {
                self.timer = None;
                return Poll::Pending;
            };
            let at = match look {
                Look::End(at) | Look::Again(at) => at,
            };
            if self.timer.as_ref().is_some_and(|(armed, _)| at < *armed) {
                self.timer = None;
            }
            let (_, timer) = self.timer.get_or_insert_with(|| (at, Box::pin(self.runtime.sleep_until(at))));
            if timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            self.timer = None;
            if let Look::End(at) = look
                && at <= self.runtime.now().tick
            {
                tracing::debug!("connection ended: nobody uses it");
                return Poll::Ready(());
            }
        }
    }

    fn look(&self) -> Option<Look> {
        if !self.wire.is_used() {
            return Some(Look::End(self.opened.after_micros(self.head_micros)));
        }
        if !self.wire.is_http2() {
            return None;
        }
        Some(match self.wire.in_use() {
            Use::Idle(since) => Look::End(since.after_micros(self.idle_micros)),
            Use::Running => Look::Again(self.runtime.now().tick.after_micros(self.patience_micros)),
            Use::Answering(since) => Look::End(since.after_micros(self.patience_micros)),
        })
    }
}
