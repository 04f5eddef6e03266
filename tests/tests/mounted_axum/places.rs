//! Every place that a router has: the endpoint answers there as it does on a listener, and clients find the
//! metadata where its challenges say, at the root of the host.

use std::time::Duration;

use axum::Router;
use http::{Method, StatusCode};
use mcp_tests::asking::{Answer, Ask};
use serde_json::json;
use tower_http::timeout::TimeoutLayer;

use crate::application::{ISSUER, Mounted, ask, own};

/// A way to mount, the URL that clients use then, and where its metadata is (RFC 9728 section 3.1).
struct Place {
    name: &'static str,
    url: &'static str,
    metadata: &'static str,
    application: fn(&Mounted) -> Router,
}

const PLACES: &[Place] = &[
    Place {
        name: "route_service",
        url: "http://localhost/mcp",
        metadata: "/.well-known/oauth-protected-resource/mcp",
        application: |mounted| mounted.application(),
    },
    Place {
        name: "nest_service",
        url: "http://localhost/mcp",
        metadata: "/.well-known/oauth-protected-resource/mcp",
        application: |mounted| mounted.with_metadata(own().nest_service("/mcp", mounted.mount.endpoint())),
    },
    Place {
        name: "fallback_service",
        url: "http://localhost/mcp",
        metadata: "/.well-known/oauth-protected-resource/mcp",
        application: |mounted| own().fallback_service(mounted.mount.clone()),
    },
    Place {
        name: "route_service in a nested router",
        url: "http://localhost/api/mcp",
        metadata: "/.well-known/oauth-protected-resource/api/mcp",
        application: |mounted| {
            let api = Router::new().route_service("/mcp", mounted.mount.endpoint());
            mounted.with_metadata(own().nest("/api", api))
        },
    },
    Place {
        name: "nest_service in a nested router",
        url: "http://localhost/api/mcp",
        metadata: "/.well-known/oauth-protected-resource/api/mcp",
        application: |mounted| {
            let api = Router::new().nest_service("/mcp", mounted.mount.endpoint());
            mounted.with_metadata(own().nest("/api", api))
        },
    },
    Place {
        name: "all of it under a prefix",
        url: "http://localhost/api/mcp",
        metadata: "/.well-known/oauth-protected-resource/api/mcp",
        application: |mounted| mounted.with_metadata(own().nest_service("/api", mounted.mount.clone())),
    },
    Place {
        name: "the root",
        url: "http://localhost/",
        metadata: "/.well-known/oauth-protected-resource",
        application: |mounted| mounted.with_metadata(own().route_service("/", mounted.mount.endpoint())),
    },
    Place {
        name: "merged, under a timeout",
        url: "http://localhost/mcp",
        metadata: "/.well-known/oauth-protected-resource/mcp",
        application: |mounted| {
            let mcp = Router::new().route_service("/mcp", mounted.mount.endpoint());
            let layer = TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::from_secs(9));
            mounted.with_metadata(own()).merge(mcp).layer(layer)
        },
    },
];

impl Place {
    fn path(&self) -> &'static str {
        self.url.strip_prefix("http://localhost").expect("a URL of this host")
    }

    fn build(&self) -> (Mounted, Router) {
        let mounted = Mounted::at(self.url, |server| server);
        let application = (self.application)(&mounted);
        (mounted, application)
    }
}

async fn get(application: &Router, path: &str) -> Answer {
    ask(application, Ask::bare(Method::GET, path)).await
}

#[tokio::test]
async fn a_call_is_answered_beside_the_applications_own_routes() {
    for place in PLACES {
        let (mounted, application) = place.build();
        let call = Ask::call("whoami").target(place.path()).bearer(&mounted.token());
        let answer = ask(&application, call).await;
        assert_eq!((answer.status, answer.text().as_str()), (200, "alice"), "{}", place.name);
        assert_eq!(get(&application, "/hello").await.body, "hello", "{}", place.name);
        assert_eq!(get(&application, "/nowhere").await.status, 404, "{}", place.name);
    }
}

#[tokio::test]
async fn a_challenge_leads_to_the_metadata() {
    for place in PLACES {
        let (_, application) = place.build();
        let refused = ask(&application, Ask::call("whoami").target(place.path())).await;
        assert_eq!(refused.status, 401, "{}", place.name);
        let challenge = refused.field("www-authenticate").and_then(|value| value.strip_prefix("Bearer "));
        let mut parameters: Vec<_> = challenge.expect("a challenge").split(", ").collect();
        parameters.sort_unstable();
        let resource_metadata = format!("resource_metadata=\"http://localhost{}\"", place.metadata);
        assert_eq!(parameters, [resource_metadata.as_str(), "scope=\"mcp\""], "{}", place.name);
        let document = get(&application, place.metadata).await;
        let expected = json!({
            "resource": place.url,
            "authorization_servers": [ISSUER],
            "scopes_supported": ["mcp"],
            "bearer_methods_supported": ["header"],
        });
        assert_eq!((document.status, document.json()), (200, expected.clone()), "{}", place.name);
        assert_eq!(document.field("access-control-allow-origin"), Some("*"), "{}", place.name);
        let at_the_root = get(&application, "/.well-known/oauth-protected-resource").await;
        assert_eq!(at_the_root.json(), expected, "{}", place.name);
    }
}

#[tokio::test]
async fn the_metadata_does_not_depend_on_what_is_left_of_its_path() {
    let mounted = Mounted::at("http://localhost/mcp", |server| server);
    let application = Router::new().nest_service("/.well-known", mounted.mount.metadata());
    for path in mounted.mount.server().metadata_paths() {
        assert_eq!(get(&application, &path).await.json()["resource"], "http://localhost/mcp", "{path}");
    }
}

#[tokio::test]
async fn a_token_for_another_place_is_not_good() {
    let (mounted, application) = PLACES[0].build();
    let elsewhere = Mounted::at("http://localhost/api/mcp", |server| server).token();
    assert_eq!(ask(&application, Ask::call("whoami").bearer(&elsewhere)).await.status, 401);
    assert_eq!(ask(&application, Ask::call("whoami").bearer(&mounted.token())).await.status, 200);
}

#[tokio::test]
async fn other_methods_are_refused() {
    for place in PLACES {
        let (_, application) = place.build();
        for (method, path, allowed) in [
            (Method::GET, place.path(), "POST"),
            (Method::DELETE, place.path(), "POST"),
            (Method::POST, place.metadata, "GET, HEAD"),
        ] {
            let answer = ask(&application, Ask::bare(method, path)).await;
            assert_eq!((answer.status, answer.field("allow")), (405, Some(allowed)), "{}", place.name);
        }
    }
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_is_served_and_no_other() {
    for place in PLACES {
        let (_, application) = place.build();
        let preflight = |origin| {
            Ask::bare(Method::OPTIONS, place.path())
                .field("origin", origin)
                .field("access-control-request-method", "POST")
        };
        let page = "http://localhost:5173";
        let answer = ask(&application, preflight(page)).await;
        let fields =
            ["access-control-allow-origin", "access-control-allow-methods"].map(|name| answer.field(name));
        assert_eq!((answer.status, fields), (204, [Some(page), Some("POST")]), "{}", place.name);
        let refused = ask(&application, preflight("https://foreign.example")).await;
        let permission = refused.field("access-control-allow-origin");
        assert_eq!((refused.status, permission), (403, None), "{}", place.name);
    }
}

#[tokio::test]
async fn a_foreign_host_is_refused() {
    for place in PLACES {
        let (mounted, application) = place.build();
        let call = Ask::call("whoami").target(place.path()).bearer(&mounted.token());
        let answer = ask(&application, call.field("host", "rebound.example")).await;
        assert_eq!(answer.status, 403, "{}", place.name);
    }
}
