//! One connection of HTTP/1.1 or HTTP/2, on any runtime and any socket.

use std::{
    convert::Infallible,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
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
    guard::{Guarded, Wire},
    held::Held,
    hyper_rt::{HyperRuntime, micros},
    limits::{ConnectionTimeouts, ServerLimits},
    runtime::Runtime,
    serve::{Arrival, Service},
};

impl<R: Runtime> Service<R> {
    /// Serves a connection to its end. Once `stop` is ready, what is under way is finished and
    /// nothing new is begun; dropping the future ends everything at once.
    pub async fn serve_connection<I>(&self, io: I, stop: impl Future<Output = ()>)
    where
        I: Read + Write + Unpin + Send + 'static,
    {
        let server = self.server();
        let timeouts = server.connection_timeouts();
        let wire = Arc::new(Wire::default());
        let io = Guarded::new(io, self.runtime().clone(), Arc::clone(&wire), micros(timeouts.write_stall));
        let pinned = Arc::new(Pinned::new(self.clone(), Arc::clone(&wire)));
        let answer = service_fn(move |request| {
            let pinned = Arc::clone(&pinned);
            async move { Ok::<_, Infallible>(pinned.answer(request).await) }
        });
        let builder = builder(self.runtime(), server.limits(), timeouts);
        let mut connection = pin!(builder.serve_connection(io, answer));
        let mut stop = pin!(stop);
        let mut stopping = false;
        let mut watch = Watch::new(self.runtime().clone(), wire, timeouts);
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
    /// What was current when the last request began, and its generation.
    current: Mutex<(u64, Arc<Held>)>,
}

impl<R: Runtime> Pinned<R> {
    fn new(service: Service<R>, wire: Arc<Wire>) -> Self {
        let generation = service.server().generation();
        let current = Mutex::new((generation, service.hold()));
        Self { service, wire, current }
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

    async fn answer(&self, request: Request<Incoming>) -> http::Response<ReplyBody<R>> {
        let headers = request.headers();
        if request.version() == Version::HTTP_2 {
            self.wire.set_http2();
            let open = OpenRequest::begin(self);
            let arrival = Arrival { framing: Framing::Clear, target: None };
            let response = self.service.answer(&self.held(), request, arrival).await;
            return response.map(|body| body.holding(Box::new(open)));
        }
        self.wire.seen_request();
        let framing = self.wire.framing(
            headers.contains_key(header::CONTENT_LENGTH),
            headers.contains_key(header::TRANSFER_ENCODING),
        );
        let arrival = Arrival { framing, target: None };
        self.service.answer(&self.held(), request, arrival).await
    }
}

/// A request of HTTP/2 whose answer is not complete: while there is one, the connection is in use.
struct OpenRequest<R: Runtime> {
    wire: Arc<Wire>,
    runtime: R,
}

impl<R: Runtime> OpenRequest<R> {
    fn begin(pinned: &Pinned<R>) -> Self {
        let open = Self { wire: Arc::clone(&pinned.wire), runtime: pinned.service.runtime().clone() };
        open.wire.open_requests.fetch_add(1, Ordering::Relaxed);
        open.wire.stamp(open.runtime.now().tick);
        open
    }
}

impl<R: Runtime> Drop for OpenRequest<R> {
    fn drop(&mut self) {
        self.wire.stamp(self.runtime.now().tick);
        self.wire.open_requests.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Ends a connection that nobody uses, where hyper has no timer of its own: before the first
/// request, and on HTTP/2 between requests.
struct Watch<R: Runtime> {
    runtime: R,
    wire: Arc<Wire>,
    head_micros: u64,
    idle_micros: u64,
    opened: Tick,
    timer: Option<Pin<Box<R::Sleep>>>,
}

impl<R: Runtime> Watch<R> {
    fn new(runtime: R, wire: Arc<Wire>, timeouts: &ConnectionTimeouts) -> Self {
        let opened = runtime.now().tick;
        Self {
            runtime,
            wire,
            head_micros: micros(timeouts.head),
            idle_micros: micros(timeouts.idle),
            opened,
            timer: None,
        }
    }

    /// Ready when the connection is to end.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let Some(deadline) = self.deadline() else {
                self.timer = None;
                return Poll::Pending;
            };
            let timer = self.timer.get_or_insert_with(|| Box::pin(self.runtime.sleep_until(deadline)));
            if timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            if deadline <= self.runtime.now().tick {
                tracing::debug!("connection ended: nobody uses it");
                return Poll::Ready(());
            }
            self.timer = None;
        }
    }

    fn deadline(&self) -> Option<Tick> {
        match self.wire.last_request.load(Ordering::Relaxed) {
            0 => Some(self.opened.after_micros(self.head_micros)),
            _ if !self.wire.is_http2() => None,
            _ if self.wire.open_requests.load(Ordering::Relaxed) > 0 => None,
            last => Some(Tick(last).after_micros(self.idle_micros)),
        }
    }
}
