//! Classes of attack by where and how a token is sent.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use mcp_tests::asking::{Ask, send};
use serde_json::json;

use crate::trusting::{ACCEPTED, Trusting, verdict};

fn call() -> Ask {
    Ask::call("whoami")
}

#[tokio::test(start_paused = true)]
async fn class_more_than_one_authorization_or_more_than_one_token_in_it() {
    let trusting = Trusting::start();
    let good = trusting.draft().sign(&trusting.ec);
    let field = |value: String| call().field("authorization", &value);
    let table = [
        (call().bearer(&good).another("authorization", &format!("Bearer {good}")), "credentials_repeated"),
        (call().bearer(&good).another("authorization", "Bearer x"), "credentials_repeated"),
        (call().bearer("x").another("authorization", &format!("Bearer {good}")), "credentials_repeated"),
        (call().bearer(&good).another("authorization", "Basic eDp5"), "credentials_repeated"),
        (call().bearer(&good).another("authorization", ""), "credentials_repeated"),
        (field(format!("Bearer {good}, Bearer {good}")), "credentials_malformed"),
        (field(format!("Bearer {good},{good}")), "credentials_malformed"),
        (field(format!("Bearer {good} {good}")), "credentials_malformed"),
        (field(format!("Bearer {good} x=y")), "credentials_malformed"),
        (field(format!("Bearer\t{good}")), "credentials_malformed"),
        (field(format!("Bearer \t{good}")), "credentials_malformed"),
        (field(format!("Bearer {good}\tx")), "credentials_malformed"),
        (field(format!("Bearer \"{good}\"")), "credentials_malformed"),
        (field(format!("Bearer token={good},x=y")), "credentials_malformed"),
        (field("Bearer".into()), "credentials_malformed"),
        (field(String::new()), "credentials_malformed"),
    ];
    for (ask, rule) in table {
        let shown = format!("{ask:?}");
        assert_eq!(trusting.bench.judge(ask).await, (400, Some(rule.into())), "{shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn class_scheme_in_any_case_and_with_any_number_of_spaces() {
    let trusting = Trusting::start();
    let good = trusting.draft().sign(&trusting.ec);
    for scheme in ["Bearer ", "bearer ", "BEARER ", "bEaReR ", "Bearer   "] {
        let ask = call().field("authorization", &format!("{scheme}{good}"));
        assert_eq!(verdict(&trusting.bench, ask).await, ACCEPTED, "{scheme}");
    }
    for other in ["Token ", "JWT ", "Basic ", "Bearerx ", "DPoP ", "Negotiate "] {
        let ask = call().field("authorization", &format!("{other}{good}"));
        assert_eq!(verdict(&trusting.bench, ask).await, "unauthenticated", "{other}");
    }
}

#[tokio::test(start_paused = true)]
async fn class_tokens_in_query_form_body_cookie_and_other_fields_are_never_read() {
    let trusting = Trusting::start();
    let good = trusting.draft().sign(&trusting.ec);
    for query in [
        format!("access_token={good}"),
        format!("a=b&access_token={good}"),
        format!("%61ccess_token={good}"),
        "access_token".into(),
        "access_token=".into(),
    ] {
        for ask in [call(), call().bearer(&good)] {
            let judged = trusting.bench.judge(ask.target(format!("/mcp?{query}"))).await;
            assert_eq!(judged, (400, Some("credentials_in_query".into())), "{query}");
        }
    }
    for query in
        [format!("token={good}"), format!("Access_Token={good}"), format!("authorization=Bearer%20{good}")]
    {
        let judged = verdict(&trusting.bench, call().target(format!("/mcp?{query}"))).await;
        assert_eq!(judged, "unauthenticated", "{query}");
    }
    for (name, value) in [
        ("cookie", format!("access_token={good}; token={good}; authorization=Bearer {good}")),
        ("proxy-authorization", format!("Bearer {good}")),
        ("x-authorization", format!("Bearer {good}")),
        ("x-access-token", good.clone()),
        ("x-forwarded-access-token", good.clone()),
        ("x-api-key", good.clone()),
        ("token", good.clone()),
        ("mcp-param-token", good.clone()),
    ] {
        assert_eq!(verdict(&trusting.bench, call().field(name, &value)).await, "unauthenticated", "{name}");
    }
    let in_body = Ask::call_with("whoami", &json!({"access_token": good, "authorization": good}));
    assert_eq!(verdict(&trusting.bench, in_body).await, "unauthenticated");

    // RFC 6750 section 2.2.
    let form = format!("access_token={good}");
    let (mut head, _) = call().request().into_parts();
    head.headers.insert("content-length", form.len().into());
    head.headers.insert("content-type", "application/x-www-form-urlencoded".parse().expect("a field value"));
    let answer = send(&trusting.bench.service, Request::from_parts(head, Full::new(Bytes::from(form)))).await;
    assert_eq!(answer.status, 401);
}

/// An unknown key and a bad signature read alike, so that nobody can find out which keys there are.
#[tokio::test(start_paused = true)]
async fn class_an_answer_does_not_tell_an_unknown_key_from_a_bad_signature() {
    let trusting = Trusting::start();
    let forged = trusting.draft().sign_with(|_| vec![7; 64]);
    let unknown = trusting.draft().header("kid", "unknown").sign(&trusting.ec);
    let unfit = trusting.draft().header("kid", "rsa").sign(&trusting.ec);
    assert_eq!(trusting.judge(&forged).await, "bad_signature");
    assert_eq!(trusting.judge(&unknown).await, "key_unknown");
    assert_eq!(trusting.judge(&unfit).await, "key_unfit");
    let mut told = Vec::new();
    for token in [forged, unknown, unfit] {
        let answer = call().bearer(&token).send(&trusting.bench.service).await;
        told.push((answer.status, answer.fields, answer.body));
    }
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "{told:?}");
}

/// Whatever is wrong, an answer repeats nothing of a token.
#[tokio::test(start_paused = true)]
async fn class_no_answer_repeats_what_a_token_says() {
    let trusting = Trusting::start();
    let secret = "s3cret\", error=\"x\"\r\nX-Injected: y";
    for name in ["sub", "iss", "aud", "client_id", "scope", "jti"] {
        let token = trusting.draft().claim(name, secret).claim("exp", 1).sign(&trusting.ec);
        let answer = call().bearer(&token).send(&trusting.bench.service).await;
        assert_eq!(answer.status, 401, "{name}");
        assert!(!answer.contains("s3cret") && !answer.contains(&token), "{answer:?}");
    }
    for name in ["kid", "alg", "typ", "jku"] {
        let token = trusting.draft().header(name, secret).claim("exp", 1).sign(&trusting.ec);
        let answer = call().bearer(&token).send(&trusting.bench.service).await;
        assert_eq!(answer.status, 401, "{name}");
        assert!(!answer.contains("s3cret") && !answer.contains(&token), "{answer:?}");
    }
}
