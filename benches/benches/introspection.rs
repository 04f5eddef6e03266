//! What it costs to have the issuer vouch for a token: when it was asked before, and when it is asked now and
//! answers at once.

use std::{future::ready, hint::black_box, sync::Arc, time::Duration};

use criterion::{Criterion, criterion_group, criterion_main};
use mcp_driver::{
    Fetch, Fetched, Fetching, Introspection, Introspector, Outgoing, Runtime,
    proto::{
        Facts,
        jws::{Profile, TokenRules},
    },
};
use mcp_tokio::TokioRuntime;

const ISSUER: &str = "https://id.example";
const AUDIENCE: &str = "https://mcp.example/mcp";

/// Vouches for every token.
struct Obliging(String);

impl Fetch for Obliging {
    fn fetch(&self, _: Outgoing) -> Fetching {
        let body = self.0.clone().into();
        Box::pin(ready(Ok(Fetched { body, address: None, fresh_seconds: None })))
    }
}

fn introspector(cache_seconds: u64, now: u64) -> Arc<Introspector> {
    let rules = TokenRules::new(ISSUER, [AUDIENCE]).expect("rules").with_profile(Profile::Compatible);
    let expires = now + 3_600;
    let answer = format!(
        r#"{{"active":true,"iss":"{ISSUER}","aud":"{AUDIENCE}","sub":"alice","client_id":"desk","scope":"read","iat":{now},"exp":{expires}}}"#
    );
    let introspection = Introspection::new("https://id.example/introspect").client("bench", "secret");
    let settings = introspection.cache_seconds(cache_seconds).settings().expect("settings");
    Introspector::new(settings, Box::new(|| None), rules, Arc::new(Obliging(answer)), 10_000)
}

fn introspection(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let _entered = runtime.enter();
    let tokio = TokioRuntime::new();
    let now = tokio.now();
    let token = "2YotnFZFEjr1zCsicMWpAA-2YotnFZFEjr1zCsicMWpAA";

    let remembering = introspector(300, now.unix.0);
    let facts = runtime.block_on(remembering.facts(token, now, &tokio));
    assert!(matches!(facts, Facts::Signed(_)));
    criterion.bench_function("token that was asked about before", |bencher| {
        bencher.iter(|| remembering.probe(black_box(token), now));
    });

    let forgetful = introspector(0, now.unix.0);
    criterion.bench_function("token that is asked about, answered at once", |bencher| {
        bencher.iter(|| runtime.block_on(forgetful.facts(black_box(token), tokio.now(), &tokio)));
    });
}

criterion_group! {
    name = group;
    config = Criterion::default().measurement_time(Duration::from_secs(3)).warm_up_time(Duration::from_secs(1));
    targets = introspection
}
criterion_main!(group);
