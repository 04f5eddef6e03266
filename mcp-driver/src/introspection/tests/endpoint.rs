//! Where the endpoint is, when the issuer's metadata says so.

use super::*;

/// The issuer's metadata, which names this endpoint.
fn metadata(endpoint: &str) -> Reply {
    let keys = format!("{ISSUER}/jwks");
    let metadata = json!({"issuer": ISSUER, "jwks_uri": keys, "introspection_endpoint": endpoint});
    Reply::Document(metadata.to_string())
}

#[test]
fn an_endpoint_that_is_discovered_is_asked_once_it_is_known() {
    let introspection = Introspection::discovered().client("server", "s3cret");
    let bench = Bench::with(Reply::Failure(FetchFailure::Unreachable), &introspection);
    bench.runtime.run();
    assert!(!bench.introspector.is_ready());
    assert_eq!(bench.outcome("t"), Outcome::Unavailable(Outage::IntrospectionUnavailable));
    assert!(bench.endpoint.questions().iter().all(|question| question.form.is_none()), "no token was sent");

    let found = format!("{ISSUER}/found");
    bench.endpoint.set(metadata(&found));
    bench.runtime.pass_seconds(5);
    assert!(bench.introspector.is_ready());
    bench.endpoint.set(alice());
    assert_eq!(bench.outcome("t"), signed("alice"));
    let asked = bench.endpoint.questions().pop().unwrap();
    assert_eq!(asked.url.uri(), found.as_str());

    // Ten minutes later the metadata is read again; while that fails, the endpoint stays where it was.
    bench.endpoint.set(metadata(&format!("{ISSUER}/moved")));
    bench.runtime.pass_seconds(600);
    bench.endpoint.set(alice());
    assert_eq!(bench.outcome("u"), signed("alice"));
    assert_eq!(bench.endpoint.questions().pop().unwrap().url.uri(), format!("{ISSUER}/moved").as_str());
}

#[test]
fn metadata_of_another_issuer_leads_nowhere() {
    let introspection = Introspection::discovered().client("server", "s3cret");
    for endpoint in ["https://elsewhere.example/introspect", "http://id.example/introspect", "", "introspect"]
    {
        let bench = Bench::with(metadata(endpoint), &introspection);
        bench.runtime.run();
        assert!(!bench.introspector.is_ready(), "{endpoint:?}");
    }
}

#[test]
fn the_search_ends_with_the_introspector() {
    let introspection = Introspection::discovered().client("server", "s3cret");
    let Bench { runtime, endpoint, introspector } =
        Bench::with(Reply::Failure(FetchFailure::Unreachable), &introspection);
    runtime.run();
    let asked = endpoint.asked();
    drop(introspector);
    runtime.pass_seconds(1_000);
    assert_eq!(endpoint.asked(), asked);
}
