//! Asking the issuer about tokens (RFC 7662), through sockets on both sides.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use mcp_tests::{
    asking::Ask,
    forge::{AUDIENCE, Draft, Signer},
    http1::Response,
    journal::Journal,
};
use mcp_tokio::{
    Auth, BearerPolicy, BearerPolicyBuilder, Caller, Introspection, NoArguments, Runtime as _, Server,
    ServerLimits, TokioRuntime, Tool,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::timeout,
};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What this server is called at the issuer, and its secret there.
const CLIENT: (&str, &str) = ("mcp", "s3cret-client");

/// An issuer whose tokens nobody but itself can read.
struct Issuer {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    /// Answers go out as long as there are permits.
    gate: Arc<Semaphore>,
}

#[derive(Default)]
struct State {
    /// What it says of tokens; of all others, that they are not active.
    tokens: BTreeMap<String, Value>,
    /// Which tokens it was asked about, in order.
    asked: Vec<String>,
    /// With which status it answers instead.
    status: Option<u16>,
}

impl Issuer {
    async fn start() -> Self {
        let sockets = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = sockets.local_addr().expect("an address");
        let (state, gate) =
            (Arc::<Mutex<State>>::default(), Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)));
        let (shared, opened) = (Arc::clone(&state), Arc::clone(&gate));
        tokio::spawn(async move {
            while let Ok((stream, _)) = sockets.accept().await {
                tokio::spawn(converse(stream, address, Arc::clone(&shared), Arc::clone(&opened)));
            }
        });
        Self { address, state, gate }
    }

    fn name(&self) -> String {
        format!("http://{}", self.address)
    }

    fn endpoint(&self) -> String {
        format!("{}/introspect", self.name())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("the state")
    }

    /// Issues a token that is good for an hour.
    fn issue(&self, token: &str) {
        let now = now();
        let answer = json!({
            "active": true, "iss": self.name(), "aud": AUDIENCE, "sub": "alice", "client_id": "desk",
            "token_type": "Bearer", "iat": now, "exp": now + 3_600, "scope": "mcp",
        });
        self.lock().tokens.insert(token.to_owned(), answer);
    }

    /// Changes what it says of a token.
    fn amend(&self, token: &str, name: &str, value: Value) {
        let mut state = self.lock();
        state.tokens.get_mut(token).expect("an issued token")[name] = value;
    }

    fn revoke(&self, token: &str) {
        self.lock().tokens.remove(token);
    }

    /// Which tokens it was asked about since this was last called.
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().asked)
    }
}

fn now() -> u64 {
    TokioRuntime::new().now().unix.0
}

/// Answers one request.
async fn converse(
    mut stream: TcpStream,
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    gate: Arc<Semaphore>,
) {
    let Some((head, body)) = read_request(&mut stream).await else { return };
    let _permit = gate.acquire().await;
    let (status, document) = answer(&head, &body, address, &mut state.lock().expect("the state"));
    let length = document.len();
    let response = format!(
        "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{document}"
    );
    // A server that has left listens no more.
    let _ = stream.write_all(response.as_bytes()).await;
}

async fn read_request(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    loop {
        if let Some((head, body)) = std::str::from_utf8(&bytes).ok()?.split_once("\r\n\r\n") {
            let head = head.to_ascii_lowercase();
            let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
            let length: usize = length.unwrap_or("0").parse().ok()?;
            if body.len() >= length {
                let original = std::str::from_utf8(&bytes).ok()?.split_once("\r\n\r\n")?.0.to_owned();
                return Some((original, body.to_owned()));
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

/// RFC 7662 sections 2.1 to 2.3.
fn answer(head: &str, body: &str, address: SocketAddr, state: &mut State) -> (u16, String) {
    if head.starts_with("GET /.well-known/oauth-authorization-server ") {
        let issuer = format!("http://{address}");
        let metadata = json!({
            "issuer": issuer,
            "introspection_endpoint": format!("{issuer}/introspect"),
            "jwks_uri": format!("{issuer}/jwks"),
        });
        return (200, metadata.to_string());
    }
    if !head.starts_with("POST /introspect ") {
        return (404, "{}".to_owned());
    }
    let token = body.split('&').find_map(|pair| pair.strip_prefix("token=")).unwrap_or_default().to_owned();
    let document = state.tokens.get(&token).cloned().unwrap_or_else(|| json!({"active": false}));
    state.asked.push(token);
    if let Some(status) = state.status {
        return (status, "{}".to_owned());
    }
    let credentials = STANDARD.encode(format!("{}:{}", CLIENT.0, CLIENT.1));
    let is_known = head.split("\r\n").any(|line| {
        line.split_once(": ").is_some_and(|(name, value)| {
            name.eq_ignore_ascii_case("authorization") && value == format!("Basic {credentials}")
        })
    });
    if is_known { (200, document.to_string()) } else { (401, "{}".to_owned()) }
}

/// A server on a port of its own that asks the issuer.
async fn serve(policy: BearerPolicyBuilder, introspection: Introspection) -> SocketAddr {
    let whoami = Tool::new("whoami")
        .typed(async |_: NoArguments, caller: Caller| caller.principal().subject().to_owned());
    let mut limits = ServerLimits::default();
    limits.calls_per_principal = limits.calls;
    let server = Server::builder("test", "1", Auth::bearer(policy.scope("mcp"), introspection))
        .tool(whoami)
        .limits(limits)
        .build()
        .expect("a server");
    let listener = mcp_tokio::bind(server, ("127.0.0.1", 0)).await.expect("a listener");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(listener.run(std::future::pending()));
    address
}

fn policy(issuer: &Issuer) -> BearerPolicyBuilder {
    BearerPolicy::builder(issuer.name(), AUDIENCE)
}

fn introspection(issuer: &Issuer) -> Introspection {
    Introspection::new(issuer.endpoint()).client(CLIENT.0, CLIENT.1)
}

/// An issuer, and a server that asks it as it is asked by default.
async fn started() -> (Issuer, SocketAddr) {
    let issuer = Issuer::start().await;
    let server = serve(policy(&issuer), introspection(&issuer)).await;
    (issuer, server)
}

async fn call(server: SocketAddr, token: &str) -> Response {
    let asking = async {
        let mut stream = TcpStream::connect(server).await.expect("a connection");
        let request = Ask::call("whoami").id("id-7").bearer(token).http1();
        stream.write_all(request.as_bytes()).await.expect("a server");
        let mut received = Vec::new();
        loop {
            if let Some((response, _)) = Response::read(&received, false, false).expect("an answer") {
                return response;
            }
            assert_ne!(stream.read_buf(&mut received).await.expect("a connection"), 0, "closed");
        }
    };
    timeout(PATIENCE, asking).await.expect("an answer in time")
}

async fn status(server: SocketAddr, token: &str) -> u16 {
    call(server, token).await.head.status
}

fn error_of(response: &Response) -> Value {
    serde_json::from_slice::<Value>(&response.body).expect("JSON")["error"].clone()
}

/// Moves the clock of this test on.
async fn later(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

#[tokio::test]
async fn an_active_token_lets_in_and_its_issuer_is_asked_once() {
    let (issuer, server) = started().await;
    issuer.issue("good");
    let response = call(server, "good").await;
    let json: Value = serde_json::from_slice(&response.body).expect("JSON");
    assert_eq!(json["result"]["content"][0]["text"], "alice", "{json}");
    assert_eq!(status(server, "good").await, 200);
    assert_eq!(issuer.asked(), ["good"]);
}

#[tokio::test]
async fn a_token_that_is_not_active_is_refused_and_that_is_remembered_for_ten_seconds() {
    let (issuer, server) = started().await;
    let response = call(server, "unknown").await;
    assert_eq!(response.head.status, 401);
    assert_eq!(error_of(&response)["message"], "Unauthorized: Authentication failed");
    let challenge = response.head.field("www-authenticate").expect("a challenge");
    assert!(challenge.contains(r#"error="invalid_token""#), "{challenge}");
    issuer.issue("unknown");
    assert_eq!(status(server, "unknown").await, 401);
    assert_eq!(issuer.asked(), ["unknown"]);
    later(Duration::from_secs(11)).await;
    assert_eq!(status(server, "unknown").await, 200);
}

#[tokio::test]
async fn an_answer_is_judged_like_a_signed_token() {
    let (issuer, server) = started().await;
    let other = |name: &str, value: Value, status: u16| (name.to_owned(), value, status);
    let table = [
        other("aud", json!("https://other.example"), 401),
        other("aud", json!(["https://other.example", AUDIENCE]), 200),
        other("iss", json!("https://other.example"), 401),
        other("exp", json!(now() - 600), 401),
        other("exp", json!("soon"), 401),
        other("nbf", json!(now() + 600), 401),
        other("scope", json!("other"), 403),
        other("scope", json!(["mcp"]), 403),
        other("cnf", json!({"jkt": "x"}), 401),
        other("token_type", json!("refresh_token"), 401),
        // RFC 7662 section 2.2: a boolean, so that nothing is known of the token.
        other("active", json!("true"), 503),
        other("active", json!(1), 503),
        other("active", json!(null), 503),
        other("active", json!(false), 401),
    ];
    for (number, (name, value, expected)) in table.into_iter().enumerate() {
        let token = format!("token-{number}");
        issuer.issue(&token);
        issuer.amend(&token, &name, value.clone());
        assert_eq!(status(server, &token).await, expected, "{name}: {value}");
    }
}

#[tokio::test]
async fn a_revoked_token_works_no_longer_than_answers_are_kept() {
    let (issuer, server) = started().await;
    issuer.issue("token");
    assert_eq!(status(server, "token").await, 200);
    issuer.revoke("token");
    later(Duration::from_secs(29)).await;
    assert_eq!(status(server, "token").await, 200, "within the stated 30 seconds");
    later(Duration::from_secs(1)).await;
    assert_eq!(status(server, "token").await, 401);

    let strict = serve(policy(&issuer), introspection(&issuer).cache_seconds(0)).await;
    issuer.issue("other");
    assert_eq!(status(strict, "other").await, 200);
    issuer.revoke("other");
    assert_eq!(status(strict, "other").await, 401, "nothing was kept");
}

#[tokio::test]
async fn a_thousand_requests_at_once_with_one_token_are_one_question() {
    const CONNECTIONS: usize = 10;
    const REQUESTS: usize = 100;
    let (issuer, server) = started().await;
    issuer.issue("shared");
    // The issuer takes its time.
    issuer.gate.forget_permits(Semaphore::MAX_PERMITS);
    let mut responses = Vec::new();
    for _ in 0..CONNECTIONS {
        let stream = TcpStream::connect(server).await.expect("a connection");
        let (mut requests, connection) = h2::client::handshake(stream).await.expect("HTTP/2");
        tokio::spawn(connection);
        for _ in 0..REQUESTS {
            let (mut head, body) = Ask::call("whoami").bearer("shared").request().into_parts();
            head.uri = "http://localhost/mcp".parse().expect("a URL");
            let body = http_body_util::BodyExt::collect(body).await.expect("a body").to_bytes();
            requests = requests.ready().await.expect("a connection");
            let (response, mut sending) =
                requests.send_request(http::Request::from_parts(head, ()), false).expect("a request");
            sending.send_data(body, true).expect("a body");
            responses.push(response);
        }
    }
    issuer.gate.add_permits(CONNECTIONS * REQUESTS);
    for response in responses {
        let response = timeout(PATIENCE, response).await.expect("in time").expect("an answer");
        assert_eq!(response.status(), 200);
    }
    assert_eq!(issuer.asked(), ["shared"]);
}

/// Fails unless nobody got in and the client was told to come again.
fn assert_unavailable(response: &Response) {
    assert_eq!(response.head.status, 503, "{}", String::from_utf8_lossy(&response.body));
    assert_eq!(error_of(response)["message"], "Credentials cannot be verified at the moment");
    assert_eq!(response.head.field("retry-after"), Some("5"));
    assert_eq!(response.head.field("www-authenticate"), None);
    let json: Value = serde_json::from_slice(&response.body).expect("JSON");
    assert_eq!(json["id"], "id-7");
}

#[tokio::test]
async fn an_endpoint_that_is_down_is_an_outage_and_lets_nobody_in() {
    let issuer = Issuer::start().await;
    // A port that was somebody's a moment ago.
    let gone = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let url = format!("http://{}/introspect", gone.local_addr().expect("an address"));
    drop(gone);
    let server = serve(policy(&issuer), Introspection::new(url).client(CLIENT.0, CLIENT.1)).await;
    for _ in 0..10 {
        assert_unavailable(&call(server, "token").await);
    }
}

#[tokio::test]
async fn an_endpoint_that_fails_is_an_outage_until_it_is_back() {
    let (issuer, server) = started().await;
    issuer.issue("token");
    for status in [500, 502, 503, 429, 302, 404, 204] {
        issuer.lock().status = Some(status);
        assert_unavailable(&call(server, "token").await);
        later(Duration::from_secs(2)).await;
    }
    issuer.lock().status = None;
    assert_eq!(status(server, "token").await, 200, "an outage is not remembered of a token");
}

#[tokio::test]
async fn a_good_answer_is_used_while_the_endpoint_is_down() {
    let (issuer, server) = started().await;
    issuer.issue("token");
    assert_eq!(status(server, "token").await, 200);
    issuer.lock().status = Some(500);
    assert_eq!(status(server, "token").await, 200);
    later(Duration::from_secs(31)).await;
    assert_unavailable(&call(server, "token").await);
}

#[tokio::test]
async fn a_wrong_client_secret_is_an_outage_that_the_operator_is_told_of() {
    let issuer = Issuer::start().await;
    let journal = Journal::open();
    let server =
        serve(policy(&issuer), Introspection::new(issuer.endpoint()).client("mcp", "s3cret-wrong")).await;
    issuer.issue("s3cret-token");
    assert_unavailable(&call(server, "s3cret-token").await);
    let lines = journal.lines();
    let errors: Vec<_> = lines.iter().filter(|line| line.level == tracing::Level::ERROR).collect();
    let [error] = errors[..] else { panic!("{}", journal.text()) };
    assert!(error.text.contains("credentials") && error.text.contains("401"), "{}", error.text);
    assert!(!journal.text().contains("s3cret"), "{}", journal.text());
}

#[tokio::test]
async fn no_answer_and_no_log_holds_a_token_or_the_secret() {
    let (issuer, server) = started().await;
    let journal = Journal::open();
    issuer.issue("s3cret-good");
    let mut told = String::new();
    for token in ["s3cret-good", "s3cret-bad"] {
        let response = call(server, token).await;
        told += &format!("{:?} {}", response.head, String::from_utf8_lossy(&response.body));
    }
    issuer.lock().status = Some(500);
    told += &format!("{:?}", call(server, "s3cret-other").await.head);
    told += &journal.text();
    assert!(!told.contains("s3cret"), "{told}");
}

/// RFC 8414: the operator names the issuer, and its metadata the endpoint.
#[tokio::test]
async fn the_endpoint_is_found_by_the_metadata_of_the_issuer() {
    let issuer = Issuer::start().await;
    issuer.issue("token");
    let discovered = Introspection::discovered().client(CLIENT.0, CLIENT.1);
    let server = serve(policy(&issuer), discovered).await;
    // It is looked up beside the first requests.
    let found = async {
        while status(server, "token").await == 503 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(3), found).await.expect("the endpoint is found");
    assert_eq!(status(server, "token").await, 200);
}

/// A signed token of somebody else goes to nobody: whoever is asked about it could use it.
#[tokio::test]
async fn an_issuer_is_not_asked_about_the_tokens_of_another() {
    let (issuer, server) = started().await;
    let signer = Signer::es256("k");
    let foreign = Draft::of(&signer).sign(&signer);
    let own = Draft::of(&signer).claim("iss", issuer.name()).sign(&signer);
    assert_eq!(status(server, &foreign).await, 401);
    assert_eq!(issuer.asked(), Vec::<String>::new());
    assert_eq!(status(server, &own).await, 401, "it is not active, whoever signed it");
    assert_eq!(issuer.asked(), [own]);
}
