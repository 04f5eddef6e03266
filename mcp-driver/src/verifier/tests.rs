use std::sync::Weak;

use mcp_proto::{UnixSeconds, jws::keyset::FetchFailure};
use serde_json::{Value, json};

use super::{cache::TokenCache, *};
use crate::{
    keys::{
        KeySource, KeyStore,
        testing::{Answer, Door, FakeIssuer, ManualRuntime, URL, key_store},
    },
    limits::ServerLimits,
    load::Load,
    signature::test_signer::{START, TestSigner, claims, jwks, key_set, rules},
};

/// A verifier with its surroundings.
struct Bench {
    runtime: ManualRuntime,
    keys: Arc<KeyStore>,
    verifier: TokenVerifier,
}

impl Bench {
    /// With keys that stay the same.
    fn given(jwks: &[Value]) -> Self {
        Self::with(KeySource::Given(key_set(jwks)), None)
    }

    /// With keys of an issuer, which has been asked for them.
    fn fetched(answer: Answer) -> (Self, Arc<FakeIssuer>) {
        let issuer = FakeIssuer::new(answer);
        let door = Arc::new(Door(Arc::clone(&issuer)));
        let bench = Self::with(KeySource::url(URL).unwrap(), Some(door));
        bench.keys.start(&bench.runtime);
        bench.runtime.run();
        (bench, issuer)
    }

    fn with(source: KeySource, door: Option<Arc<Door>>) -> Self {
        let keys = key_store(source, door.map(|door| door as _));
        let cached = ServerLimits::default().cached_tokens;
        let verifier = TokenVerifier::of_one(rules(), Arc::clone(&keys), cached);
        Self { runtime: ManualRuntime::at(START), keys, verifier }
    }

    fn probe(&self, token: &str) -> Option<Verified> {
        self.verifier.probe(token, self.runtime.now())
    }

    fn verified(&self, token: &str) -> Verified {
        self.runtime.finish(self.verifier.facts(token, self.runtime.now(), &self.runtime))
    }

    fn outcome(&self, token: &str) -> Outcome {
        outcome(&self.verified(token))
    }

    fn cache(&self) -> &TokenCache {
        cache(&self.verifier)
    }

    /// How many signatures the current keys have checked.
    fn checks(&self) -> usize {
        self.keys.current(self.runtime.now()).unwrap().checks()
    }
}

/// What is remembered of the tokens of the one issuer.
fn cache(verifier: &TokenVerifier) -> &TokenCache {
    match &*verifier.trusted {
        [TrustedIssuer::Signing(signing)] => signing.cache(),
        _ => panic!("not one issuer with keys"),
    }
}

/// Facts that can be compared.
#[derive(Debug, PartialEq)]
enum Outcome {
    Signed(String),
    Denied(Denial),
    Unavailable(Outage),
}

fn outcome(verified: &Verified) -> Outcome {
    // Those who are let in are counted, and nobody else.
    assert_eq!(verified.load.is_some(), matches!(verified.facts, Facts::Signed(_)));
    match &verified.facts {
        Facts::Signed(claims) => Outcome::Signed(claims.principal().subject().to_owned()),
        Facts::Denied(denial) => Outcome::Denied(*denial),
        Facts::Unavailable(outage) => Outcome::Unavailable(*outage),
        other => panic!("no fact about a token: {other:?}"),
    }
}

fn signed(subject: &str) -> Outcome {
    Outcome::Signed(subject.to_owned())
}

fn document(signer: &TestSigner, kid: &str) -> Answer {
    Answer::Document(jwks(&[signer.jwk(kid)]))
}

#[test]
fn a_good_token_is_signed_and_its_signature_checked_once() {
    for signer in TestSigner::one_of_each() {
        let bench = Bench::given(&[signer.jwk("k")]);
        let token = signer.token("k", &claims("alice", "1"));
        assert!(bench.probe(&token).is_none());
        assert_eq!(bench.outcome(&token), signed("alice"));
        assert_eq!(bench.checks(), 1);
        for _ in 0..10 {
            assert_eq!(outcome(&bench.probe(&token).unwrap()), signed("alice"));
        }
        assert_eq!(bench.checks(), 1);
    }
}

#[test]
fn a_hit_shares_what_the_verification_found() {
    let signer = TestSigner::es256();
    let bench = Bench::given(&[signer.jwk("k")]);
    let token = signer.token("k", &claims("alice", "1"));
    let first = bench.verified(&token);
    let hit = bench.probe(&token).unwrap();
    let (Facts::Signed(verified), Facts::Signed(remembered)) = (&first.facts, &hit.facts) else {
        panic!("signed");
    };
    assert!(Arc::ptr_eq(verified, remembered));
    assert!(Arc::ptr_eq(&first.load.unwrap(), &hit.load.unwrap()));
}

#[test]
fn no_other_spelling_of_a_remembered_token_hits() {
    let signer = TestSigner::es256();
    let bench = Bench::given(&[signer.jwk("k")]);
    let token = signer.token("k", &claims("alice", "1"));
    assert_eq!(bench.outcome(&token), signed("alice"));
    for position in 0..token.len() {
        let mut other = token.clone().into_bytes();
        other[position] = if other[position] == b'A' { b'B' } else { b'A' };
        let other = String::from_utf8(other).unwrap();
        assert!(bench.probe(&other).is_none(), "byte {position}");
        assert!(bench.probe(&token[..position]).is_none());
    }
    for other in [format!("{token}="), format!("{token}A"), format!(" {token}"), String::new()] {
        assert!(bench.probe(&other).is_none());
    }
    assert!(bench.probe(&token).is_some());
}

#[test]
fn tampering_with_any_part_is_refused_and_never_remembered() {
    for signer in TestSigner::one_of_each() {
        let bench = Bench::given(&[signer.jwk("k")]);
        let alice = signer.token("k", &claims("alice", "1"));
        let mallory = signer.token("k", &claims("mallory", "1"));
        let [first, second]: [Vec<_>; 2] = [&alice, &mallory].map(|token| token.split('.').collect());
        let mixed = [first[0], second[1], first[2]].join(".");
        assert_eq!(bench.outcome(&alice), signed("alice"));
        for _ in 0..3 {
            assert!(bench.probe(&mixed).is_none());
            assert_eq!(bench.outcome(&mixed), Outcome::Denied(Denial::BadSignature));
        }
        assert_eq!(bench.cache().len(), 1);
    }
}

#[test]
fn a_good_signature_does_not_make_up_for_bad_claims_and_none_of_it_is_remembered() {
    let signer = TestSigner::es256();
    let bench = Bench::given(&[signer.jwk("k")]);
    let table = [
        ("iss", json!("https://id.example/"), Denial::IssuerForeign),
        ("aud", json!("https://other.example/mcp"), Denial::AudienceForeign),
        ("aud", json!([1]), Denial::ClaimsMalformed),
        ("exp", json!(START.unix.0 - 60), Denial::Expired),
        ("exp", json!("never"), Denial::ClaimsMalformed),
        ("nbf", json!(START.unix.0 + 61), Denial::NotYetValid),
        ("iat", json!(START.unix.0 + 61), Denial::IssuedInFuture),
        ("sub", json!(""), Denial::SubjectMissing),
        ("cnf", json!({"jkt": "x"}), Denial::SenderConstrained),
    ];
    for (name, value, denial) in table {
        let mut claims = claims("alice", "1");
        claims[name] = value;
        let token = signer.token("k", &claims);
        assert_eq!(bench.outcome(&token), Outcome::Denied(denial), "{name}");
        assert!(bench.probe(&token).is_none());
    }
    assert_eq!(bench.cache().len(), 0);
    assert_eq!(bench.verifier.principals.len(), 0);
}

#[test]
fn a_token_that_was_too_early_is_good_when_its_time_has_come() {
    let signer = TestSigner::es256();
    let bench = Bench::given(&[signer.jwk("k")]);
    let mut claims = claims("alice", "1");
    claims["nbf"] = json!(START.unix.0 + 70);
    let token = signer.token("k", &claims);
    assert_eq!(bench.outcome(&token), Outcome::Denied(Denial::NotYetValid));
    bench.runtime.pass_seconds(10);
    assert_eq!(bench.outcome(&token), signed("alice"));
}

#[test]
fn what_is_too_long_is_neither_looked_up_nor_inspected() {
    let signer = TestSigner::es256();
    let padded = |padding: usize| {
        let mut claims = claims("alice", "1");
        claims["padding"] = "a".repeat(padding).into();
        signer.token("k", &claims)
    };
    // Three bytes become four characters.
    let shortest = padded(0).len();
    let padding = (rules().token_bytes_max() - shortest) / 4 * 3;
    let longest = (padding..).map(padded).find(|token| token.len() >= rules().token_bytes_max());
    let longest = longest.unwrap();
    assert_eq!(longest.len(), 16_384);
    let bench = Bench::given(&[signer.jwk("k")]);
    assert_eq!(bench.outcome(&longest), signed("alice"));
    assert!(bench.probe(&longest).is_some());

    // Put there by force: even so it is not found.
    let too_long = format!("{longest}A");
    let generation = bench.keys.generation(START).unwrap();
    let entry = bench.cache().get(&TokenDigest::of(&longest), generation, START.unix).unwrap();
    bench.cache().insert(TokenDigest::of(&too_long), entry);
    assert!(bench.probe(&too_long).is_none());
    assert_eq!(bench.outcome(&too_long), Outcome::Denied(Denial::TooLong));
}

#[test]
fn an_expired_token_is_dropped_on_the_second_at_which_no_rule_accepts_it() {
    let signer = TestSigner::es256();
    let bench = Bench::given(&[signer.jwk("k")]);
    let token = signer.token("k", &claims("alice", "1"));
    assert_eq!(bench.outcome(&token), signed("alice"));
    let at = |unix| Now { unix: UnixSeconds(START.unix.0 + unix), ..START };
    // exp is 1,000 seconds away, and the leeway is 60.
    assert!(bench.verifier.probe(&token, at(1_059)).is_some());
    assert_eq!(bench.cache().len(), 1);
    assert!(bench.verifier.probe(&token, at(1_060)).is_none());
    assert_eq!(bench.cache().len(), 0);
    // Nor does it come back should the clock go back.
    assert!(bench.verifier.probe(&token, at(0)).is_none());
}

#[test]
fn other_keys_drop_what_the_old_ones_verified() {
    let [old, new] = [TestSigner::ed_dsa(), TestSigner::ed_dsa()];
    let (bench, issuer) = Bench::fetched(document(&old, "old"));
    let token = old.token("old", &claims("alice", "1"));
    assert_eq!(bench.outcome(&token), signed("alice"));
    issuer.set(document(&new, "new"));
    bench.runtime.pass_seconds(599);
    assert!(bench.probe(&token).is_some());
    bench.runtime.pass_seconds(1);
    assert_eq!(bench.cache().len(), 1);
    assert!(bench.probe(&token).is_none());
    assert_eq!(bench.cache().len(), 0);
    assert_eq!(bench.outcome(&token), Outcome::Denied(Denial::KeyUnknown));
    let token = new.token("new", &claims("alice", "2"));
    assert_eq!(bench.outcome(&token), signed("alice"));
}

#[test]
fn a_token_whose_key_is_still_there_is_verified_again_with_the_new_keys() {
    let [kept, added] = [TestSigner::ed_dsa(), TestSigner::ed_dsa()];
    let (bench, issuer) = Bench::fetched(document(&kept, "kept"));
    let token = kept.token("kept", &claims("alice", "1"));
    assert_eq!(bench.outcome(&token), signed("alice"));
    issuer.set(Answer::Document(jwks(&[kept.jwk("kept"), added.jwk("added")])));
    bench.runtime.pass_seconds(600);
    assert!(bench.probe(&token).is_none());
    assert_eq!(bench.outcome(&token), signed("alice"));
    assert_eq!(bench.checks(), 1);
    assert!(bench.probe(&token).is_some());
}

#[test]
fn the_same_keys_keep_what_they_verified() {
    let signer = TestSigner::ed_dsa();
    let (bench, issuer) = Bench::fetched(document(&signer, "k"));
    let token = signer.token("k", &claims("alice", "1"));
    assert_eq!(bench.outcome(&token), signed("alice"));
    bench.runtime.pass_seconds(600);
    assert_eq!(issuer.asked(), 2);
    assert!(bench.probe(&token).is_some());
}

#[test]
fn without_keys_only_what_no_key_could_save_is_denied_and_nobody_gets_in() {
    let signer = TestSigner::ed_dsa();
    let (bench, issuer) = Bench::fetched(Answer::Failure(FetchFailure::Unreachable));
    let good = signer.token("k", &claims("alice", "1"));
    let unknown_key = signer.token("other", &claims("alice", "1"));
    let mut foreign = claims("alice", "1");
    foreign["iss"] = json!("https://elsewhere.example");
    let foreign = signer.token("k", &foreign);
    let outage = Outcome::Unavailable(Outage::KeysUnavailable);
    for (token, expected) in [
        (good.as_str(), outage),
        (&unknown_key, Outcome::Unavailable(Outage::KeysUnavailable)),
        (&foreign, Outcome::Denied(Denial::IssuerForeign)),
        ("", Outcome::Denied(Denial::Malformed)),
        ("nonsense", Outcome::Denied(Denial::Malformed)),
        ("e30.e30.e30", Outcome::Denied(Denial::AlgorithmRefused)),
    ] {
        assert_eq!(bench.outcome(token), expected, "{token}");
        assert!(bench.probe(token).is_none());
    }
    issuer.set(document(&signer, "k"));
    bench.runtime.pass_seconds(5);
    assert_eq!(bench.outcome(&good), signed("alice"));
}

#[test]
fn keys_that_are_too_old_serve_nothing_from_the_cache_either() {
    let signer = TestSigner::ed_dsa();
    let (bench, issuer) = Bench::fetched(document(&signer, "k"));
    let mut claims = claims("alice", "1");
    claims["exp"] = json!(START.unix.0 + 100_000);
    let token = signer.token("k", &claims);
    assert_eq!(bench.outcome(&token), signed("alice"));
    issuer.set(Answer::Failure(FetchFailure::TimedOut));
    bench.runtime.pass_seconds(4_200);
    assert!(bench.probe(&token).is_some());
    bench.runtime.pass_seconds(1);
    assert!(bench.probe(&token).is_none());
    assert_eq!(bench.outcome(&token), Outcome::Unavailable(Outage::KeysUnavailable));
    issuer.set(document(&signer, "k"));
    bench.runtime.pass_seconds(60);
    assert!(bench.probe(&token).is_some());
}

#[test]
fn a_rotated_key_is_found_by_the_first_token_that_names_it() {
    let [old, new] = [TestSigner::ed_dsa(), TestSigner::ed_dsa()];
    let (bench, issuer) = Bench::fetched(document(&old, "old"));
    let stranger = TestSigner::ed_dsa().token("stranger", &claims("mallory", "1"));
    assert_eq!(bench.outcome(&stranger), Outcome::Denied(Denial::KeyUnknown));
    assert_eq!(issuer.asked(), 2);
    issuer.set(document(&new, "new"));
    let token = new.token("new", &claims("alice", "1"));
    bench.runtime.pass_seconds(29);
    assert_eq!(bench.outcome(&token), Outcome::Denied(Denial::KeyUnknown), "cooling down");
    assert_eq!(issuer.asked(), 2);
    bench.runtime.pass_seconds(1);
    assert_eq!(bench.outcome(&token), signed("alice"));
    assert_eq!(issuer.asked(), 3);
}

#[test]
fn time_that_passes_during_a_fetch_counts() {
    let [old, new] = [TestSigner::ed_dsa(), TestSigner::ed_dsa()];
    let (bench, issuer) = Bench::fetched(document(&old, "old"));
    bench.runtime.pass_seconds(30);
    issuer.set(Answer::Silence);
    let mut claims = claims("alice", "1");
    claims["exp"] = json!(START.unix.0 + 34 - 60);
    let token = new.token("new", &claims);
    let now = bench.runtime.now();
    let mut facts = bench.runtime.begin(bench.verifier.facts(&token, now, &bench.runtime));
    assert!(facts.result().is_none());
    bench.runtime.pass_seconds(4);
    issuer.set(document(&new, "new"));
    assert_eq!(outcome(&facts.result().unwrap()), Outcome::Denied(Denial::Expired));
}

#[test]
fn an_unknown_key_that_stays_unknown_is_denied_after_one_fetch() {
    let [known, stranger] = [TestSigner::ed_dsa(), TestSigner::ed_dsa()];
    for answer in [document(&known, "k"), Answer::Failure(FetchFailure::Unreachable)] {
        let (bench, issuer) = Bench::fetched(document(&known, "k"));
        issuer.set(answer);
        bench.runtime.pass_seconds(30);
        let token = stranger.token("s", &claims("mallory", "1"));
        assert_eq!(bench.outcome(&token), Outcome::Denied(Denial::KeyUnknown));
        assert_eq!(issuer.asked(), 2);
        // Nor did the miss cost the keys that are there.
        assert_eq!(bench.outcome(&known.token("k", &claims("alice", "1"))), signed("alice"));
    }
}

#[test]
fn other_faults_cause_no_fetch() {
    let [known, stranger] = [TestSigner::ed_dsa(), TestSigner::ed_dsa()];
    let (bench, issuer) = Bench::fetched(document(&known, "k"));
    bench.runtime.pass_seconds(30);
    let tokens = [
        (stranger.token("k", &claims("mallory", "1")), Denial::BadSignature),
        (TestSigner::es256().token("k", &claims("mallory", "1")), Denial::KeyUnfit),
        ("a.b.c".to_owned(), Denial::Malformed),
        ("a".repeat(20_000), Denial::TooLong),
    ];
    for (token, denial) in tokens {
        assert_eq!(bench.outcome(&token), Outcome::Denied(denial));
    }
    assert_eq!(issuer.asked(), 1);
}

#[test]
fn a_flood_of_unknown_keys_causes_one_fetch_per_cooldown() {
    let [known, stranger] = [TestSigner::es256(), TestSigner::es256()];
    let (bench, issuer) = Bench::fetched(document(&known, "k"));
    let good = known.token("k", &claims("alice", "1"));
    for second in 0..100 {
        for number in 0..100 {
            let kid = format!("stranger {second} {number}");
            let token = stranger.token(&kid, &claims("mallory", "1"));
            assert_eq!(bench.outcome(&token), Outcome::Denied(Denial::KeyUnknown));
        }
        assert_eq!(bench.outcome(&good), signed("alice"));
        assert_eq!(issuer.asked(), 2 + second / 30);
        bench.runtime.pass_seconds(1);
    }
    assert_eq!(issuer.asked(), 5);
    assert_eq!(bench.cache().len(), 1);
}

#[test]
fn tokens_of_a_new_key_wait_for_one_fetch_and_others_do_not() {
    let [known, stranger] = [TestSigner::ed_dsa(), TestSigner::ed_dsa()];
    let (bench, issuer) = Bench::fetched(document(&known, "k"));
    bench.runtime.pass_seconds(30);
    issuer.set(Answer::Silence);
    let now = bench.runtime.now();
    let tokens = ["bob", "carol"].map(|name| stranger.token("s", &claims(name, "1")));
    let begin = |token| bench.runtime.begin(bench.verifier.facts(token, now, &bench.runtime));
    let mut waiting: Vec<_> = tokens.iter().map(|token| begin(token)).collect();
    assert!(waiting.iter_mut().all(|waiting| waiting.result().is_none()));

    assert_eq!(bench.outcome(&known.token("k", &claims("alice", "1"))), signed("alice"));
    assert_eq!(issuer.asked(), 2);

    issuer.set(Answer::Document(jwks(&[known.jwk("k"), stranger.jwk("s")])));
    for (waiting, name) in waiting.iter_mut().zip(["bob", "carol"]) {
        assert_eq!(outcome(&waiting.result().unwrap()), signed(name));
    }
    assert_eq!(issuer.asked(), 2);
}

#[test]
fn the_tokens_of_a_principal_share_one_count() {
    let signer = TestSigner::es256();
    let bench = Bench::given(&[signer.jwk("k")]);
    let load = |changes: &[(&str, &str)]| {
        let mut claims = claims("alice", "1");
        for (name, value) in changes {
            claims[*name] = (*value).into();
        }
        bench.verified(&signer.token("k", &claims)).load.unwrap()
    };
    let first = load(&[]);
    assert!(Arc::ptr_eq(&first, &load(&[("jti", "2")])));
    assert!(Arc::ptr_eq(&first, &load(&[("scope", "write")])));
    // The concatenations are those of the first: "alicedesk".
    for (subject, client) in [("alicedes", "k"), ("alic", "edesk"), ("alice", "desk "), ("desk", "alice")] {
        let other = load(&[("sub", subject), ("client_id", client)]);
        assert!(!Arc::ptr_eq(&first, &other), "{subject} {client}");
    }
}

#[test]
fn a_count_outlives_the_cache_while_a_call_holds_it() {
    let signer = TestSigner::es256();
    let keys = key_store(KeySource::Given(key_set(&[signer.jwk("k")])), None);
    let verifier = TokenVerifier::of_one(rules(), keys, 1);
    let runtime = ManualRuntime::at(START);
    let load = |subject: &str, token_id: &str| {
        let token = signer.token("k", &claims(subject, token_id));
        runtime.finish(verifier.facts(&token, START, &runtime)).load.unwrap()
    };
    let running = load("alice", "1");
    let gone: Weak<Load> = Arc::downgrade(&load("bob", "1"));
    for number in 0..10 {
        load("carol", &number.to_string());
    }
    assert!(gone.upgrade().is_none());
    assert!(Arc::ptr_eq(&running, &load("alice", "2")));
}

#[test]
fn the_cache_holds_as_many_tokens_as_it_may_and_no_more() {
    let signer = TestSigner::ed_dsa();
    let keys = key_store(KeySource::Given(key_set(&[signer.jwk("k")])), None);
    let verifier = TokenVerifier::of_one(rules(), keys, 8);
    let runtime = ManualRuntime::at(START);
    let tokens: Vec<_> =
        (0..9).map(|number| signer.token("k", &claims("alice", &number.to_string()))).collect();
    for (before, token) in tokens.iter().enumerate() {
        runtime.finish(verifier.facts(token, START, &runtime));
        assert_eq!(cache(&verifier).len(), (before + 1).min(8));
        assert!(before >= 8 || verifier.probe(token, START).is_some());
    }
    let hits = tokens.iter().filter(|token| verifier.probe(token, START).is_some()).count();
    assert_eq!(hits, 8);
}

#[test]
fn twenty_thousand_tokens_of_as_many_principals_stay_within_bounds() {
    let signer = TestSigner::es256();
    let bench = Bench::given(&[signer.jwk("k")]);
    let capacity = usize::try_from(bench.cache().capacity()).unwrap();
    // Rounded up by less than the number of shards.
    assert!((10_000..11_000).contains(&capacity), "{capacity}");
    for number in 0..20_000 {
        let token = signer.token("k", &claims(&format!("subject {number}"), "1"));
        assert_eq!(bench.outcome(&token), signed(&format!("subject {number}")));
        assert!(bench.cache().len() <= capacity);
        assert!(bench.verifier.principals.len() <= 2 * capacity + 1);
    }
    assert!(bench.cache().len() > 9_000, "{}", bench.cache().len());
}

#[test]
fn the_future_can_be_sent_between_threads() {
    fn sent<T: Send>(_: &T) {}
    let bench = Bench::given(&[TestSigner::es256().jwk("k")]);
    sent(&bench.verifier.facts("", START, &bench.runtime));
}
