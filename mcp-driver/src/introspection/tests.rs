//! What is asked, what an answer means, and for how long.

mod endpoint;
mod places;
mod trouble;

use std::sync::Arc;

use mcp_proto::{
    Facts, Now, UnixSeconds,
    jws::{
        Denial, Possession,
        keys::KeySetError,
        keyset::{FetchFailure, TlsFailure},
    },
    refusal::Outage,
};
use serde_json::{Value, json};

use super::{
    answer::ANSWER_BYTES_MAX,
    cache::REFUSED_SECONDS,
    testing::{Door, FakeEndpoint, Reply},
    *,
};
use crate::{
    fetch::FETCH_TIMEOUT_SECONDS,
    keys::testing::{Begun, ManualRuntime},
    runtime::Runtime as _,
    signature::test_signer::{ISSUER, START, claims, rules},
    token_digest::TokenDigest,
};

const URL: &str = "https://id.example/introspect";

/// An introspector with its surroundings.
struct Bench {
    runtime: ManualRuntime,
    endpoint: Arc<FakeEndpoint>,
    introspector: Arc<Introspector>,
}

impl Bench {
    fn new(reply: Reply) -> Self {
        Self::with(reply, &introspection())
    }

    fn with(reply: Reply, introspection: &Introspection) -> Self {
        let endpoint = FakeEndpoint::new(reply);
        let door = Arc::new(Door(Arc::clone(&endpoint)));
        let settings = introspection.settings().unwrap();
        let introspector = Introspector::new(settings, rules(), door, 1_000).unwrap();
        let runtime = ManualRuntime::at(START);
        introspector.start(&runtime);
        Self { runtime, endpoint, introspector }
    }

    fn probe(&self, token: &str) -> Option<Outcome> {
        let digest = TokenDigest::of(token);
        self.introspector.probe(&digest, self.runtime.now()).map(|facts| outcome(&facts))
    }

    fn begin(&self, token: &str) -> Begun<impl Future<Output = Facts> + use<>> {
        let (introspector, runtime) = (Arc::clone(&self.introspector), self.runtime.clone());
        let (token, now) = (token.to_owned(), runtime.now());
        self.runtime.begin(async move { introspector.facts(&token, now, &runtime).await })
    }

    /// So many who bring tokens that nobody has seen before, and all of whom have to wait.
    fn strangers(&self, count: usize) -> Vec<Begun<impl Future<Output = Facts> + use<>>> {
        let mut strangers: Vec<_> = (0..count).map(|number| self.begin(&stranger(number))).collect();
        for one in &mut strangers {
            assert_eq!(landed(one), None);
        }
        strangers
    }

    /// What is found out about a token without time passing, as the server does it.
    fn outcome(&self, token: &str) -> Outcome {
        self.probe(token).unwrap_or_else(|| outcome(&self.begin(token).result().expect("an answer")))
    }
}

fn stranger(number: usize) -> String {
    format!("stranger-{number}")
}

fn landed(one: &mut Begun<impl Future<Output = Facts>>) -> Option<Outcome> {
    one.result().map(|facts| outcome(&facts))
}

fn introspection() -> Introspection {
    Introspection::new(URL).client("server", "s3cret")
}

/// Facts that can be compared.
#[derive(Debug, PartialEq)]
enum Outcome {
    Signed(String),
    Denied(Denial),
    Unavailable(Outage),
}

fn outcome(facts: &Facts) -> Outcome {
    match facts {
        Facts::Signed(claims) => Outcome::Signed(claims.principal().subject().to_owned()),
        Facts::Denied(denial) => Outcome::Denied(*denial),
        Facts::Unavailable(outage) => Outcome::Unavailable(*outage),
        other => panic!("no fact about a token: {other:?}"),
    }
}

fn signed(subject: &str) -> Outcome {
    Outcome::Signed(subject.to_owned())
}

/// The answer about a good token, changed.
fn active(change: impl FnOnce(&mut Value)) -> Reply {
    let mut answer = claims("alice", "1");
    answer["active"] = json!(true);
    change(&mut answer);
    Reply::Document(answer.to_string())
}

fn alice() -> Reply {
    active(|_| {})
}

fn inactive() -> Reply {
    Reply::Document(r#"{"active":false}"#.to_owned())
}

#[test]
fn a_question_is_what_rfc_7662_says() {
    let introspection = Introspection::new(URL).client("s6BhdRkqt3", "gX1fBat3bV");
    let bench = Bench::with(alice(), &introspection);
    assert_eq!(bench.outcome("mF_9.B5f-4.1JqM"), signed("alice"));
    let questions = bench.endpoint.questions();
    let [question] = &questions[..] else { panic!("one question") };
    assert_eq!(question.url.uri(), URL);
    // The example of section 2.1.
    assert_eq!(question.form.as_deref(), Some(&b"token=mF_9.B5f-4.1JqM&token_type_hint=access_token"[..]));
    assert_eq!(question.accept, ["application/json"]);
    assert_eq!(question.body_bytes_max, 65_536);
    // The example of RFC 6749 section 2.3.1.
    let authorization = question.authorization.as_ref().unwrap();
    assert_eq!(authorization, "Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW");
    assert!(authorization.is_sensitive());
}

#[test]
fn id_secret_and_token_are_encoded_before_they_are_put_together() {
    let bench = Bench::with(alice(), &Introspection::new(URL).client("a:b", "c d%"));
    assert_eq!(bench.outcome("a+b/c=="), signed("alice"));
    let questions = bench.endpoint.questions();
    let [question] = &questions[..] else { panic!("one question") };
    assert_eq!(question.form.as_deref(), Some(&b"token=a%2Bb%2Fc%3D%3D&token_type_hint=access_token"[..]));
    // base64("a%3Ab:c+d%25")
    assert_eq!(question.authorization.as_ref().unwrap(), "Basic YSUzQWI6YytkJTI1");
}

#[test]
fn a_good_answer_is_used_again_until_it_is_as_old_as_the_settings_say() {
    for seconds in [1, INTROSPECTION_CACHE_SECONDS_DEFAULT, INTROSPECTION_CACHE_SECONDS_MAX] {
        let bench = Bench::with(alice(), &introspection().cache_seconds(seconds));
        assert_eq!(bench.probe("t"), None);
        assert_eq!(bench.outcome("t"), signed("alice"));
        // Revoked right after the question.
        bench.endpoint.set(inactive());
        bench.runtime.pass_seconds(seconds - 1);
        assert_eq!(bench.outcome("t"), signed("alice"), "{seconds}");
        assert_eq!(bench.endpoint.asked(), 1);
        bench.runtime.pass_seconds(1);
        assert_eq!(bench.outcome("t"), Outcome::Denied(Denial::Inactive), "{seconds}");
        assert_eq!(bench.endpoint.asked(), 2);
    }
}

#[test]
fn the_age_of_an_answer_counts_from_the_question() {
    let bench = Bench::new(Reply::Silence);
    let mut waiting = bench.begin("t");
    assert!(waiting.result().is_none());
    bench.runtime.pass_seconds(4);
    bench.endpoint.set(alice());
    assert_eq!(waiting.result().map(|facts| outcome(&facts)), Some(signed("alice")));
    bench.runtime.pass_seconds(25);
    assert_eq!(bench.probe("t"), Some(signed("alice")));
    bench.runtime.pass_seconds(1);
    assert_eq!(bench.probe("t"), None);
}

#[test]
fn without_a_cache_every_request_asks_but_a_token_that_is_not_good_is_remembered() {
    let bench = Bench::with(alice(), &introspection().cache_seconds(0));
    for asked in 1..=3 {
        assert_eq!(bench.outcome("t"), signed("alice"));
        assert_eq!(bench.endpoint.asked(), asked);
    }
    assert_eq!(bench.introspector.remembered(), 0);
    bench.endpoint.set(inactive());
    for _ in 0..3 {
        assert_eq!(bench.outcome("t"), Outcome::Denied(Denial::Inactive));
    }
    assert_eq!(bench.endpoint.asked(), 4);
}

#[test]
fn no_answer_outlives_the_exp_that_it_names() {
    let exp = START.unix.0 + 10;
    let bench = Bench::new(active(|answer| answer["exp"] = json!(exp)));
    assert_eq!(bench.outcome("t"), signed("alice"));
    bench.runtime.pass_seconds(9);
    assert_eq!(bench.outcome("t"), signed("alice"));
    assert_eq!(bench.endpoint.asked(), 1);
    bench.runtime.pass_seconds(1);
    assert_eq!(bench.probe("t"), None);
    bench.endpoint.set(inactive());
    assert_eq!(bench.outcome("t"), Outcome::Denied(Denial::Inactive));
}

#[test]
fn what_an_answer_says_is_judged_again_at_every_use() {
    let bench = Bench::new(alice());
    assert_eq!(bench.outcome("t"), signed("alice"));
    // The clock was wrong and is put right: the token was issued later than that.
    let back = Now { unix: UnixSeconds(START.unix.0 - 1_000), ..START };
    let hit = bench.introspector.probe(&TokenDigest::of("t"), back).map(|facts| outcome(&facts));
    assert_eq!(hit, Some(Outcome::Denied(Denial::IssuedInFuture)));
    assert_eq!(bench.probe("t"), Some(signed("alice")));
}

#[test]
fn a_token_that_is_not_good_is_remembered_for_ten_seconds() {
    let table = [
        (inactive(), Denial::Inactive),
        (Reply::Document(r#"{"active":false,"sub":"alice","exp":"never"}"#.to_owned()), Denial::Inactive),
        (active(|answer| answer["iss"] = json!("https://other.example")), Denial::IssuerForeign),
        (active(|answer| answer["aud"] = json!("https://other.example/mcp")), Denial::AudienceForeign),
        (active(|answer| answer["aud"] = json!([1])), Denial::ClaimsMalformed),
        (active(|answer| answer["exp"] = json!(START.unix.0 - 60)), Denial::Expired),
        (active(|answer| answer["exp"] = json!("never")), Denial::ClaimsMalformed),
        (active(|answer| answer["nbf"] = json!(START.unix.0 + 61)), Denial::NotYetValid),
        (active(|answer| answer["exp"] = Value::Null), Denial::ClaimsMalformed),
        (
            active(|answer| {
                answer.as_object_mut().unwrap().remove("exp");
            }),
            Denial::ExpiryMissing,
        ),
        (
            active(|answer| {
                answer.as_object_mut().unwrap().remove("aud");
            }),
            Denial::AudienceMissing,
        ),
        (active(|answer| answer["token_type"] = json!("refresh_token")), Denial::NotAnAccessToken),
        (active(|answer| answer["cnf"] = json!({"x5t#S256": "x"})), Denial::SenderConstrained),
    ];
    for (reply, denial) in table {
        let bench = Bench::new(reply.clone());
        for _ in 0..3 {
            assert_eq!(bench.outcome("t"), Outcome::Denied(denial), "{reply:?}");
        }
        bench.endpoint.set(alice());
        bench.runtime.pass_seconds(REFUSED_SECONDS - 1);
        assert_eq!(bench.outcome("t"), Outcome::Denied(denial));
        assert_eq!(bench.endpoint.asked(), 1);
        bench.runtime.pass_seconds(1);
        assert_eq!(bench.outcome("t"), signed("alice"));
    }
    assert_eq!(REFUSED_SECONDS, 10);
}

#[test]
fn a_token_that_is_bound_to_a_key_waits_for_the_proof() {
    let thumbprint = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
    let bench = Bench::new(active(|answer| answer["cnf"] = json!({"jkt": thumbprint})));
    let Some(Facts::Signed(claims)) = bench.begin("t").result() else { panic!("signed") };
    // Who sends it proves nothing here, and the rules say so to the core.
    assert_eq!(rules().check(&claims, Possession::default(), START.unix), Err(Denial::SenderConstrained));
}

#[test]
fn no_answer_is_an_outage_and_nothing_of_it_is_remembered() {
    let document = |text: &str| Reply::Document(text.to_owned());
    let broken = Outage::IntrospectionUnavailable;
    let table = [
        (Reply::Failure(FetchFailure::Unreachable), broken),
        (Reply::Failure(FetchFailure::Tls(TlsFailure::IssuerUnknown)), broken),
        (Reply::Failure(FetchFailure::TimedOut), Outage::TimedOut),
        (Reply::Failure(FetchFailure::Status(302)), broken),
        (Reply::Failure(FetchFailure::Status(400)), broken),
        (Reply::Failure(FetchFailure::Status(401)), broken),
        (Reply::Failure(FetchFailure::Status(403)), broken),
        (Reply::Failure(FetchFailure::Status(404)), broken),
        (Reply::Failure(FetchFailure::Status(500)), broken),
        (Reply::Failure(FetchFailure::MediaType), broken),
        (Reply::Failure(FetchFailure::TooLong), broken),
        (Reply::Failure(FetchFailure::Document(KeySetError::Malformed)), broken),
        (Reply::Panic, broken),
        (document(""), broken),
        (document("not JSON"), broken),
        (document("null"), broken),
        (document("true"), broken),
        (document("[true]"), broken),
        (document(r#"[{"active":true}]"#), broken),
        (document("{}"), broken),
        (document(r#"{"active":"true"}"#), broken),
        (document(r#"{"active":1}"#), broken),
        (document(r#"{"active":null}"#), broken),
        (document(r#"{"Active":true}"#), broken),
        (document(r#"{"active":true"#), broken),
        (document(r#"{"active":true} x"#), broken),
        (document("\u{feff}{\"active\":true}"), broken),
    ];
    for (reply, outage) in table {
        let bench = Bench::new(reply.clone());
        for asked in 1..=3 {
            assert_eq!(bench.outcome("t"), Outcome::Unavailable(outage), "{reply:?}");
            assert_eq!(bench.endpoint.asked(), asked);
            assert_eq!(bench.introspector.under_way(), 0);
        }
        assert_eq!(bench.introspector.remembered(), 0);
        bench.endpoint.set(alice());
        assert_eq!(bench.outcome("t"), signed("alice"));
    }
}

#[test]
fn an_answer_with_two_readings_lets_nobody_in() {
    let Reply::Document(good) = alice() else { panic!("a document") };
    let table = [
        good.replacen('{', r#"{"active":false,"#, 1),
        good.replacen('{', r#"{"sub":"mallory","#, 1),
        good.replacen("alice", r"\ud800", 1),
    ];
    for document in table {
        let bench = Bench::new(Reply::Document(document.clone()));
        assert!(!matches!(bench.outcome("t"), Outcome::Signed(_)), "{document}");
    }
}

#[test]
fn what_is_too_long_is_neither_looked_up_nor_asked_about() {
    let bench = Bench::new(alice());
    let longest = "t".repeat(rules().token_bytes_max());
    assert_eq!(bench.outcome(&longest), signed("alice"));
    assert!(bench.probe(&longest).is_some());
    let too_long = format!("{longest}t");
    assert_eq!(bench.probe(&too_long), None);
    assert_eq!(bench.outcome(&too_long), Outcome::Denied(Denial::TooLong));
    assert_eq!(bench.endpoint.asked(), 1);
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let refused = |introspection: Introspection| introspection.settings().map(drop);
    assert_eq!(refused(introspection()), Ok(()));
    assert_eq!(refused(introspection().cache_seconds(300)), Ok(()));
    assert_eq!(refused(introspection().cache_seconds(301)), Err(IntrospectionError::CacheTooLong(301)));
    assert_eq!(refused(Introspection::new(URL)), Err(IntrospectionError::ClientMissing));
    assert_eq!(refused(introspection().client("", "s3cret")), Err(IntrospectionError::ClientMissing));
    assert_eq!(refused(introspection().client("server", "")), Err(IntrospectionError::ClientMissing));
    assert!(matches!(
        refused(Introspection::new("http://id.example/introspect").client("server", "s3cret")),
        Err(IntrospectionError::Url(FetchUrlError::Insecure))
    ));
    assert_eq!(INTROSPECTION_CACHE_SECONDS_MAX, 300);
    assert_eq!(INTROSPECTION_CACHE_SECONDS_DEFAULT, 30);
    assert_eq!(ANSWER_BYTES_MAX, 64 * 1024);
}

#[test]
fn secrets_are_not_shown() {
    let introspection = introspection();
    let settings = introspection.settings().unwrap();
    let bench = Bench::new(alice());
    assert_eq!(bench.outcome("t0ken"), signed("alice"));
    let shown = [
        format!("{introspection:?}"),
        format!("{settings:?}"),
        format!("{:?}", bench.introspector),
        format!("{:?}", bench.endpoint.questions()),
        IntrospectionError::ClientMissing.to_string(),
    ];
    for text in shown {
        // base64("server:s3cret") begins with c2Vy.
        for secret in ["s3cret", "c2Vy", "t0ken"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}
