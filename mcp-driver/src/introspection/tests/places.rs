//! Who has a place, who waits for one, and who shares one.

use super::{
    super::{
        desk::{CALLS_MAX, STRANGER_CALLS_MAX},
        line::WAITING_MAX,
        regulars::REGULAR_SECONDS,
    },
    *,
};

/// Good tokens that were asked about, and whose answers are too old by now; the endpoint says nothing any more.
fn regulars(count: usize) -> (Bench, Vec<String>) {
    let bench = Bench::new(alice());
    let tokens: Vec<_> = (0..count).map(|number| format!("regular-{number}")).collect();
    for token in &tokens {
        assert_eq!(bench.outcome(token), signed("alice"));
    }
    bench.runtime.pass_seconds(INTROSPECTION_CACHE_SECONDS_DEFAULT);
    bench.endpoint.set(Reply::Silence);
    (bench, tokens)
}

#[test]
fn a_thousand_who_bring_one_token_share_one_call() {
    let bench = Bench::new(Reply::Silence);
    let mut waiting: Vec<_> = (0..1_000).map(|_| bench.begin("t")).collect();
    for one in &mut waiting {
        assert!(one.result().is_none());
    }
    assert_eq!(bench.endpoint.asked(), 1);
    bench.endpoint.set(alice());
    for one in &mut waiting {
        assert_eq!(one.result().map(|facts| outcome(&facts)), Some(signed("alice")));
    }
    assert_eq!(bench.endpoint.asked(), 1);
    assert_eq!(bench.introspector.under_way(), 0);
}

#[test]
fn one_who_looked_a_moment_too_early_finds_the_answer_at_the_desk() {
    let bench = Bench::new(alice());
    assert_eq!(bench.outcome("t"), signed("alice"));
    // As a request does that found nothing in the cache just before the answer came.
    assert_eq!(bench.begin("t").result().map(|facts| outcome(&facts)), Some(signed("alice")));
    assert_eq!(bench.endpoint.asked(), 1);
}

#[test]
fn a_call_goes_on_without_those_who_asked_for_it() {
    let bench = Bench::new(Reply::Silence);
    let mut first = bench.begin("t");
    assert!(first.result().is_none());
    let mut second = bench.begin("t");
    assert!(second.result().is_none());
    drop(first);
    bench.endpoint.set(alice());
    assert_eq!(second.result().map(|facts| outcome(&facts)), Some(signed("alice")));

    let bench = Bench::new(Reply::Silence);
    let mut only = bench.begin("t");
    assert!(only.result().is_none());
    drop(only);
    bench.endpoint.set(alice());
    bench.runtime.run();
    assert_eq!(bench.probe("t"), Some(signed("alice")));
    assert_eq!(bench.endpoint.asked(), 1);
}

#[test]
fn half_of_the_places_are_for_strangers_and_more_of_them_wait() {
    let bench = Bench::new(Reply::Silence);
    let mut strangers = bench.strangers(STRANGER_CALLS_MAX);
    assert_eq!(bench.endpoint.asked(), 16);
    assert_eq!(bench.introspector.waiting(), 0);
    let mut late = bench.begin("late");
    assert_eq!(landed(&mut late), None);
    assert_eq!(bench.endpoint.asked(), 16);
    assert_eq!(bench.introspector.waiting(), 1);
    // Who brings a token that is being asked about takes no place.
    let mut another = bench.begin(&stranger(0));
    assert_eq!(landed(&mut another), None);
    assert_eq!(bench.introspector.waiting(), 1);

    bench.endpoint.set_for("late", alice());
    assert_eq!(landed(&mut late), None);
    bench.endpoint.set_for(&stranger(0), inactive());
    assert_eq!(landed(&mut strangers[0]), Some(Outcome::Denied(Denial::Inactive)));
    assert_eq!(landed(&mut another), Some(Outcome::Denied(Denial::Inactive)));
    assert_eq!(landed(&mut late), Some(signed("alice")));
    assert_eq!(bench.introspector.waiting(), 0);
    assert_eq!(bench.introspector.under_way(), 15);
}

#[test]
fn a_place_comes_back_from_a_call_that_failed_too() {
    let bench = Bench::new(Reply::Silence);
    let _strangers = bench.strangers(STRANGER_CALLS_MAX);
    let mut late = bench.begin("late");
    assert_eq!(landed(&mut late), None);
    bench.endpoint.set_for(&stranger(0), Reply::Failure(FetchFailure::Status(500)));
    assert_eq!(landed(&mut late), None);
    assert!(bench.endpoint.was_asked_about("late"));
}

#[test]
fn strangers_do_not_keep_out_a_token_that_was_good_before() {
    let (bench, tokens) = regulars(1);
    bench.endpoint.set_for(&tokens[0], alice());
    let waiting = bench.strangers(STRANGER_CALLS_MAX + WAITING_MAX);
    assert_eq!(bench.outcome("one too many"), Outcome::Unavailable(Outage::Overloaded));
    assert_eq!(bench.outcome(&tokens[0]), signed("alice"));
    drop(waiting);
}

#[test]
fn tokens_that_were_good_before_may_have_every_place_and_come_first() {
    let (bench, tokens) = regulars(CALLS_MAX + 1);
    let asked = bench.endpoint.asked();
    let mut waiting: Vec<_> = tokens.iter().map(|token| bench.begin(token)).collect();
    for one in &mut waiting {
        assert_eq!(landed(one), None);
    }
    assert_eq!(bench.endpoint.asked(), asked + 32);
    let mut late = bench.begin("late");
    assert_eq!(landed(&mut late), None);
    assert_eq!(bench.introspector.waiting(), 2);

    bench.endpoint.set_for(&tokens[0], alice());
    assert_eq!(landed(&mut late), None);
    assert_eq!(landed(&mut waiting[CALLS_MAX]), None);
    assert_eq!(bench.introspector.waiting(), 1, "not the stranger");
    assert!(!bench.endpoint.was_asked_about("late"));
    bench.endpoint.set_for(&tokens[1], alice());
    assert_eq!(landed(&mut late), None);
    assert!(bench.endpoint.was_asked_about("late"));
}

#[test]
fn a_stranger_takes_the_place_that_a_regular_one_no_longer_waits_for() {
    let (bench, tokens) = regulars(CALLS_MAX + 1);
    let mut waiting: Vec<_> = tokens.iter().map(|token| bench.begin(token)).collect();
    for one in &mut waiting {
        assert_eq!(landed(one), None);
    }
    let mut late = bench.begin("late");
    assert_eq!(landed(&mut late), None);
    bench.endpoint.set_for(&tokens[0], alice());
    bench.runtime.run();
    drop(waiting.pop());
    assert_eq!(landed(&mut late), None);
    assert!(bench.endpoint.was_asked_about("late"));
}

#[test]
fn a_token_counts_as_good_before_for_an_hour_or_until_it_is_refused() {
    let (bench, tokens) = regulars(3);
    bench.endpoint.set_for(&tokens[0], inactive());
    assert_eq!(bench.outcome(&tokens[0]), Outcome::Denied(Denial::Inactive));
    let hour = REGULAR_SECONDS - INTROSPECTION_CACHE_SECONDS_DEFAULT;
    bench.runtime.pass_seconds(hour - 1);
    let _strangers = bench.strangers(STRANGER_CALLS_MAX);
    let asked = bench.endpoint.asked();
    for (token, more) in [(&tokens[0], 0), (&tokens[1], 1)] {
        assert_eq!(landed(&mut bench.begin(token)), None);
        assert_eq!(bench.endpoint.asked(), asked + more, "{token}");
    }
    bench.runtime.pass_seconds(1);
    assert_eq!(landed(&mut bench.begin(&tokens[2])), None);
    assert_eq!(bench.endpoint.asked(), asked + 1);
    assert_eq!(REGULAR_SECONDS, 60 * 60);
}

#[test]
fn whoever_waited_longest_is_next() {
    let bench = Bench::new(Reply::Silence);
    let _strangers = bench.strangers(STRANGER_CALLS_MAX);
    let mut waiting = ["a", "b", "c"].map(|token| bench.begin(token));
    for one in &mut waiting {
        assert_eq!(landed(one), None);
    }
    for (number, next) in ["a", "b", "c"].into_iter().enumerate() {
        assert!(!bench.endpoint.was_asked_about(next));
        bench.endpoint.set_for(&stranger(number), inactive());
        // Whoever looks first, and also one who has just come.
        assert_eq!(landed(&mut bench.begin("new")), None);
        for one in waiting.iter_mut().rev() {
            assert_eq!(landed(one), None);
        }
        assert!(bench.endpoint.was_asked_about(next));
    }
    assert!(!bench.endpoint.was_asked_about("new"));
}

#[test]
fn one_who_leaves_the_line_leaves_nothing_behind() {
    let bench = Bench::new(Reply::Silence);
    let _strangers = bench.strangers(STRANGER_CALLS_MAX);
    let [first, mut second, mut third, fourth] = ["a", "b", "c", "d"].map(|token| {
        let mut one = bench.begin(token);
        assert_eq!(landed(&mut one), None);
        one
    });
    drop(fourth);
    assert_eq!(bench.introspector.waiting(), 3);
    // There is a place for the first one, who leaves before it knows.
    bench.endpoint.set_for(&stranger(0), inactive());
    bench.runtime.run();
    drop(first);
    assert_eq!(landed(&mut third), None);
    assert_eq!(landed(&mut second), None);
    assert!(bench.endpoint.was_asked_about("b"));
    assert!(!bench.endpoint.was_asked_about("a"));
    assert!(!bench.endpoint.was_asked_about("c"));
    assert_eq!(bench.introspector.waiting(), 1);
}

#[test]
fn those_who_wait_with_one_token_share_one_call() {
    let bench = Bench::new(Reply::Silence);
    let _strangers = bench.strangers(STRANGER_CALLS_MAX);
    let mut waiting: Vec<_> = ["t", "other", "t", "t"].map(|token| bench.begin(token)).into();
    for one in &mut waiting {
        assert_eq!(landed(one), None);
    }
    bench.endpoint.set_for(&stranger(0), inactive());
    for one in &mut waiting {
        assert_eq!(landed(one), None);
    }
    assert_eq!(bench.introspector.waiting(), 1, "only the other token");
    assert_eq!(bench.endpoint.asked(), STRANGER_CALLS_MAX + 1);
    bench.endpoint.set_for("t", alice());
    let same = [0, 2, 3].map(|number| landed(&mut waiting[number]));
    assert_eq!(same, [(); 3].map(|()| Some(signed("alice"))));
    assert_eq!(landed(&mut waiting[1]), None);
    assert_eq!(bench.endpoint.asked(), STRANGER_CALLS_MAX + 2);
}

#[test]
fn so_many_wait_and_one_more_is_refused_at_once() {
    let bench = Bench::new(Reply::Silence);
    let mut strangers = bench.strangers(STRANGER_CALLS_MAX + WAITING_MAX);
    assert_eq!(bench.introspector.waiting(), 1_024);
    assert_eq!(bench.outcome("one too many"), Outcome::Unavailable(Outage::Overloaded));
    assert_eq!(bench.endpoint.asked(), 16);
    drop(strangers.pop());
    let mut one_more = bench.begin("one more");
    assert_eq!(landed(&mut one_more), None);
    assert_eq!(bench.introspector.waiting(), 1_024);

    bench.endpoint.set(alice());
    for one in &mut strangers {
        assert_eq!(landed(one), Some(signed("alice")));
    }
    assert_eq!(landed(&mut one_more), Some(signed("alice")));
    assert_eq!(bench.introspector.under_way() + bench.introspector.waiting(), 0);
}

#[test]
fn the_age_of_an_answer_does_not_count_the_wait_for_a_place() {
    let bench = Bench::new(Reply::Silence);
    let _strangers = bench.strangers(STRANGER_CALLS_MAX);
    let mut late = bench.begin("late");
    assert_eq!(landed(&mut late), None);
    bench.runtime.pass_seconds(4);
    bench.endpoint.set(alice());
    assert_eq!(landed(&mut late), Some(signed("alice")));
    bench.runtime.pass_seconds(INTROSPECTION_CACHE_SECONDS_DEFAULT - 1);
    assert_eq!(bench.probe("late"), Some(signed("alice")));
    bench.runtime.pass_seconds(1);
    assert_eq!(bench.probe("late"), None);
}

#[test]
fn an_endpoint_that_says_nothing_is_given_up_and_its_place_comes_back() {
    let bench = Bench::new(Reply::Silence);
    let mut waiting = bench.begin("t");
    assert!(waiting.result().is_none());
    bench.runtime.pass_seconds(FETCH_TIMEOUT_SECONDS - 1);
    assert!(waiting.result().is_none());
    bench.runtime.pass_seconds(1);
    assert_eq!(waiting.result().map(|facts| outcome(&facts)), Some(Outcome::Unavailable(Outage::TimedOut)));
    assert_eq!(bench.introspector.under_way(), 0);
    assert_eq!(FETCH_TIMEOUT_SECONDS, 5);
}

#[test]
fn a_runtime_that_shuts_down_leaves_nobody_waiting() {
    let bench = Bench::new(Reply::Silence);
    let mut waiting = bench.begin("t");
    assert!(waiting.result().is_none());
    bench.runtime.shut_down();
    let outage = Outcome::Unavailable(Outage::IntrospectionUnavailable);
    assert_eq!(waiting.result().map(|facts| outcome(&facts)), Some(outage));
    assert_eq!(bench.introspector.under_way(), 0);
}
