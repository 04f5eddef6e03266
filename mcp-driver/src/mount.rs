//! The server inside somebody else's: a tower service for an application's router.

mod body;

use std::{
    convert::Infallible,
    error::Error,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::Request;
use http_body::Body;
use mcp_proto::{Target, head::Framing};

pub use self::body::MountedBody;
use crate::{
    hyper_rt::micros,
    runtime::Runtime,
    serve::{Arrival, Service},
    server::{Server, ServerError},
};

/// A server as a `tower_service::Service`, for the router of an application such as axum's. Cheap to clone;
/// clones share everything.
///
/// As it comes from [`Service::mount`] it tells by the path what is asked for and answers 404 to what it
/// does not know: a router's fallback. [`Mount::endpoint`] and [`Mount::metadata`] are for routers that
/// have told already, and may have taken a prefix off the path. Where clients look for the metadata,
/// [`Server::metadata_paths`] says.
///
/// Dropping the future of an answer, as a timeout layer does, cancels the call, and so does dropping the
/// body of a stream.
///
/// What holds for a listener holds here, with these exceptions, which are the application's:
///
/// - It owns the connection: its accept loop bounds connections, bytes of a head, the time for a head, and
///   how long a peer may leave a whole answer alone; it drains on shutdown. Of a stream this much is
///   watched here: when nobody has asked for more in the time of
///   [`write_stall`](crate::ConnectionTimeouts::write_stall) and one heartbeat, the call is cancelled and
///   the stream ends without a result.
/// - It reads the bytes, so it has to refuse requests that carry both `Content-Length` and
///   `Transfer-Encoding`, where a proxy before it may read another one (RFC 9112 section 6.3): hyper serves
///   them and hides the former.
///
/// What the application must not do a second time for these routes: answer preflights or add
/// `Access-Control-*` fields (a CORS layer would), which follow from
/// [`allow_origin`](crate::ServerBuilder::allow_origin); judge credentials, or take `Authorization` or `Host`
/// away; bound the body to less than the server's limit, which would turn a 413 into a broken body; collect
/// an answer before it is sent on, which would hold back the events of a stream.
pub struct Mount<R: Runtime> {
    service: Service<R>,
    /// `None`: the path tells.
    target: Option<Target>,
}

impl<R: Runtime> Service<R> {
    /// The server for an application's router.
    ///
    /// # Errors
    /// When the server has no authentication and nobody said
    /// [`allow_open_beyond_loopback`](crate::ServerBuilder::allow_open_beyond_loopback): where the application
    /// listens cannot be known. When it was built with [`tls`](crate::ServerBuilder::tls): the connections are the
    /// application's.
    pub fn mount(self) -> Result<Mount<R>, ServerError> {
        self.server().check_mount()?;
        Ok(Mount { service: self, target: None })
    }
}

impl<R: Runtime> Mount<R> {
    /// The MCP endpoint, whatever the path.
    #[must_use]
    pub fn endpoint(&self) -> Self {
        self.of(Target::Endpoint)
    }

    /// The protected resource metadata (RFC 9728), whatever the path; 404 where there is none.
    #[must_use]
    pub fn metadata(&self) -> Self {
        self.of(Target::Metadata)
    }

    /// The server.
    #[must_use]
    pub fn server(&self) -> &Server {
        self.service.server()
    }

    fn of(&self, target: Target) -> Self {
        Self { service: self.service.clone(), target: Some(target) }
    }

    async fn answer<B>(self, request: Request<B>) -> http::Response<MountedBody<R>>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        if let Some(refused) = self.service.judge_field_count(request.headers()) {
            return refused.map(MountedBody::whole);
        }
        let held = self.service.hold();
        let arrival = Arrival { framing: Framing::Clear, target: self.target };
        let response = self.service.answer(&held, request, arrival).await;
        let (runtime, timeouts) = (self.service.runtime(), self.server().connection_timeouts());
        response.map(|body| {
            if !body.is_stream() {
                return MountedBody::whole(body);
            }
            // A stream whose peer takes everything is asked for more at each heartbeat.
            let heartbeat = held.engine().timeouts().heartbeat_micros;
            MountedBody::watched(body, runtime, micros(timeouts.write_stall).saturating_add(heartbeat))
        })
    }
}

impl<R, B> tower_service::Service<Request<B>> for Mount<R>
where
    R: Runtime,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Response = http::Response<MountedBody<R>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let mount = self.clone();
        Box::pin(async move { Ok(mount.answer(request).await) })
    }
}

impl<R: Runtime> Clone for Mount<R> {
    fn clone(&self) -> Self {
        Self { service: self.service.clone(), target: self.target }
    }
}

impl<R: Runtime> std::fmt::Debug for Mount<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mount").field("server", self.server()).field("target", &self.target).finish()
    }
}
