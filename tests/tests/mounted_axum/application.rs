//! The application under test.

use axum::{Router, body::Body, response::Response, routing::get};
use http::Request;
use http_body_util::BodyExt as _;
use mcp_tests::asking::{Answer, Ask};
use mcp_tokio::{
    Auth, BearerPolicy, Caller, DevIssuer, Mount, NoArguments, Runtime as _, Server, ServerBuilder,
    TokioRuntime, Tool, mount,
};
use tower::ServiceExt as _;

pub(crate) const ISSUER: &str = "https://issuer.example";

/// A server whose callers bring tokens for a URL.
pub(crate) struct Mounted {
    pub(crate) mount: Mount<TokioRuntime>,
    url: String,
    issuer: DevIssuer,
}

impl Mounted {
    /// With the tool `whoami`, and what `configure` adds.
    pub(crate) fn at(url: &str, configure: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Self {
        let issuer = DevIssuer::new(ISSUER).expect("an issuer");
        let policy = BearerPolicy::builder(ISSUER, url).scope("mcp");
        let server = Server::builder("mounted", "1", Auth::bearer(policy, issuer.keys())).tool(whoami());
        let mount = mount(configure(server).build().expect("a server")).expect("a mount");
        Self { mount, url: url.to_owned(), issuer }
    }

    /// The application's own route, the endpoint at `/mcp`, and the metadata.
    pub(crate) fn application(&self) -> Router {
        self.with_metadata(own().route_service("/mcp", self.mount.endpoint()))
    }

    /// Adds the metadata to the root of a host.
    pub(crate) fn with_metadata(&self, mut host: Router) -> Router {
        for path in self.mount.server().metadata_paths() {
            host = host.route_service(&path, self.mount.metadata());
        }
        host
    }

    /// A token that is good here.
    pub(crate) fn token(&self) -> String {
        let now = TokioRuntime::new().now().unix;
        self.issuer.token(&self.url, now).subject("alice").scope("mcp").sign()
    }
}

/// An application without the server.
pub(crate) fn own() -> Router {
    Router::new().route("/hello", get(async || "hello"))
}

fn whoami() -> Tool {
    Tool::new("whoami").typed(async |_: NoArguments, caller: Caller| caller.principal().subject().to_owned())
}

/// The head of an answer, and its body as it comes.
pub(crate) async fn begin(application: &Router, ask: Ask) -> Response {
    let request: Request<Body> = ask.request().map(Body::new);
    // A router's error has no value.
    application.clone().oneshot(request).await.unwrap_or_else(|never| match never {})
}

/// A whole answer.
pub(crate) async fn ask(application: &Router, ask: Ask) -> Answer {
    whole(begin(application, ask).await).await
}

/// The rest of an answer.
pub(crate) async fn whole(response: Response) -> Answer {
    let (head, body) = response.into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    let body = std::str::from_utf8(&body).expect("UTF-8").to_owned();
    Answer { status: head.status.as_u16(), fields: head.headers, body }
}
