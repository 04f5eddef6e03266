//! What becomes of tokens while the endpoint does not answer.

use super::{
    super::{
        desk::{CALLS_MAX, STRANGER_CALLS_MAX, TRIAL_CALLS_MAX},
        trouble::FAILURES_MAX,
    },
    *,
};

fn unavailable() -> Outcome {
    Outcome::Unavailable(Outage::IntrospectionUnavailable)
}

#[test]
fn an_endpoint_in_trouble_is_left_alone_for_a_second_at_a_time() {
    for failure in [
        FetchFailure::Unreachable,
        FetchFailure::Tls(TlsFailure::Unsupported),
        FetchFailure::Status(502),
        FetchFailure::Status(503),
        FetchFailure::Status(504),
    ] {
        let bench = Bench::new(Reply::Failure(failure));
        for _ in 0..10 {
            assert_eq!(bench.outcome("t"), unavailable());
        }
        assert_eq!(bench.endpoint.asked(), 5);
        for pause in 1..=3 {
            bench.runtime.pass_seconds(1);
            for _ in 0..10 {
                assert_eq!(bench.outcome("t"), unavailable());
            }
            assert_eq!(bench.endpoint.asked(), 5 + pause);
        }
        bench.endpoint.set(alice());
        assert_eq!(bench.outcome("t"), unavailable());
        bench.runtime.pass_seconds(1);
        assert_eq!(bench.outcome("t"), signed("alice"));
        assert_eq!(bench.outcome("another"), signed("alice"));
    }
    assert_eq!(FAILURES_MAX, 5);
}

/// An endpoint that has left strangers without an answer so often that it is left alone, and a token that it
/// vouched for a minute before.
fn in_trouble() -> Bench {
    let bench = Bench::new(alice());
    assert_eq!(bench.outcome("regular"), signed("alice"));
    bench.runtime.pass_seconds(60);
    bench.endpoint.set(Reply::Failure(FetchFailure::Unreachable));
    for _ in 0..FAILURES_MAX {
        bench.outcome("t");
    }
    bench
}

#[test]
fn after_a_pause_some_calls_find_out_for_all() {
    let bench = in_trouble();
    bench.endpoint.set(Reply::Silence);
    bench.runtime.pass_seconds(1);
    let mut trying = bench.strangers(TRIAL_CALLS_MAX - 1);
    let mut fourth = bench.begin("fourth");
    assert_eq!(landed(&mut fourth), None);
    assert_eq!(bench.outcome("fifth"), unavailable());
    assert_eq!(bench.introspector.waiting(), 0);
    bench.endpoint.set_for("fourth", alice());
    assert_eq!(landed(&mut fourth), Some(signed("alice")));

    bench.endpoint.set(inactive());
    for one in &mut trying {
        assert_eq!(landed(one), Some(Outcome::Denied(Denial::Inactive)));
    }
    assert_eq!(bench.outcome("fifth"), Outcome::Denied(Denial::Inactive));
    assert_eq!(TRIAL_CALLS_MAX, 4);
}

#[test]
fn a_token_that_was_good_before_finds_out_whatever_strangers_do() {
    // During a pause that strangers have caused, and after it, while they take every place that they can.
    for seconds in [0, 1] {
        let bench = in_trouble();
        bench.runtime.pass_seconds(seconds);
        bench.endpoint.set(Reply::Silence);
        let trying: Vec<_> = (0..10)
            .filter_map(|number| {
                let mut one = bench.begin(&stranger(number));
                landed(&mut one).is_none().then_some(one)
            })
            .collect();
        assert_eq!(trying.len(), if seconds == 0 { 0 } else { 4 });
        assert_eq!(bench.outcome("late"), unavailable());
        bench.endpoint.set_for("regular", alice());
        assert_eq!(bench.outcome("regular"), signed("alice"), "{seconds}");
        // And with that the endpoint works, for all.
        bench.endpoint.set_for("late", alice());
        assert_eq!(bench.outcome("late"), signed("alice"));
    }
}

#[test]
fn one_stranger_a_second_keeps_nobody_out() {
    let bench = Bench::new(alice());
    for number in 0..60 {
        assert_eq!(bench.outcome(&format!("regular-{number}")), signed("alice"));
    }
    bench.runtime.pass_seconds(60);
    for number in 0..60 {
        bench.runtime.pass_seconds(1);
        bench.endpoint.set(Reply::Failure(FetchFailure::Status(504)));
        bench.outcome(&stranger(number));
        bench.endpoint.set(Reply::Failure(FetchFailure::Status(403)));
        for _ in 0..10 {
            bench.outcome("firewalled");
        }
        bench.endpoint.set(alice());
        assert_eq!(bench.outcome(&format!("regular-{number}")), signed("alice"));
        assert_eq!(bench.outcome(&format!("new-{number}")), signed("alice"));
    }
}

#[test]
fn an_endpoint_that_fails_tokens_which_were_good_before_is_left_alone_by_them_too() {
    let bench = Bench::new(alice());
    let tokens: Vec<_> = (0..CALLS_MAX).map(|number| format!("regular-{number}")).collect();
    for token in &tokens {
        assert_eq!(bench.outcome(token), signed("alice"));
    }
    bench.runtime.pass_seconds(60);
    bench.endpoint.set(Reply::Failure(FetchFailure::Unreachable));
    let asked = bench.endpoint.asked();
    for token in &tokens {
        assert_eq!(bench.outcome(token), unavailable());
    }
    assert_eq!(bench.endpoint.asked(), asked + 5);

    bench.endpoint.set(Reply::Silence);
    bench.runtime.pass_seconds(1);
    let mut trying: Vec<_> = tokens.iter().map(|token| bench.begin(token)).collect();
    for one in &mut trying {
        assert_eq!(landed(one), None);
    }
    assert_eq!(bench.endpoint.asked(), asked + 5 + CALLS_MAX);
    bench.endpoint.set(alice());
    for one in &mut trying {
        assert_eq!(landed(one), Some(signed("alice")));
    }
}

#[test]
fn nobody_waits_for_the_end_of_a_pause() {
    let bench = Bench::new(Reply::Silence);
    let mut strangers = bench.strangers(STRANGER_CALLS_MAX + 100);
    bench.runtime.pass_seconds(FETCH_TIMEOUT_SECONDS);
    for one in strangers.drain(..STRANGER_CALLS_MAX).collect::<Vec<_>>().iter_mut() {
        assert_eq!(landed(one), Some(Outcome::Unavailable(Outage::TimedOut)));
    }
    for one in &mut strangers {
        assert_eq!(landed(one), Some(unavailable()));
    }
    assert_eq!(bench.introspector.waiting(), 0);
}

#[test]
fn whether_the_endpoint_answers_does_not_decide_readiness() {
    let bench = in_trouble();
    assert_eq!(bench.outcome("t"), unavailable());
    assert!(bench.introspector.is_ready());
}

#[test]
fn what_an_endpoint_makes_of_one_token_does_not_cut_off_the_others() {
    for reply in [
        Reply::Failure(FetchFailure::Status(302)),
        Reply::Failure(FetchFailure::Status(400)),
        Reply::Failure(FetchFailure::Status(401)),
        Reply::Failure(FetchFailure::Status(403)),
        Reply::Failure(FetchFailure::Status(413)),
        Reply::Failure(FetchFailure::Status(429)),
        Reply::Failure(FetchFailure::Status(500)),
        Reply::Failure(FetchFailure::Status(501)),
        Reply::Failure(FetchFailure::Status(505)),
        Reply::Failure(FetchFailure::TooLong),
        Reply::Failure(FetchFailure::MediaType),
        Reply::Document("not JSON".to_owned()),
    ] {
        let bench = Bench::new(reply);
        for _ in 0..20 {
            bench.outcome("bad");
        }
        bench.endpoint.set(alice());
        assert_eq!(bench.outcome("good"), signed("alice"));
    }
}
