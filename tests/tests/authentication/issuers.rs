//! Several issuers, of which each is trusted for its own tokens and for nothing else.

use std::{sync::Arc, time::Duration};

use mcp_tests::{
    asking::Ask,
    audited::Audited,
    forge::{Draft, Signer},
    key_servers::{Conduct, KeyServers},
};
use mcp_tokio::{
    Auth, BearerPolicy, Caller, IssuerPolicy, KeySource, NoArguments, Profile, Server, ServerBuilder, Tool,
};
use tokio::time::advance;

/// An issuer that describes its tokens by RFC 9068.
const A: &str = "https://a.example";
const A_KEYS: &str = "https://a.example/jwks";
const AUDIENCE_A: &str = "http://localhost/mcp";

/// One that does not.
const B: &str = "https://b.example";
const B_KEYS: &str = "https://b.example/jwks";
const AUDIENCE_B: &str = "mcp-server";

fn server(keys_a: KeySource, keys_b: KeySource) -> ServerBuilder {
    let policy = BearerPolicy::trusting(IssuerPolicy::new(A, AUDIENCE_A)).resource(AUDIENCE_A);
    let b = IssuerPolicy::new(B, AUDIENCE_B).profile(Profile::Compatible);
    let whoami = Tool::new("whoami").typed(async |_: NoArguments, caller: Caller| {
        format!("{} {}", caller.principal().issuer(), caller.principal().subject())
    });
    Server::builder("test", "1", Auth::bearer(policy, keys_a).issuer(b, keys_b)).tool(whoami)
}

/// A server that fetches the keys of both, and has fetched them.
async fn fetching(servers: &KeyServers) -> Audited {
    let url = |url| KeySource::url(url).expect("a URL");
    let bench = Audited::fetching(server(url(A_KEYS), url(B_KEYS)), Some(Arc::new(servers.clone())));
    // The fetches run beside.
    tokio::time::sleep(Duration::from_millis(1)).await;
    bench
}

fn of_a(signer: &Signer) -> Draft {
    Draft::of(signer).claim("iss", A).claim("aud", AUDIENCE_A)
}

fn of_b(signer: &Signer) -> Draft {
    Draft::of(signer).claim("iss", B).claim("aud", AUDIENCE_B)
}

fn call(token: &str) -> Ask {
    Ask::call("whoami").bearer(token)
}

fn refused(rule: &str) -> (u16, Option<String>) {
    (401, Some(rule.to_owned()))
}

const GOOD: (u16, Option<String>) = (200, None);

#[tokio::test(start_paused = true)]
async fn a_token_is_judged_by_the_keys_audience_and_profile_of_its_issuer_alone() {
    // Both name their keys alike.
    let (a, b) = (Signer::es256("shared-name"), Signer::es256("shared-name"));
    let given = |signer: &Signer| KeySource::from_json(signer.jwks()).expect("keys");
    let bench = Audited::start(server(given(&a), given(&b)));
    // Without what only RFC 9068 demands.
    let plain = |draft: Draft| draft.header("typ", "JWT").no_claim("jti");
    let table = [
        ("A's own", of_a(&a).sign(&a), GOOD),
        ("B's own", of_b(&b).sign(&b), GOOD),
        ("B's own, as others write them", plain(of_b(&b)).sign(&b), GOOD),
        ("A's with B's profile", of_a(&a).header("typ", "JWT").sign(&a), refused("type_refused")),
        ("A's without an id", of_a(&a).no_claim("jti").sign(&a), refused("token_id_missing")),
        ("A's for B's audience", of_a(&a).claim("aud", AUDIENCE_B).sign(&a), refused("audience_foreign")),
        ("B's for A's audience", of_b(&b).claim("aud", AUDIENCE_A).sign(&b), refused("audience_foreign")),
        ("claims A, signed by B", of_a(&b).sign(&b), refused("bad_signature")),
        ("claims B, signed by A", of_b(&a).sign(&a), refused("bad_signature")),
        (
            "claims both",
            of_a(&a).claim("iss", serde_json::json!([A, B])).sign(&a),
            refused("claims_malformed"),
        ),
        ("of nobody", of_a(&a).claim("iss", "https://c.example").sign(&a), refused("issuer_foreign")),
        ("of A with a slash", of_a(&a).claim("iss", format!("{A}/")).sign(&a), refused("issuer_foreign")),
    ];
    for (what, token, expected) in table {
        // The second time it may be remembered.
        for _ in 0..2 {
            assert_eq!(bench.judge(call(&token)).await, expected, "{what}");
        }
    }
    let who = async |token: String| call(&token).send(&bench.service).await.text();
    assert_eq!(who(of_a(&a).sign(&a)).await, format!("{A} alice"));
    assert_eq!(who(of_b(&b).sign(&b)).await, format!("{B} alice"));
}

#[tokio::test(start_paused = true)]
async fn one_issuer_that_is_out_takes_no_other_along() {
    let (a, b) = (Signer::es256("a"), Signer::es256("b"));
    for conduct in [Conduct::IsDown, Conduct::Hangs, Conduct::Publishes("<html>".into())] {
        let servers = KeyServers::default();
        servers.set(A_KEYS, conduct.clone());
        servers.set(B_KEYS, Conduct::Publishes(b.jwks()));
        let bench = fetching(&servers).await;
        let unavailable = (503, Some("keys_unavailable".to_owned()));
        assert_eq!(bench.judge(call(&of_a(&a).sign(&a))).await, unavailable, "{conduct:?}");
        assert_eq!(bench.judge(call(&of_b(&b).sign(&b))).await, GOOD, "{conduct:?}");
        // Not even under a key that is there.
        assert_eq!(bench.judge(call(&of_a(&b).sign(&b))).await, unavailable, "{conduct:?}");

        let answer = call(&of_a(&a).sign(&a)).send(&bench.service).await;
        assert_eq!(answer.field("retry-after"), Some("5"));
        assert!(answer.challenges().is_empty());
        let ready = Ask::bare(http::Method::GET, "/ready").send(&bench.service).await;
        assert_eq!(ready.status, 200, "B's callers are served");

        servers.set(A_KEYS, Conduct::Publishes(a.jwks()));
        // In small steps, unlike a jump: what is to happen meanwhile happens at its time.
        tokio::time::sleep(Duration::from_secs(61)).await;
        assert_eq!(bench.judge(call(&of_a(&a).sign(&a))).await, GOOD, "{conduct:?}: it is back");
    }
}

#[tokio::test(start_paused = true)]
async fn unknown_keys_of_one_issuer_cause_few_fetches_there_and_none_elsewhere() {
    let (a, b) = (Signer::es256("a"), Signer::es256("b"));
    let servers = KeyServers::default();
    servers.set(A_KEYS, Conduct::Publishes(a.jwks()));
    servers.set(B_KEYS, Conduct::Publishes(b.jwks()));
    let bench = fetching(&servers).await;
    assert_eq!((servers.asked(A_KEYS), servers.asked(B_KEYS)), (1, 1));
    let flood = async |seconds: u64| {
        for second in 0..seconds {
            for number in 0..10 {
                let token = of_a(&a).header("kid", format!("no-{second}-{number}")).sign(&a);
                assert_eq!(bench.judge(call(&token)).await, refused("key_unknown"));
            }
            advance(Duration::from_secs(1)).await;
        }
    };
    flood(90).await;
    let asked = servers.asked(A_KEYS);
    // One at the start, and one each 30 seconds.
    assert!((2..=4).contains(&asked), "{asked}");
    assert_eq!(servers.asked(B_KEYS), 1);
    // A key name of the other issuer is as unknown here.
    assert_eq!(bench.judge(call(&of_a(&a).header("kid", "b").sign(&a))).await, refused("key_unknown"));
    // Good tokens are served all the while.
    assert_eq!(bench.judge(call(&of_a(&a).sign(&a))).await, GOOD);
    assert_eq!(bench.judge(call(&of_b(&b).sign(&b))).await, GOOD);
}

#[tokio::test(start_paused = true)]
async fn keys_rotate_at_one_issuer_alone() {
    let (old, new, b) = (Signer::es256("old"), Signer::es256("new"), Signer::es256("b"));
    let servers = KeyServers::default();
    servers.set(A_KEYS, Conduct::Publishes(old.jwks()));
    servers.set(B_KEYS, Conduct::Publishes(b.jwks()));
    let bench = fetching(&servers).await;
    assert_eq!(bench.judge(call(&of_a(&old).sign(&old))).await, GOOD);
    assert_eq!(bench.judge(call(&of_b(&b).sign(&b))).await, GOOD);

    servers.set(A_KEYS, Conduct::Publishes(new.jwks()));
    advance(Duration::from_secs(31)).await;
    assert_eq!(bench.judge(call(&of_a(&new).sign(&new))).await, GOOD, "fetched for its name");
    assert_eq!(bench.judge(call(&of_a(&old).sign(&old))).await, refused("key_unknown"), "withdrawn");
    assert_eq!(bench.judge(call(&of_b(&b).sign(&b))).await, GOOD);
    assert_eq!(servers.asked(B_KEYS), 1);
}
