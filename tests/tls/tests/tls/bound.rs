//! Tokens that are bound to a certificate (RFC 8705 section 3).

use http::Request;
use mcp_tokio::{CertificatePolicy, Server, SessionAuth, SessionPolicy};
use serde_json::{Value, json};

use crate::{
    authority::{Authority, Pair},
    client::{Answer, Client, Connection, initialize, post, with_token},
    served::{Driver, guarded, issuer, policy, tls, token},
};

/// RFC 8705 section 3: 401 and `invalid_token`.
fn assert_refused(answer: &Answer, why: &str) {
    assert_eq!(answer.status, 401, "{answer:?}");
    let challenge = answer.header("www-authenticate");
    assert!(challenge.contains(r#"error="invalid_token""#) && challenge.contains(why), "{challenge}");
}

const MISSING: &str = "bound to a client certificate and none was presented";
const OTHER: &str = "bound to another client certificate";

struct World {
    servers: Authority,
    clients: Authority,
    own: Pair,
    other: Pair,
}

impl World {
    fn new() -> Self {
        let clients = Authority::new("clients");
        let [own, other] = ["own", "other"].map(|name| clients.client(name));
        Self { servers: Authority::new("servers"), clients, own, other }
    }

    fn tls(&self) -> mcp_tokio::ServerTls {
        tls(&self.servers).client_ca_pem(self.clients.pem()).build().expect("TLS")
    }

    async fn connect(&self, server: &crate::served::Running, certificate: Option<&Pair>) -> Connection {
        Client::new(&self.servers).with(certificate).connect(server.address).await
    }
}

/// The second time, the token is known: what is remembered of it holds for its certificate and for no other.
#[tokio::test]
async fn a_bound_token_is_good_with_its_certificate_alone_also_when_it_is_known() {
    let world = World::new();
    let issuer = issuer();
    for driver in Driver::ALL {
        let server = driver.serve(guarded(world.tls(), &issuer, policy()).build().expect("a server"));
        for is_http2 in [false, true] {
            let bound = token(&issuer, Some(&world.own));
            for (certificate, refused) in [
                (Some(&world.other), Some(OTHER)),
                (None, Some(MISSING)),
                (Some(&world.own), None),
                (Some(&world.other), Some(OTHER)),
                (None, Some(MISSING)),
                (Some(&world.own), None),
            ] {
                let client = Client::new(&world.servers).with(certificate);
                let client = if is_http2 { client.http2() } else { client };
                let mut connection = client.connect(server.address).await;
                for _ in 0..2 {
                    let answer = connection.who(Some(&bound)).await;
                    match refused {
                        None => assert!(answer.said().starts_with("alice Certificate"), "{driver:?}"),
                        Some(why) => assert_refused(&answer, why),
                    }
                }
            }
            let unbound = token(&issuer, None);
            let mut connection = world.connect(&server, Some(&world.other)).await;
            assert!(connection.who(Some(&unbound)).await.said().starts_with("alice "), "{driver:?}");
        }
    }
}

#[tokio::test]
async fn a_server_can_require_tokens_that_are_bound() {
    let world = World::new();
    let issuer = issuer();
    for driver in Driver::ALL {
        let policy = policy().certificates(CertificatePolicy::required());
        let server = guarded(world.tls(), &issuer, policy).build().expect("a server");
        assert!(
            server.describe().contains("only if bound to the client certificate"),
            "{}",
            server.describe()
        );
        let server = driver.serve(server);
        let mut connection = world.connect(&server, Some(&world.own)).await;
        assert_refused(
            &connection.who(Some(&token(&issuer, None))).await,
            "not bound to a client certificate",
        );
        assert_eq!(connection.who(Some(&token(&issuer, Some(&world.own)))).await.status, 200);
        let path = "/.well-known/oauth-protected-resource";
        let document = connection.exchange(Request::get(path), Value::Null).await;
        let document: Value = serde_json::from_str(&document.body).expect("JSON");
        assert_eq!(document["tls_client_certificate_bound_access_tokens"], json!(true), "RFC 9728 section 2");
    }
}

#[tokio::test]
async fn a_session_is_used_with_the_certificate_that_its_token_is_bound_to() {
    let world = World::new();
    let issuer = issuer();
    let bound = token(&issuer, Some(&world.own));
    let build = |auth| -> Server {
        let mut sessions = SessionPolicy::default();
        sessions.auth = auth;
        guarded(world.tls(), &issuer, policy()).sessions(sessions).build().expect("a server")
    };
    for driver in Driver::ALL {
        for (auth, token, elsewhere) in [
            (SessionAuth::EveryRequest, Some(&*bound), 401),
            // The token is not sent again, and nothing tells that the session is there.
            (SessionAuth::InitializeOnly, None, 404),
        ] {
            let server = driver.serve(build(auth));
            let mut own = world.connect(&server, Some(&world.own)).await;
            let opened = own.exchange(post(Some(&bound)), initialize()).await;
            let id = opened.header("mcp-session-id").to_owned();
            assert_eq!((opened.status, id.is_empty()), (200, false), "{opened:?}");
            let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"});
            for (certificate, status) in
                [(None, elsewhere), (Some(&world.other), elsewhere), (Some(&world.own), 200)]
            {
                let mut connection = world.connect(&server, certificate).await;
                let request = with_token(post(None), token).header("mcp-session-id", &id);
                let answer = connection.exchange(request, ping.clone()).await;
                assert_eq!(answer.status, status, "{driver:?} {auth:?} {answer:?}");
            }
        }
    }
}
