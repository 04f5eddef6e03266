//! Keys that the operator gives out.

use http::{HeaderName, Method};
use mcp_tests::{asking::Ask, audited::Audited, journal::Journal};
use mcp_tokio::{
    API_KEY_BYTES_MAX, API_KEY_ISSUER, ApiKeys, Auth, Caller, NoArguments, Server, ServerBuilder,
    ServerError, Tool,
};

const KEY: &str = "s3cret-mZ0m4Vq8kq3mJp1gYw5v2f6hT7nR9xUe";
const OTHER: &str = "s3cret-other-9c0e4f1a7d3b5e8f2a6c4d0b";

fn keys() -> ApiKeys {
    ApiKeys::new()
        .key("nightly", &ApiKeys::hash(KEY), "reports:read")
        .and_then(|keys| keys.key("admin", &ApiKeys::hash(OTHER), "reports:read reports:write"))
        .expect("keys")
}

fn server(keys: ApiKeys) -> ServerBuilder {
    let whoami = Tool::new("whoami").typed(async |_: NoArguments, caller: Caller| {
        let principal = caller.principal();
        format!("{} {} {}", principal.issuer(), principal.subject(), principal.client())
    });
    let write = Tool::new("write").scope("reports:write").typed(async |_: NoArguments| "written");
    Server::builder("test", "1", Auth::api_keys(keys)).tool(whoami).tool(write)
}

fn with_key(tool: &str, key: &str) -> Ask {
    Ask::call(tool).field("x-api-key", key)
}

#[tokio::test(start_paused = true)]
async fn a_key_lets_in_under_its_name_and_with_its_scopes() {
    let bench = Audited::start(server(keys()));
    let answer = with_key("whoami", KEY).send(&bench.service).await;
    assert_eq!(answer.text(), format!("{API_KEY_ISSUER} nightly nightly"));
    assert_eq!(bench.judge(with_key("write", KEY)).await, (403, Some("insufficient_scope".into())));
    assert_eq!(bench.judge(with_key("write", OTHER)).await, (200, None));
}

#[tokio::test(start_paused = true)]
async fn anything_but_one_good_key_is_refused() {
    let bench = Audited::start(server(keys()));
    let call = || Ask::call("whoami");
    let upper = KEY.to_uppercase();
    let too_long = "k".repeat(API_KEY_BYTES_MAX + 1);
    let hash = ApiKeys::hash(KEY);
    let table = [
        call(),
        with_key("whoami", "wrong"),
        with_key("whoami", ""),
        with_key("whoami", &KEY[..KEY.len() - 1]),
        with_key("whoami", &format!("{KEY}x")),
        with_key("whoami", &upper),
        with_key("whoami", &too_long),
        with_key("whoami", &format!("{KEY}, {KEY}")),
        with_key("whoami", &format!("Bearer {KEY}")),
        // Who has read the configuration has no key.
        with_key("whoami", &hash),
        with_key("whoami", "nightly"),
        with_key("whoami", KEY).another("x-api-key", KEY),
        with_key("whoami", KEY).another("x-api-key", "wrong"),
        with_key("whoami", "wrong").another("x-api-key", KEY),
        // Where another server would look for one.
        call().bearer(KEY),
        call().field("authorization", &format!("ApiKey {KEY}")),
        call().field("cookie", &format!("x-api-key={KEY}")),
        call().target(format!("/mcp?x-api-key={KEY}")),
    ];
    for ask in table {
        let shown = format!("{ask:?}");
        assert_eq!(bench.judge(ask).await, (401, Some("rejected".into())), "{shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_of_the_longest_length_is_good_and_one_byte_more_is_not() {
    let longest = "k".repeat(API_KEY_BYTES_MAX);
    let longer = "k".repeat(API_KEY_BYTES_MAX + 1);
    let keys = ApiKeys::new()
        .key("longest", &ApiKeys::hash(&longest), "")
        .and_then(|keys| keys.key("longer", &ApiKeys::hash(&longer), ""))
        .expect("keys");
    let bench = Audited::start(server(keys));
    assert_eq!(bench.judge(with_key("whoami", &longest)).await, (200, None));
    assert_eq!(bench.judge(with_key("whoami", &longer)).await, (401, Some("rejected".into())));
}

#[tokio::test(start_paused = true)]
async fn without_keys_nobody_is_let_in() {
    let bench = Audited::start(server(ApiKeys::new()));
    for ask in [Ask::call("whoami"), with_key("whoami", ""), with_key("whoami", KEY)] {
        assert_eq!(bench.judge(ask).await, (401, Some("rejected".into())));
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_names_the_scheme_and_repeats_no_key() {
    let journal = Journal::open();
    let bench = Audited::start(server(keys()));
    let answer = with_key("whoami", "s3cret-wrong").send(&bench.service).await;
    assert_eq!(answer.error(), (401, -32000, "Unauthorized: Authentication failed".into()));
    let challenges = answer.challenges();
    assert!(matches!(challenges[..], [challenge] if challenge.starts_with("ApiKey")), "{challenges:?}");
    assert!(!answer.contains("s3cret"), "{answer:?}");

    let good = with_key("whoami", KEY).send(&bench.service).await;
    assert!(!good.contains("s3cret"), "{good:?}");
    let recorded = format!("{:?}", bench.events());
    assert!(!recorded.contains("s3cret"), "{recorded}");
    assert!(!format!("{:?}", bench.service).contains("s3cret"));
    assert!(!journal.text().contains("s3cret"), "{}", journal.text());
}

/// Field names of an `Access-Control-Allow-Headers` field.
async fn allowed_headers(bench: &Audited) -> Vec<String> {
    let preflight = Ask::bare(Method::OPTIONS, "/mcp")
        .field("origin", "http://localhost:5173")
        .field("access-control-request-method", "POST")
        .field("access-control-request-headers", "content-type, x-api-key")
        .send(&bench.service)
        .await;
    assert_eq!(preflight.status, 204);
    let allowed = preflight.field("access-control-allow-headers").expect("a list");
    allowed.split(',').map(|name| name.trim().to_ascii_lowercase()).collect()
}

#[tokio::test(start_paused = true)]
async fn web_pages_of_allowed_origins_may_send_the_field_and_no_other_servers() {
    let bench = Audited::start(server(keys()));
    let allowed = allowed_headers(&bench).await;
    assert!(allowed.contains(&"x-api-key".into()), "{allowed:?}");
    assert!(!allowed.contains(&"*".into()), "a wildcard does not cover it");

    let renamed = keys().header("X-Service-Token").expect("a name");
    let allowed = allowed_headers(&Audited::start(server(renamed))).await;
    assert!(allowed.contains(&"x-service-token".into()), "{allowed:?}");
    assert!(!allowed.contains(&"x-api-key".into()), "{allowed:?}");
}

#[tokio::test(start_paused = true)]
async fn another_field_counts_when_it_is_the_configured_one() {
    let bench = Audited::start(server(keys().header("X-Service-Token").expect("a name")));
    let ask = |field: &str| Ask::call("whoami").field(field, KEY);
    assert_eq!(bench.judge(ask("x-service-token")).await, (200, None));
    assert_eq!(bench.judge(ask("X-Api-Key")).await, (401, Some("rejected".into())));
}

#[test]
fn the_field_is_not_exposed_to_handlers() {
    let expose = |keys: ApiKeys, name: &'static str| {
        server(keys).expose_header(HeaderName::from_static(name)).build().err()
    };
    let refused = |name: &'static str| Some(ServerError::ExposedCredentials(HeaderName::from_static(name)));
    assert_eq!(expose(keys(), "x-api-key"), refused("x-api-key"));
    let renamed = || keys().header("X-Service-Token").expect("a name");
    assert_eq!(expose(renamed(), "x-service-token"), refused("x-service-token"));
    assert_eq!(expose(renamed(), "x-trace"), None);
}
