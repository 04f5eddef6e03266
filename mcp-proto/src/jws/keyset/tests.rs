use super::*;
use proptest::prelude::*;

/// A set of one key that depends on the number.
fn set(number: u8) -> KeySet {
    use base64::Engine as _;
    let x = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode([number; 32]);
    let json = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}","kid":"k"}}"#);
    KeySet::parse(json.as_bytes()).unwrap().0
}

fn at(seconds: u64) -> Tick {
    Tick(seconds * 1_000_000)
}

fn just_before(seconds: u64) -> Tick {
    Tick(seconds * 1_000_000 - 1)
}

fn just_after(seconds: u64) -> Tick {
    Tick(seconds * 1_000_000 + 1)
}

fn machine() -> KeyFetch {
    KeyFetch::new(FetchPolicy::default())
}

/// A machine that fetched set number 1 in no time at second 0.
fn started() -> KeyFetch {
    let mut fetch = machine();
    assert!(fetch.wants_fetch(at(0)));
    fetch.fetched(Ok(set(1)), None, at(0));
    fetch
}

fn held(fetch: &KeyFetch, now: Tick) -> Option<KeySet> {
    fetch.keys(now).map(|keys| KeySet::clone(keys))
}

#[test]
fn the_first_fetch_is_due_at_once_and_claimed_once() {
    let mut fetch = machine();
    assert_eq!(fetch.next_deadline(), Some(at(0)));
    assert_eq!(held(&fetch, at(0)), None);
    assert_eq!(fetch.generation(), 0);
    assert!(fetch.wants_fetch(at(0)));
    assert!(!fetch.wants_fetch(at(0)));
    assert!(!fetch.unknown_key(at(0)));
    fetch.fetched(Ok(set(1)), None, at(1));
    assert_eq!(held(&fetch, at(1)), Some(set(1)));
    assert_eq!(fetch.generation(), 1);
}

#[test]
fn a_success_is_refreshed_after_the_refresh_time() {
    let mut fetch = started();
    assert_eq!(fetch.next_deadline(), Some(at(600)));
    assert!(!fetch.wants_fetch(just_before(600)));
    assert!(fetch.wants_fetch(at(600)));
    assert!(!fetch.wants_fetch(at(600)));
}

#[test]
fn keys_outlive_failures_until_they_are_too_stale() {
    let mut fetch = started();
    assert!(fetch.wants_fetch(at(600)));
    fetch.fetched(Err(FetchFailure::TimedOut), None, at(605));
    assert_eq!(fetch.failure(), Some(&FetchFailure::TimedOut));
    assert_eq!(held(&fetch, at(605)), Some(set(1)));
    assert_eq!(held(&fetch, at(4200)), Some(set(1)));
    assert_eq!(held(&fetch, just_after(4200)), None);
    assert_eq!(fetch.generation(), 1);

    assert!(fetch.wants_fetch(at(5000)));
    fetch.fetched(Ok(set(1)), None, at(5000));
    assert_eq!(fetch.failure(), None);
    assert_eq!(held(&fetch, at(5000)), Some(set(1)));
    assert_eq!(fetch.generation(), 1, "the content is what it was");
}

#[test]
fn failures_are_retried_at_doubling_intervals() {
    let mut fetch = machine();
    let mut now = 0;
    for pause in [5, 10, 20, 40, 60, 60, 60] {
        assert!(fetch.wants_fetch(at(now)));
        fetch.fetched(Err(FetchFailure::Unreachable), None, at(now));
        now += pause;
        assert_eq!(fetch.next_deadline(), Some(at(now)));
        assert!(!fetch.wants_fetch(just_before(now)));
    }
    assert!(fetch.wants_fetch(at(now)));
    fetch.fetched(Ok(set(1)), None, at(now));
    assert_eq!(fetch.next_deadline(), Some(at(now + 600)));

    assert!(fetch.wants_fetch(at(now + 600)));
    fetch.fetched(Err(FetchFailure::Status(500)), None, at(now + 600));
    assert_eq!(fetch.next_deadline(), Some(at(now + 605)), "the pause starts over");
}

#[test]
fn a_bad_document_replaces_nothing() {
    let mut fetch = started();
    assert!(fetch.wants_fetch(at(600)));
    for document in [r#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#, r#"{"keys":{}}"#, r#"{"keys":[],"keys":[]}"#] {
        let error = KeySet::parse(document.as_bytes()).unwrap_err();
        fetch.fetched(Err(error.clone().into()), None, at(600));
        assert_eq!(fetch.failure(), Some(&FetchFailure::Document(error)));
        assert_eq!(held(&fetch, at(600)), Some(set(1)));
        assert_eq!(fetch.generation(), 1);
    }
}

fn empty() -> FetchFailure {
    KeySet::parse(br#"{"keys":[]}"#).unwrap_err().into()
}

#[test]
fn an_empty_set_withdraws_every_key_and_is_asked_for_again_like_a_failure() {
    let mut fetch = started();
    assert!(fetch.wants_fetch(at(600)));
    fetch.fetched(Err(empty()), None, at(600));
    assert_eq!(fetch.failure(), Some(&FetchFailure::Document(KeySetError::Empty)));
    assert_eq!(held(&fetch, at(600)), None);
    assert_eq!(fetch.held(), None);
    assert_eq!(fetch.generation(), 2);
    let mut now = 600;
    for pause in [5, 10, 20, 40, 60, 60] {
        now += pause;
        assert_eq!(fetch.next_deadline(), Some(at(now)));
        assert!(fetch.wants_fetch(at(now)));
        fetch.fetched(Err(empty()), Some(3600), at(now));
        assert_eq!(fetch.generation(), 2, "nothing more to withdraw");
    }
    assert!(fetch.wants_fetch(at(now + 60)));
    fetch.fetched(Ok(set(1)), None, at(now + 60));
    assert_eq!(held(&fetch, at(now + 60)), Some(set(1)));
    assert_eq!(fetch.generation(), 3, "what was verified before the withdrawal does not come back");
    assert_eq!(fetch.next_deadline(), Some(at(now + 660)));
}

#[test]
fn an_answer_that_is_fresh_for_a_short_time_is_refreshed_sooner_and_stale_from_there() {
    let table = [
        (None, 600),
        (Some(0), 60),
        (Some(59), 60),
        (Some(60), 60),
        (Some(61), 61),
        (Some(599), 599),
        (Some(600), 600),
        (Some(601), 600),
        (Some(u64::MAX), 600),
    ];
    for (fresh_seconds, refresh) in table {
        let mut fetch = machine();
        assert!(fetch.wants_fetch(at(0)));
        fetch.fetched(Ok(set(1)), fresh_seconds, at(0));
        assert_eq!(fetch.next_deadline(), Some(at(refresh)), "{fresh_seconds:?}");
        assert_eq!(fetch.held().unwrap().1, at(refresh + 3600));
        assert_eq!(held(&fetch, at(refresh + 3600)), Some(set(1)));
        assert_eq!(held(&fetch, just_after(refresh + 3600)), None);
    }
}

#[test]
fn a_policy_that_refreshes_more_often_than_every_minute_is_kept_to() {
    let mut fetch = KeyFetch::new(FetchPolicy { refresh_seconds: 10, ..FetchPolicy::default() });
    assert!(fetch.wants_fetch(at(0)));
    fetch.fetched(Ok(set(1)), Some(5), at(0));
    assert_eq!(fetch.next_deadline(), Some(at(10)));
}

#[test]
fn a_withdrawn_key_is_gone_at_the_next_success() {
    let mut fetch = started();
    assert!(fetch.wants_fetch(at(600)));
    assert_eq!(held(&fetch, at(600)), Some(set(1)), "served while fetching");
    fetch.fetched(Ok(set(2)), None, at(601));
    assert_eq!(held(&fetch, at(601)), Some(set(2)));
    assert_eq!(fetch.generation(), 2);
}

#[test]
fn the_same_content_keeps_its_generation_and_its_allocation() {
    let mut fetch = started();
    let before = Arc::clone(fetch.keys(at(0)).unwrap());
    assert!(fetch.wants_fetch(at(600)));
    fetch.fetched(Ok(set(1)), None, at(600));
    assert!(Arc::ptr_eq(&before, fetch.keys(at(600)).unwrap()));
    assert_eq!(fetch.generation(), 1);
    assert_eq!(held(&fetch, at(4800)), Some(set(1)), "good for longer");
    assert_eq!(held(&fetch, just_after(4800)), None);
}

#[test]
fn an_unknown_key_fetches_once_per_cooldown() {
    let mut fetch = started();
    assert!(fetch.unknown_key(at(30)));
    assert!(!fetch.unknown_key(at(30)), "under way");
    assert!(!fetch.wants_fetch(at(30)), "not due");
    fetch.fetched(Ok(set(2)), None, at(31));
    assert!(!fetch.unknown_key(just_before(60)), "from the start of the last fetch");
    assert!(fetch.unknown_key(at(60)));
}

#[test]
fn an_empty_set_does_not_switch_the_cooldown_off() {
    let mut fetch = started();
    assert!(fetch.unknown_key(at(100)));
    fetch.fetched(Err(empty()), None, at(100));
    assert!(!fetch.unknown_key(just_before(130)));
    assert!(fetch.unknown_key(at(130)));
}

#[test]
fn keys_that_are_rotated_just_after_a_fetch_that_was_due_do_not_wait() {
    let mut fetch = started();
    assert!(fetch.unknown_key(at(0)));
    fetch.fetched(Ok(set(2)), None, at(0));
    assert!(fetch.wants_fetch(at(600)));
    assert!(!fetch.unknown_key(at(600)), "under way");
    fetch.fetched(Ok(set(2)), None, at(600));
    assert!(fetch.unknown_key(at(600)));
    fetch.fetched(Ok(set(3)), None, at(600));
    assert!(!fetch.unknown_key(just_before(630)));
}

#[test]
fn the_cooldown_survives_failures_and_the_loss_of_the_keys() {
    let mut fetch = started();
    assert!(fetch.unknown_key(at(30)));
    fetch.fetched(Err(FetchFailure::Unreachable), None, at(30));
    assert!(!fetch.unknown_key(just_before(60)));
    assert_eq!(held(&fetch, at(60)), Some(set(1)), "a miss evicts nothing");
    assert!(fetch.unknown_key(at(60)));
    fetch.fetched(Err(FetchFailure::Unreachable), None, at(60));
    assert!(fetch.wants_fetch(at(9000)), "a retry, long after the keys went stale");
    fetch.fetched(Err(FetchFailure::Unreachable), None, at(9000));
    assert_eq!(held(&fetch, at(9000)), None);
    assert!(fetch.unknown_key(at(9000)));
    fetch.fetched(Err(FetchFailure::Unreachable), None, at(9000));
    assert!(!fetch.unknown_key(just_before(9030)));
    assert!(fetch.unknown_key(at(9030)));
}

#[test]
fn ten_thousand_unknown_keys_cause_four_fetches_in_a_hundred_seconds() {
    let mut fetch = started();
    let mut fetches = Vec::new();
    for step in 0..10_000_u64 {
        let now = Tick(step * 10_000);
        if fetch.unknown_key(now) {
            fetches.push(now);
            fetch.fetched(Ok(set(1)), None, now);
        }
    }
    assert_eq!(fetches, [at(0), at(30), at(60), at(90)]);
}

#[test]
fn ten_thousand_unknown_keys_at_once_cause_one_fetch_even_when_it_fails() {
    let mut fetch = started();
    let claims = (0..10_000)
        .filter(|_| {
            let claimed = fetch.unknown_key(at(100));
            if claimed {
                fetch.fetched(Err(FetchFailure::Unreachable), None, at(100));
            }
            claimed
        })
        .count();
    assert_eq!(claims, 1);
}

#[test]
fn a_claim_that_is_never_reported_does_not_stop_the_machine() {
    let mut fetch = machine();
    assert!(fetch.wants_fetch(at(0)));
    assert_eq!(fetch.next_deadline(), Some(at(30)));
    assert!(!fetch.wants_fetch(just_before(30)));
    assert!(fetch.wants_fetch(at(30)));

    let mut fetch = started();
    assert!(fetch.unknown_key(at(100)));
    assert_eq!(fetch.next_deadline(), Some(at(600)), "nothing is due before");
    assert!(!fetch.unknown_key(just_before(130)));
    assert!(fetch.unknown_key(at(130)));
}

#[test]
fn a_policy_without_pauses_is_given_some() {
    let mut fetch = KeyFetch::new(FetchPolicy {
        refresh_seconds: 0,
        cooldown_seconds: 0,
        stale_seconds_max: 0,
        retry_seconds: 0,
        retry_seconds_max: 0,
    });
    assert!(fetch.wants_fetch(at(0)));
    fetch.fetched(Err(FetchFailure::Unreachable), None, at(0));
    assert!(!fetch.wants_fetch(just_before(1)));
    assert!(fetch.unknown_key(at(0)));
    fetch.fetched(Err(FetchFailure::Unreachable), None, at(0));
    assert!(!fetch.unknown_key(just_before(1)));
    assert!(fetch.wants_fetch(at(1)));
    fetch.fetched(Ok(set(1)), None, at(1));
    assert!(!fetch.wants_fetch(just_before(2)));
    assert_eq!(held(&fetch, at(2)), Some(set(1)));
    assert_eq!(held(&fetch, just_after(2)), None);
}

#[test]
fn a_policy_of_for_ever_has_no_deadline() {
    let mut fetch = KeyFetch::new(FetchPolicy {
        refresh_seconds: u64::MAX,
        stale_seconds_max: u64::MAX,
        retry_seconds: u64::MAX,
        ..FetchPolicy::default()
    });
    assert!(fetch.wants_fetch(at(5)));
    fetch.fetched(Ok(set(1)), None, at(5));
    assert_eq!(fetch.next_deadline(), None);
    assert_eq!(held(&fetch, Tick(u64::MAX)), Some(set(1)));
    assert!(fetch.unknown_key(at(100)));
    fetch.fetched(Err(FetchFailure::TimedOut), None, at(100));
    assert_eq!(fetch.next_deadline(), None);
}

/// What has happened to a machine, in order.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Event {
    /// Because it was due.
    Due,
    /// For an unknown key.
    Unknown,
    /// With a set of this number, fresh for so many seconds.
    Succeeded(u8, Option<u64>),
    Withdrawn,
    Failed,
}

/// The naive model: it remembers everything and answers each question from the whole history.
#[derive(Default)]
struct History(Vec<(u64, Event)>);

impl History {
    fn under_way(&self, now: u64) -> bool {
        matches!(self.0.last(), Some((claimed, Event::Due | Event::Unknown)) if now < claimed + 30)
    }

    fn wants_fetch(&self, now: u64) -> bool {
        !self.under_way(now) && now >= self.due()
    }

    fn unknown_key(&self, now: u64) -> bool {
        let cooling = |(claimed, event): &(u64, Event)| *event == Event::Unknown && now < claimed + 30;
        !self.under_way(now) && !self.0.iter().any(cooling)
    }

    fn due(&self) -> u64 {
        let reports = self.0.iter().rev().filter(|(_, event)| !matches!(event, Event::Due | Event::Unknown));
        let unsuccessful = |event: &Event| matches!(event, Event::Failed | Event::Withdrawn);
        let failures = reports.clone().take_while(|(_, event)| unsuccessful(event)).count();
        match reports.clone().next() {
            None | Some((_, Event::Due | Event::Unknown)) => 0,
            Some((when, Event::Failed | Event::Withdrawn)) => {
                when + [5, 10, 20, 40].get(failures - 1).unwrap_or(&60)
            }
            Some((when, Event::Succeeded(_, fresh))) => when + refresh(*fresh),
        }
    }

    fn keys(&self, now: u64) -> Option<u8> {
        self.0.iter().rev().find_map(|(when, event)| match event {
            Event::Succeeded(number, fresh) => {
                Some((now <= when + refresh(*fresh) + 3600).then_some(*number))
            }
            Event::Withdrawn => Some(None),
            Event::Due | Event::Unknown | Event::Failed => None,
        })?
    }

    fn generation(&self) -> u64 {
        let mut contents = vec![None];
        contents.extend(self.0.iter().filter_map(|(_, event)| match event {
            Event::Succeeded(number, _) => Some(Some(number)),
            Event::Withdrawn => Some(None),
            Event::Due | Event::Unknown | Event::Failed => None,
        }));
        contents.dedup();
        contents.len() as u64 - 1
    }

    fn next_deadline(&self) -> u64 {
        match self.0.last() {
            Some((claimed, Event::Due | Event::Unknown)) => self.due().max(claimed + 30),
            _ => self.due(),
        }
    }
}

/// 600 seconds, or less when the answer says so, but not less than 60.
fn refresh(fresh: Option<u64>) -> u64 {
    fresh.map_or(600, |seconds| seconds.clamp(60, 600))
}

#[derive(Debug, Clone, Copy)]
enum Action {
    Ask,
    Unknown,
    Succeed(u8, Option<u64>),
    Withdraw,
    Fail,
}

fn actions() -> impl Strategy<Value = Vec<(u64, Action)>> {
    let pause = prop_oneof![
        4 => Just(0_u64),
        4 => 0..40_u64,
        2 => prop_oneof![Just(5_u64), Just(10), Just(30), Just(60), Just(600)],
        1 => 0..5000_u64,
    ];
    let fresh = proptest::option::of(prop_oneof![0..700_u64, Just(u64::MAX)]);
    let action = prop_oneof![
        2 => Just(Action::Ask),
        2 => Just(Action::Unknown),
        1 => (0..3_u8, fresh).prop_map(|(number, fresh)| Action::Succeed(number, fresh)),
        1 => Just(Action::Withdraw),
        2 => Just(Action::Fail),
    ];
    proptest::collection::vec((pause, action), 0..80)
}

proptest! {
    #[test]
    fn the_machine_agrees_with_its_history(actions in actions()) {
        let mut fetch = machine();
        let mut history = History::default();
        let mut now = 0;
        for (pause, action) in actions {
            now += pause;
            match action {
                Action::Ask => {
                    let expected = history.wants_fetch(now);
                    prop_assert_eq!(fetch.wants_fetch(at(now)), expected);
                    if expected {
                        history.0.push((now, Event::Due));
                    }
                }
                Action::Unknown => {
                    let expected = history.unknown_key(now);
                    prop_assert_eq!(fetch.unknown_key(at(now)), expected);
                    if expected {
                        history.0.push((now, Event::Unknown));
                    }
                }
                Action::Succeed(number, fresh) => {
                    fetch.fetched(Ok(set(number)), fresh, at(now));
                    history.0.push((now, Event::Succeeded(number, fresh)));
                }
                Action::Withdraw => {
                    fetch.fetched(Err(empty()), Some(0), at(now));
                    history.0.push((now, Event::Withdrawn));
                }
                Action::Fail => {
                    fetch.fetched(Err(FetchFailure::Unreachable), None, at(now));
                    history.0.push((now, Event::Failed));
                }
            }
            prop_assert_eq!(held(&fetch, at(now)), history.keys(now).map(set));
            let good = fetch.held().is_some_and(|(_, until)| at(now) <= until);
            prop_assert_eq!(history.keys(now).is_some(), good);
            prop_assert_eq!(fetch.generation(), history.generation());
            prop_assert_eq!(fetch.next_deadline(), Some(at(history.next_deadline())));
        }
    }

    #[test]
    fn strangers_cause_at_most_one_fetch_per_cooldown(
        pauses in proptest::collection::vec(0..20_u64, 0..400),
        fail: bool,
    ) {
        let mut fetch = started();
        let mut now = 0;
        let mut latest: Option<u64> = None;
        for pause in pauses {
            now += pause;
            if fetch.unknown_key(at(now)) {
                prop_assert!(latest.is_none_or(|latest| now - latest >= 30));
                latest = Some(now);
                let outcome = if fail { Err(FetchFailure::TimedOut) } else { Ok(set(1)) };
                fetch.fetched(outcome, None, at(now));
            }
        }
    }
}

#[test]
fn the_longest_pause_is_no_shorter_than_the_first_one() {
    for (retry, longest, kept) in [(5, 60, (5, 60)), (5, 0, (5, 5)), (0, 0, (1, 1))] {
        let policy =
            FetchPolicy { retry_seconds: retry, retry_seconds_max: longest, ..FetchPolicy::default() };
        let policy = policy.with_pauses();
        assert_eq!((policy.retry_seconds, policy.retry_seconds_max), kept);
    }
}

#[test]
fn operators_are_told_why_there_are_no_keys() {
    for (failure, said) in [
        (FetchFailure::Unreachable, "the server cannot be reached"),
        (FetchFailure::TimedOut, "the server did not answer in time"),
        (FetchFailure::Status(302), "the server answered with status 302, and redirects are not followed"),
        (FetchFailure::Status(500), "the server answered with status 500"),
        (FetchFailure::MediaType, "the server's answer has another media type than expected"),
        (FetchFailure::TooLong, "the server's answer is too long"),
        (FetchFailure::Document(KeySetError::Malformed), "the document is not a key set"),
        (FetchFailure::Tls(TlsFailure::RootsMissing), "there are no root certificates to trust"),
        (
            FetchFailure::Tls(TlsFailure::IssuerUnknown),
            "the server's certificate was issued by nobody who is trusted",
        ),
        (FetchFailure::Tls(TlsFailure::NameWrong), "the server's certificate is for another host"),
        (FetchFailure::Tls(TlsFailure::Expired), "the server's certificate has expired"),
        (FetchFailure::Tls(TlsFailure::NotYetValid), "the server's certificate is not valid yet"),
        (FetchFailure::Tls(TlsFailure::Handshake), "the TLS handshake with the server failed"),
        (FetchFailure::Tls(TlsFailure::Unsupported), "this program was built without https"),
        (
            FetchFailure::from(DiscoveryError::IssuerWrong),
            "the metadata is about another issuer than the configured one",
        ),
    ] {
        assert_eq!(failure.to_string(), said);
    }
}
