use mcp_proto::{UnixSeconds, jws::keys::KeySetError};

use super::{
    testing::{Answer, Door, FakeIssuer, ManualRuntime, URL, key_store},
    *,
};
use crate::signature::test_signer::{ISSUER, START, TestSigner, jwks, key_set};

/// A store whose issuer answers like this, and which has not been started.
fn store(answer: Answer) -> (ManualRuntime, Arc<FakeIssuer>, Arc<KeyStore>) {
    let issuer = FakeIssuer::new(answer);
    let fetch = Arc::new(Door(Arc::clone(&issuer)));
    let store = key_store(KeySource::url(URL).unwrap(), Some(fetch));
    (ManualRuntime::at(START), issuer, store)
}

/// The same, started and run.
fn started(answer: Answer) -> (ManualRuntime, Arc<FakeIssuer>, Arc<KeyStore>) {
    let (runtime, issuer, store) = store(answer);
    store.start(&runtime);
    runtime.run();
    (runtime, issuer, store)
}

/// A document with one key of this name.
pub(super) fn document(kid: &str) -> Answer {
    Answer::Document(jwks(&[TestSigner::ed_dsa().jwk(kid)]))
}

/// The names of the keys that are trusted now.
pub(super) fn trusted(store: &KeyStore, runtime: &ManualRuntime) -> Option<Vec<String>> {
    let keys = store.current(runtime.now());
    // Both views of the same state agree at any time.
    assert_eq!(store.generation(runtime.now()), keys.as_ref().map(|keys| keys.generation()));
    assert_eq!(store.is_ready(runtime.now()), keys.is_some());
    let name = |key: &mcp_proto::jws::Key| key.kid().unwrap().to_owned();
    keys.map(|keys| keys.set().iter().map(name).collect())
}

pub(super) fn names(names: &[&str]) -> Option<Vec<String>> {
    Some(names.iter().map(|name| (*name).to_owned()).collect())
}

#[test]
fn given_keys_are_there_at_once_and_for_ever_and_need_no_task() {
    let runtime = ManualRuntime::at(START);
    let set = key_set(&[TestSigner::ed_dsa().jwk("a")]);
    let store = key_store(KeySource::Given(set), None);
    store.start(&runtime);
    assert_eq!(runtime.tasks(), 0);
    assert_eq!(trusted(&store, &runtime), names(&["a"]));
    assert!(store.is_ready(Now { tick: Tick(u64::MAX), unix: UnixSeconds(u64::MAX) }));
    assert!(!runtime.finish(store.fetched_anew(store.generation(runtime.now()), &runtime)));
}

#[test]
fn a_url_needs_a_fetcher() {
    let store = KeyStore::new(
        KeySource::url(URL).unwrap(),
        ISSUER,
        AlgorithmSet::default(),
        FetchPolicy::default(),
        None,
    );
    assert_eq!(store.err(), Some(KeySourceError::FetcherMissing));
}

#[test]
fn keys_are_fetched_without_being_asked_for() {
    let (runtime, issuer, store) = store(document("a"));
    assert_eq!(trusted(&store, &runtime), None);
    store.start(&runtime);
    assert_eq!(trusted(&store, &runtime), None);
    runtime.run();
    assert_eq!(trusted(&store, &runtime), names(&["a"]));
    assert_eq!(issuer.asked(), 1);
}

#[test]
fn a_store_has_one_task_however_often_it_is_started() {
    let (runtime, issuer, store) = started(document("a"));
    store.start(&runtime);
    runtime.run();
    assert_eq!(runtime.tasks(), 1);
    runtime.pass_seconds(6_000);
    assert_eq!(issuer.asked(), 11);
    assert_eq!(runtime.tasks(), 1);
}

#[test]
fn the_task_ends_with_the_store() {
    for answer in [document("a"), Answer::Failure(FetchFailure::Unreachable)] {
        let (runtime, issuer, store) = started(answer);
        assert_eq!(runtime.tasks(), 1);
        drop(store);
        runtime.run();
        assert_eq!(runtime.tasks(), 0);
        assert_eq!(issuer.asked(), 1);
    }
}

#[test]
fn a_fetch_under_way_does_not_keep_the_store_alive() {
    let (runtime, issuer, store) = started(Answer::Silence);
    let weak = Arc::downgrade(&store);
    drop(store);
    assert!(weak.upgrade().is_none());
    runtime.run();
    issuer.set(document("a"));
    runtime.run();
    assert_eq!(runtime.tasks(), 0);
}

#[test]
fn keys_are_refreshed_and_a_withdrawn_key_is_gone_at_the_next_success() {
    let (runtime, issuer, store) = started(document("a"));
    let first = store.generation(runtime.now());
    issuer.set(document("b"));
    runtime.pass_seconds(599);
    assert_eq!(trusted(&store, &runtime), names(&["a"]));
    assert_eq!(issuer.asked(), 1);
    runtime.pass_seconds(1);
    assert_eq!(trusted(&store, &runtime), names(&["b"]));
    assert_eq!(issuer.asked(), 2);
    assert_ne!(store.generation(runtime.now()), first);
}

#[test]
fn a_refresh_that_brings_the_same_keys_keeps_the_generation() {
    let (runtime, issuer, store) = started(document("a"));
    let first = store.current(runtime.now()).unwrap();
    runtime.pass_seconds(600);
    assert_eq!(issuer.asked(), 2);
    assert!(Arc::ptr_eq(&first, &store.current(runtime.now()).unwrap()));
}

#[test]
fn failures_and_bad_documents_are_retried_and_never_replace_good_keys() {
    let failures = [
        Answer::Failure(FetchFailure::Unreachable),
        Answer::Failure(FetchFailure::Status(500)),
        Answer::Document(String::new()),
        Answer::Document(r#"{"keys":[],"keys":[]}"#.to_owned()),
        Answer::Document(r#"{"keys":[{"kty":"oct","k":"AAAA","kid":"a"}]}"#.to_owned()),
        Answer::Document(" ".repeat(mcp_proto::jws::keys::KEY_SET_BYTES_MAX + 1)),
        Answer::Panic,
    ];
    for failure in failures {
        let (runtime, issuer, store) = started(document("a"));
        issuer.set(failure.clone());
        runtime.pass_seconds(600);
        assert_eq!(issuer.asked(), 2);
        assert_eq!(trusted(&store, &runtime), names(&["a"]), "{failure:?}");
        // 5, 10, 20, 40, 60, 60 seconds of pause.
        for (pause, asked) in [(5, 3), (10, 4), (20, 5), (40, 6), (60, 7), (60, 8)] {
            runtime.pass_seconds(pause - 1);
            assert_eq!(issuer.asked(), asked - 1);
            runtime.pass_seconds(1);
            assert_eq!(issuer.asked(), asked);
        }
        issuer.set(document("b"));
        runtime.pass_seconds(60);
        assert_eq!(trusted(&store, &runtime), names(&["b"]));
        assert_eq!(runtime.tasks(), 1);
    }
}

#[test]
fn stale_keys_are_trusted_to_the_last_second_and_come_back_as_the_same_generation() {
    let keys = document("a");
    let (runtime, issuer, store) = started(keys.clone());
    let first = store.generation(runtime.now());
    issuer.set(Answer::Failure(FetchFailure::Unreachable));
    // 600 seconds until the refresh and 3,600 of permitted staleness.
    runtime.pass_seconds(4_200);
    assert_eq!(trusted(&store, &runtime), names(&["a"]));
    runtime.pass_seconds(1);
    assert_eq!(trusted(&store, &runtime), None);
    issuer.set(keys);
    runtime.pass_seconds(60);
    assert_eq!(trusted(&store, &runtime), names(&["a"]));
    assert_eq!(store.generation(runtime.now()), first);
}

#[test]
fn both_views_of_staleness_agree_to_the_microsecond() {
    let (runtime, _, store) = started(document("a"));
    let last = START.tick.after_seconds(4_200);
    let at = |tick| Now { tick, ..runtime.now() };
    assert!(store.is_ready(at(last)));
    assert!(store.current(at(last)).is_some());
    assert!(!store.is_ready(at(last.after_micros(1))));
    assert!(store.current(at(last.after_micros(1))).is_none());
}

#[test]
fn a_fetch_that_does_not_answer_is_given_up_after_five_seconds() {
    let (runtime, issuer, store) = started(Answer::Silence);
    runtime.pass_seconds(4);
    // The maintenance and the fetch.
    assert_eq!(runtime.tasks(), 2);
    runtime.pass_seconds(1);
    assert_eq!(runtime.tasks(), 1);
    assert_eq!(issuer.asked(), 1);
    issuer.set(document("a"));
    runtime.run();
    assert_eq!(trusted(&store, &runtime), None);
    runtime.pass_seconds(5);
    assert_eq!(issuer.asked(), 2);
    assert_eq!(trusted(&store, &runtime), names(&["a"]));
}

#[test]
fn an_unknown_key_causes_one_fetch_per_cooldown_and_all_who_ask_wait_for_it() {
    let (runtime, issuer, store) = started(document("a"));
    assert!(runtime.finish(store.fetched_anew(store.generation(runtime.now()), &runtime)));
    runtime.pass_seconds(29);
    assert!(!runtime.finish(store.fetched_anew(store.generation(runtime.now()), &runtime)));
    assert_eq!(issuer.asked(), 2);

    runtime.pass_seconds(1);
    issuer.set(Answer::Silence);
    let mut first = runtime.begin(store.fetched_anew(store.generation(runtime.now()), &runtime));
    assert_eq!(first.result(), None);
    assert_eq!(issuer.asked(), 3);
    let seen = store.generation(runtime.now());
    let mut others: Vec<_> = (0..100).map(|_| runtime.begin(store.fetched_anew(seen, &runtime))).collect();
    assert!(others.iter_mut().all(|other| other.result().is_none()));
    assert_eq!(issuer.asked(), 3);

    issuer.set(document("b"));
    assert_eq!(first.result(), Some(true));
    assert!(others.iter_mut().all(|other| other.result() == Some(true)));
    assert_eq!(trusted(&store, &runtime), names(&["b"]));
    // Somebody who looked before the fetch landed, and asks after it.
    assert!(runtime.finish(store.fetched_anew(seen, &runtime)));
    assert!(!runtime.finish(store.fetched_anew(store.generation(runtime.now()), &runtime)));
    assert_eq!(issuer.asked(), 3);
}

#[test]
fn ten_thousand_unknown_keys_in_a_hundred_seconds_cause_four_fetches() {
    let (runtime, issuer, store) = started(document("a"));
    let mut claimed = 0;
    for second in 0..100 {
        for _ in 0..100 {
            claimed +=
                usize::from(runtime.finish(store.fetched_anew(store.generation(runtime.now()), &runtime)));
        }
        // At the start, by the maintenance; then for unknown keys, at once and after 30, 60 and 90 seconds.
        assert_eq!(issuer.asked(), 2 + second / 30);
        runtime.pass_seconds(1);
    }
    assert_eq!(claimed, 4);
    assert_eq!(issuer.asked(), 5);
}

#[test]
fn unknown_keys_cause_no_more_fetches_while_those_fail() {
    let (runtime, issuer, store) = started(document("a"));
    issuer.set(Answer::Failure(FetchFailure::Unreachable));
    runtime.pass_seconds(30);
    assert!(runtime.finish(store.fetched_anew(store.generation(runtime.now()), &runtime)));
    assert_eq!(issuer.asked(), 2);
    assert!(!runtime.finish(store.fetched_anew(store.generation(runtime.now()), &runtime)));
    assert_eq!(trusted(&store, &runtime), names(&["a"]));
}

#[test]
fn a_failed_fetch_for_an_unknown_key_is_retried_without_anybody_asking() {
    let (runtime, issuer, store) = started(document("a"));
    issuer.set(Answer::Failure(FetchFailure::Unreachable));
    runtime.pass_seconds(30);
    assert!(runtime.finish(store.fetched_anew(store.generation(runtime.now()), &runtime)));
    issuer.set(document("b"));
    runtime.pass_seconds(5);
    assert_eq!(trusted(&store, &runtime), names(&["b"]));
}

#[test]
fn a_fetch_outlives_the_request_that_caused_it() {
    let (runtime, issuer, store) = started(document("a"));
    runtime.pass_seconds(30);
    issuer.set(Answer::Silence);
    let mut request = runtime.begin(store.fetched_anew(store.generation(runtime.now()), &runtime));
    assert_eq!(request.result(), None);
    drop(request);
    issuer.set(document("b"));
    runtime.run();
    assert_eq!(trusted(&store, &runtime), names(&["b"]));
    assert_eq!(issuer.asked(), 2);
}

#[test]
fn a_fetch_that_panics_or_is_dropped_lets_its_request_go_on() {
    let (runtime, issuer, store) = started(document("a"));
    runtime.pass_seconds(30);
    issuer.set(Answer::Panic);
    assert!(runtime.finish(store.fetched_anew(store.generation(runtime.now()), &runtime)));
    assert_eq!(trusted(&store, &runtime), names(&["a"]));

    let (runtime, issuer, store) = started(document("a"));
    runtime.pass_seconds(30);
    issuer.set(Answer::Silence);
    let mut request = runtime.begin(store.fetched_anew(store.generation(runtime.now()), &runtime));
    assert_eq!(request.result(), None);
    runtime.shut_down();
    assert_eq!(request.result(), Some(true));
    assert_eq!(trusted(&store, &runtime), names(&["a"]));
}

#[test]
fn a_bad_document_is_told_apart_from_a_failing_server() {
    let (runtime, issuer, store) = started(Answer::Document("{}".to_owned()));
    let failure = |store: &KeyStore| {
        let Origin::Fetched(remote) = &store.origin else { panic!("fetched") };
        remote.lock().machine.failure().cloned()
    };
    assert_eq!(failure(&store), Some(FetchFailure::Document(KeySetError::Malformed)));
    issuer.set(Answer::Failure(FetchFailure::Status(404)));
    runtime.pass_seconds(5);
    assert_eq!(failure(&store), Some(FetchFailure::Status(404)));
}

#[test]
fn an_empty_set_withdraws_every_key_until_there_are_some_again() {
    let empty = Answer::Document(r#"{"keys":[]}"#.to_owned());
    let (runtime, issuer, store) = started(document("a"));
    let first = store.generation(runtime.now());
    issuer.set(empty.clone());
    runtime.pass_seconds(30);
    assert!(runtime.finish(store.fetched_anew(store.generation(runtime.now()), &runtime)));
    assert_eq!(trusted(&store, &runtime), None);
    // Retried like a failure; whoever makes up keys brings no fetch about.
    for (pause, asked) in [(5, 3), (10, 4), (20, 5)] {
        assert!(!runtime.finish(store.fetched_anew(store.generation(runtime.now()), &runtime)));
        runtime.pass_seconds(pause);
        assert_eq!(issuer.asked(), asked);
        assert_eq!(trusted(&store, &runtime), None);
    }
    issuer.set(document("a"));
    runtime.pass_seconds(40);
    assert_eq!(trusted(&store, &runtime), names(&["a"]));
    assert_ne!(store.generation(runtime.now()), first, "what was remembered of the old keys is not");
    issuer.set(empty);
    runtime.pass_seconds(600);
    assert_eq!(trusted(&store, &runtime), None);
    assert!(!store.is_ready(runtime.now()));
}

#[test]
fn an_answer_that_is_fresh_for_a_short_time_is_fetched_sooner_and_no_sooner_than_a_minute() {
    for (fresh, refresh) in [(0, 60), (60, 60), (300, 300), (86_400, 600)] {
        let key = jwks(&[TestSigner::ed_dsa().jwk("a")]);
        let (runtime, issuer, store) = started(Answer::Fresh(key, fresh));
        runtime.pass_seconds(refresh - 1);
        assert_eq!(issuer.asked(), 1, "{fresh}");
        runtime.pass_seconds(1);
        assert_eq!(issuer.asked(), 2, "{fresh}");
        issuer.set(Answer::Failure(FetchFailure::Status(503)));
        let last = runtime.now().tick.after_seconds(refresh + 3_600);
        let at = |tick| Now { tick, ..runtime.now() };
        assert!(store.current(at(last)).is_some() && store.is_ready(at(last)));
        assert!(
            store.current(at(last.after_micros(1))).is_none() && !store.is_ready(at(last.after_micros(1)))
        );
    }
}

#[test]
fn an_issuer_that_flaps_keeps_its_keys() {
    let keys = document("a");
    let (runtime, issuer, store) = started(keys.clone());
    let first = store.generation(runtime.now());
    for _ in 0..20 {
        issuer.set(Answer::Failure(FetchFailure::Status(500)));
        runtime.pass_seconds(600);
        assert_eq!(trusted(&store, &runtime), names(&["a"]));
        issuer.set(keys.clone());
        runtime.pass_seconds(60);
        assert_eq!(trusted(&store, &runtime), names(&["a"]));
    }
    assert_eq!(store.generation(runtime.now()), first);
}

#[test]
fn an_issuer_that_moves_keeps_its_keys() {
    let (runtime, issuer, store) = started(document("a"));
    let first = store.generation(runtime.now());
    issuer.move_to(SocketAddr::from(([127, 0, 0, 2], 9000)));
    runtime.pass_seconds(600);
    let Origin::Fetched(remote) = &store.origin else { panic!("fetched") };
    assert_eq!(remote.lock().address, Some(SocketAddr::from(([127, 0, 0, 2], 9000))));
    assert_eq!(store.generation(runtime.now()), first);
}

#[test]
fn a_document_is_read_for_the_algorithms_of_its_issuer_and_not_shown() {
    let json = jwks(&[TestSigner::ed_dsa().jwk("a")]);
    let source = KeySource::from_json(json).unwrap();
    assert_eq!(format!("{source:?}"), "Document");
    let store = KeyStore::new(source, ISSUER, AlgorithmSet::default(), FetchPolicy::default(), None).unwrap();
    assert_eq!(trusted(&store, &ManualRuntime::at(START)), names(&["a"]));
}

#[test]
fn one_more_than_may_wait_for_a_fetch_does_not() {
    let (runtime, issuer, store) = started(document("a"));
    issuer.set(Answer::Silence);
    let seen = store.generation(runtime.now());
    let begin = || runtime.begin(store.fetched_anew(seen, &runtime));
    let mut waiting: Vec<_> = (0..WAITING_MAX).map(|_| begin()).collect();
    assert!(waiting.iter_mut().all(|waiting| waiting.result().is_none()));
    assert_eq!(begin().result(), Some(true));
    // Whoever leaves makes room.
    waiting.pop();
    assert_eq!(begin().result(), None);
    issuer.set(document("b"));
    assert!(waiting.iter_mut().all(|waiting| waiting.result() == Some(true)));
}
