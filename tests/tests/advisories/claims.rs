//! Classes of attack by claims.

use mcp_tests::{
    asking::Ask,
    clock::START,
    forge::{AUDIENCE, ISSUER},
};
use serde_json::{Value, json};
use tokio::time::{Duration, advance};

use crate::trusting::{ACCEPTED, Trusting};

const MALFORMED: &str = "claims_malformed";

/// Claims that are not of the type they have to be.
fn no_dates() -> Vec<Value> {
    let late = START.0 + 500;
    vec![
        json!(late.to_string()),
        json!(null),
        json!(true),
        json!([late]),
        json!({"at": late}),
        json!(""),
        json!("never"),
        json!(-1),
        json!(-0.5),
        json!(1e300),
        json!(253_402_300_800_u64),
        json!(u64::MAX),
    ]
}

#[tokio::test(start_paused = true)]
async fn class_dates_of_the_wrong_type_or_range() {
    let trusting = Trusting::start();
    for name in ["exp", "nbf", "iat"] {
        for value in no_dates() {
            let judged = trusting.judge_draft(trusting.draft().claim(name, value.clone())).await;
            assert_eq!(judged, MALFORMED, "{name}: {value}");
        }
    }
    assert_eq!(trusting.judge_draft(trusting.draft().no_claim("exp")).await, "expiry_missing");
    assert_eq!(trusting.judge_draft(trusting.draft().no_claim("nbf")).await, ACCEPTED);
    let fraction = trusting.draft().claim("exp", START.0 as f64 + 0.5);
    assert_eq!(trusting.judge_draft(fraction).await, ACCEPTED);
}

#[tokio::test(start_paused = true)]
async fn class_dates_to_the_second_with_a_leeway_of_sixty() {
    let trusting = Trusting::start();
    let now = START.0;
    let table = [
        ("exp", now - 59, ACCEPTED),
        ("exp", now - 60, "expired"),
        ("exp", 0, "expired"),
        ("nbf", now + 60, ACCEPTED),
        ("nbf", now + 61, "not_yet_valid"),
        ("iat", now + 60, ACCEPTED),
        ("iat", now + 61, "issued_in_future"),
        ("exp", 253_402_300_799, ACCEPTED),
    ];
    for (name, value, expected) in table {
        let judged = trusting.judge_draft(trusting.draft().claim(name, value)).await;
        assert_eq!(judged, expected, "{name}: {value}");
    }
    // A token that is remembered ends all the same.
    let token = trusting.draft().claim("exp", now + 10).sign(&trusting.ec);
    assert_eq!(trusting.judge(&token).await, ACCEPTED);
    advance(Duration::from_secs(69)).await;
    assert_eq!(trusting.judge(&token).await, ACCEPTED);
    advance(Duration::from_secs(1)).await;
    assert_eq!(trusting.judge(&token).await, "expired");
}

#[tokio::test(start_paused = true)]
async fn class_aud_is_a_string_or_strings_and_one_is_ours_byte_for_byte() {
    let trusting = Trusting::start();
    let foreign = "audience_foreign";
    let table = [
        (json!(AUDIENCE), ACCEPTED),
        (json!([AUDIENCE]), ACCEPTED),
        (json!(["https://other.example", AUDIENCE]), ACCEPTED),
        (json!("https://other.example"), foreign),
        (json!(["https://other.example"]), foreign),
        (json!(format!("{AUDIENCE}/")), foreign),
        (json!(AUDIENCE.to_uppercase()), foreign),
        (json!(&AUDIENCE[..AUDIENCE.len() - 1]), foreign),
        (json!(format!("{AUDIENCE}x")), foreign),
        (json!(format!(" {AUDIENCE}")), foreign),
        (json!(format!("https://other.example {AUDIENCE}")), foreign),
        (json!(format!("https://other.example,{AUDIENCE}")), foreign),
        (json!(format!("{AUDIENCE}\0")), foreign),
        (json!("*"), foreign),
        (json!("http://localhost"), foreign),
        (json!([AUDIENCE, 7]), MALFORMED),
        (json!([AUDIENCE, null]), MALFORMED),
        (json!([[AUDIENCE]]), MALFORMED),
        (json!({AUDIENCE: true}), MALFORMED),
        (json!(null), MALFORMED),
        (json!(7), MALFORMED),
        (json!([]), "audience_missing"),
        (json!(""), "audience_missing"),
    ];
    for (aud, expected) in table {
        let judged = trusting.judge_draft(trusting.draft().claim("aud", aud.clone())).await;
        assert_eq!(judged, expected, "{aud}");
    }
    assert_eq!(trusting.judge_draft(trusting.draft().no_claim("aud")).await, "audience_missing");
    // Other claims that name us are no audience.
    for name in ["azp", "resource", "client_id", "audience", "Aud"] {
        let draft = trusting.draft().no_claim("aud").claim(name, AUDIENCE);
        assert_eq!(trusting.judge_draft(draft).await, "audience_missing", "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn class_iss_is_exact_and_comes_before_the_keys() {
    let trusting = Trusting::start();
    for issuer in [
        format!("{ISSUER}/"),
        ISSUER.to_uppercase(),
        ISSUER.replace("https", "http"),
        format!("{ISSUER}.evil.example"),
        format!(" {ISSUER}"),
        "https://evil.example".to_owned(),
        format!("{ISSUER}\0"),
    ] {
        // Also with a key that is not there: the issuer is judged first, and no key is looked up.
        for kid in ["ec", "unknown"] {
            let draft = trusting.draft().claim("iss", issuer.clone()).header("kid", kid);
            assert_eq!(trusting.judge_draft(draft).await, "issuer_foreign", "{issuer}");
        }
    }
    for (value, expected) in [
        (json!([ISSUER]), MALFORMED),
        (json!(null), MALFORMED),
        (json!({}), MALFORMED),
        (json!(""), "issuer_missing"),
    ] {
        let judged = trusting.judge_draft(trusting.draft().claim("iss", value.clone())).await;
        assert_eq!(judged, expected, "{value}");
    }
    assert_eq!(trusting.judge_draft(trusting.draft().no_claim("iss")).await, "issuer_missing");
}

#[tokio::test(start_paused = true)]
async fn class_sub_client_id_jti_and_iat_are_there() {
    let trusting = Trusting::start();
    for (name, missing) in
        [("sub", "subject_missing"), ("client_id", "client_missing"), ("jti", "token_id_missing")]
    {
        assert_eq!(trusting.judge_draft(trusting.draft().no_claim(name)).await, missing);
        assert_eq!(trusting.judge_draft(trusting.draft().claim(name, "")).await, missing);
        for value in [json!(7), json!(null), json!(["alice"]), json!({}), json!(true)] {
            let judged = trusting.judge_draft(trusting.draft().claim(name, value.clone())).await;
            assert_eq!(judged, MALFORMED, "{name}: {value}");
        }
    }
    assert_eq!(trusting.judge_draft(trusting.draft().no_claim("iat")).await, "issued_at_missing");
    // `azp` is no substitute where RFC 9068 is asked for.
    let azp = trusting.draft().no_claim("client_id").claim("azp", "desk");
    assert_eq!(trusting.judge_draft(azp).await, "client_missing");
}

#[tokio::test(start_paused = true)]
async fn class_cnf_makes_a_token_no_bearer_token() {
    for trusting in [Trusting::start(), Trusting::compatible()] {
        for cnf in [
            json!({"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}),
            json!({"x5t#S256": "x"}),
            json!({}),
            json!(null),
            json!([]),
            json!("x"),
            json!(false),
        ] {
            let judged = trusting.judge_draft(trusting.draft().claim("cnf", cnf.clone())).await;
            assert_eq!(judged, "sender_constrained", "{cnf}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn class_scope_is_split_at_spaces_alone_and_grants_nothing_when_it_is_no_text() {
    let scopes = async |trusting: &Trusting, name: &str, value: Value| {
        let token = trusting.draft().no_claim("scope").claim(name, value).sign(&trusting.ec);
        let text = Ask::call("whoami").bearer(&token).send(&trusting.bench.service).await.text();
        text.strip_prefix("alice ").expect("who").to_owned()
    };
    let strict = Trusting::start();
    for (value, granted) in [
        (json!("read write"), "read write"),
        (json!("read"), "read"),
        (json!("read\twrite"), ""),
        (json!("read\nwrite"), ""),
        (json!("read,write"), "read,write"),
        (json!("read\u{a0}write"), ""),
        (json!(""), ""),
        (json!(["read", "write"]), ""),
        (json!({"read": true}), ""),
        (json!(true), ""),
        (json!(7), ""),
        (json!(null), ""),
    ] {
        assert_eq!(scopes(&strict, "scope", value.clone()).await, granted, "{value}");
    }
    // Claims that grant nothing unless the operator says so.
    for name in ["scp", "scopes", "roles", "permissions", "groups", "Scope"] {
        assert_eq!(scopes(&strict, name, json!("admin")).await, "", "{name}");
        assert_eq!(scopes(&strict, name, json!(["admin"])).await, "", "{name}");
    }
    let relaxed = Trusting::compatible();
    assert_eq!(scopes(&relaxed, "scp", json!("read write")).await, "read write");
    assert_eq!(scopes(&relaxed, "scp", json!(["read", "write admin", "x"])).await, "read x");
    assert_eq!(scopes(&relaxed, "roles", json!(["admin"])).await, "");
}
