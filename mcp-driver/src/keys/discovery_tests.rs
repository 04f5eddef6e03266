//! Issuers whose keys are found through their metadata.

use mcp_proto::{
    discovery::{DiscoveryError, Endpoint},
    jws::keyset::TlsFailure,
};

use super::{
    testing::{Answer, Door, FakeIssuer, ManualRuntime},
    tests::{document, names, trusted},
    *,
};
use crate::{fetch::FetchUrlError, signature::test_signer::START};

const ISSUER: &str = "https://id.example/realms/a";
const INSERTED: &str = "https://id.example/.well-known/oauth-authorization-server/realms/a";
const OPENID: &str = "https://id.example/.well-known/openid-configuration/realms/a";
const APPENDED: &str = "https://id.example/realms/a/.well-known/openid-configuration";
const KEYS: &str = "https://id.example/realms/a/keys";

fn metadata(jwks_uri: &str) -> Answer {
    about(ISSUER, jwks_uri)
}

fn about(issuer: &str, jwks_uri: &str) -> Answer {
    Answer::Document(format!(r#"{{"issuer":"{issuer}","jwks_uri":"{jwks_uri}"}}"#))
}

fn new_store(
    source: KeySource,
    issuer: &str,
    fake: &Arc<FakeIssuer>,
) -> Result<Arc<KeyStore>, KeySourceError> {
    KeyStore::new(
        source,
        issuer,
        AlgorithmSet::default(),
        FetchPolicy::default(),
        Some(Arc::new(Door(Arc::clone(fake)))),
    )
}

/// A store that was started with an issuer which answers like this.
fn started(
    source: KeySource,
    answers: impl IntoIterator<Item = (&'static str, Answer)>,
) -> (ManualRuntime, Arc<FakeIssuer>, Arc<KeyStore>) {
    let issuer = FakeIssuer::without_keys();
    for (url, answer) in answers {
        issuer.set_at(url, answer);
    }
    let store = new_store(source, ISSUER, &issuer).unwrap();
    let runtime = ManualRuntime::at(START);
    store.start(&runtime);
    runtime.run();
    (runtime, issuer, store)
}

fn failure(store: &KeyStore) -> Option<FetchFailure> {
    let Origin::Fetched(remote) = &store.origin else { panic!("fetched") };
    remote.lock().machine.failure().cloned()
}

#[test]
fn every_place_of_the_metadata_leads_to_the_keys() {
    let table: [(&str, &[&str]); 3] = [
        (INSERTED, &[INSERTED, KEYS]),
        (OPENID, &[INSERTED, OPENID, KEYS]),
        (APPENDED, &[INSERTED, OPENID, APPENDED, KEYS]),
    ];
    for (place, asked) in table {
        let answers = [(place, metadata(KEYS)), (KEYS, document("a"))];
        let (runtime, issuer, store) = started(KeySource::discovery(), answers);
        assert_eq!(trusted(&store, &runtime), names(&["a"]), "{place}");
        assert_eq!(issuer.take_asked(), asked);
        // The place that had the document is asked first from then on.
        runtime.pass_seconds(600);
        assert_eq!(issuer.take_asked(), [place, KEYS]);
    }
}

#[test]
fn a_place_that_has_the_document_no_longer_is_followed_by_the_others() {
    let answers = [(APPENDED, metadata(KEYS)), (KEYS, document("a"))];
    let (runtime, issuer, store) = started(KeySource::discovery(), answers);
    issuer.take_asked();
    issuer.set_at(APPENDED, Answer::Failure(FetchFailure::Status(410)));
    issuer.set_at(OPENID, metadata(KEYS));
    issuer.set_at(KEYS, document("b"));
    runtime.pass_seconds(600);
    assert_eq!(issuer.take_asked(), [APPENDED, INSERTED, OPENID, KEYS]);
    assert_eq!(trusted(&store, &runtime), names(&["b"]));
}

#[test]
fn whatever_is_wrong_with_a_place_the_next_one_is_asked() {
    let wrong = [
        Answer::Failure(FetchFailure::Status(404)),
        Answer::Failure(FetchFailure::Status(302)),
        Answer::Failure(FetchFailure::Status(500)),
        Answer::Failure(FetchFailure::MediaType),
        Answer::Failure(FetchFailure::Unreachable),
        Answer::Document("<html></html>".to_owned()),
        Answer::Document(format!(r#"{{"issuer":"{ISSUER}"}}"#)),
        about("https://evil.example", KEYS),
        metadata("https://evil.example/keys"),
    ];
    for answer in wrong {
        let answers = [(INSERTED, answer.clone()), (OPENID, metadata(KEYS)), (KEYS, document("a"))];
        let (runtime, issuer, store) = started(KeySource::discovery(), answers);
        assert_eq!(trusted(&store, &runtime), names(&["a"]), "{answer:?}");
        assert_eq!(issuer.take_asked(), [INSERTED, OPENID, KEYS], "{answer:?}");
    }
}

#[test]
fn a_document_that_lies_is_never_followed() {
    let lies = [
        (about("https://id.example/realms/b", KEYS), DiscoveryError::IssuerWrong),
        (about("https://id.example/realms/a/", KEYS), DiscoveryError::IssuerWrong),
        (about("", KEYS), DiscoveryError::IssuerWrong),
        (metadata("https://evil.example/keys"), DiscoveryError::Foreign(Endpoint::Keys)),
        (metadata("http://id.example/realms/a/keys"), DiscoveryError::Insecure(Endpoint::Keys)),
        (metadata("http://127.0.0.1/keys"), DiscoveryError::Insecure(Endpoint::Keys)),
        (metadata("keys"), DiscoveryError::EndpointMalformed(Endpoint::Keys)),
    ];
    for (answer, error) in lies {
        let answers = [(INSERTED, answer), (KEYS, document("a"))];
        let (runtime, issuer, store) = started(KeySource::discovery(), answers);
        assert_eq!(trusted(&store, &runtime), None);
        assert_eq!(issuer.take_asked(), [INSERTED, OPENID, APPENDED], "nowhere else");
        assert_eq!(failure(&store), Some(FetchFailure::Discovery(error)));
    }
}

#[test]
fn metadata_that_turns_bad_replaces_no_keys() {
    let answers = [(INSERTED, metadata(KEYS)), (KEYS, document("a"))];
    let (runtime, issuer, store) = started(KeySource::discovery(), answers);
    issuer.set_at(INSERTED, metadata("https://evil.example/keys"));
    issuer.set_at("https://evil.example/keys", document("b"));
    runtime.pass_seconds(600);
    assert_eq!(trusted(&store, &runtime), names(&["a"]));
    assert_eq!(failure(&store), Some(DiscoveryError::Foreign(Endpoint::Keys).into()));
    // Retried after five seconds, like any other failure.
    issuer.set_at(INSERTED, metadata(KEYS));
    issuer.set_at(KEYS, document("c"));
    runtime.pass_seconds(5);
    assert_eq!(trusted(&store, &runtime), names(&["c"]));
}

#[test]
fn keys_may_be_on_a_host_that_was_allowed() {
    const ELSEWHERE: &str = "https://www.googleapis.com/oauth2/v3/certs";
    let answers = || [(INSERTED, metadata(ELSEWHERE)), (ELSEWHERE, document("a"))];
    let source = KeySource::discovery().allow_key_host("www.googleapis.com");
    let (runtime, _, store) = started(source, answers());
    assert_eq!(trusted(&store, &runtime), names(&["a"]));
    let source = KeySource::discovery().allow_key_host("googleapis.com");
    let (runtime, _, store) = started(source, answers());
    assert_eq!(trusted(&store, &runtime), None);
}

#[test]
fn metadata_may_live_elsewhere_and_only_there() {
    const ELSEWHERE: &str = "http://127.0.0.1:9000/issuer.json";
    let source = KeySource::discovery_at(ELSEWHERE).unwrap();
    let answers = [(ELSEWHERE, metadata(KEYS)), (INSERTED, metadata(KEYS)), (KEYS, document("a"))];
    let (runtime, issuer, store) = started(source.clone(), answers);
    assert_eq!(trusted(&store, &runtime), names(&["a"]));
    assert_eq!(issuer.take_asked(), [ELSEWHERE, KEYS]);

    let answers = [(ELSEWHERE, about("https://other.example", KEYS)), (INSERTED, metadata(KEYS))];
    let (runtime, issuer, store) = started(source, answers);
    assert_eq!(trusted(&store, &runtime), None);
    assert_eq!(issuer.take_asked(), [ELSEWHERE]);
}

#[test]
fn what_cannot_be_discovered_is_an_error_at_once() {
    let issuer = FakeIssuer::without_keys();
    let error = |source, name: &str| new_store(source, name, &issuer).err();
    let no_url = KeySourceError::Issuer("accounts.google.com".to_owned(), FetchUrlError::Malformed);
    assert_eq!(error(KeySource::discovery(), "accounts.google.com"), Some(no_url));
    let insecure = KeySourceError::Issuer("http://id.example".to_owned(), FetchUrlError::Insecure);
    assert_eq!(error(KeySource::discovery(), "http://id.example"), Some(insecure));
    let place = KeySource::discovery_at("https://id.example/metadata").unwrap();
    assert_eq!(error(place, "accounts.google.com"), None);
    let host = KeySource::discovery().allow_key_host("https://www.googleapis.com");
    let no_host = error(host, ISSUER).unwrap();
    assert!(no_host.to_string().contains("https://www.googleapis.com"), "{no_host}");
    let missing =
        KeyStore::new(KeySource::discovery(), ISSUER, AlgorithmSet::default(), FetchPolicy::default(), None);
    assert_eq!(missing.err(), Some(KeySourceError::FetcherMissing));
}

#[test]
fn the_most_telling_failure_is_the_one_that_is_kept() {
    let status = |status| Answer::Failure(FetchFailure::Status(status));
    let tls = Answer::Failure(FetchFailure::Tls(TlsFailure::Expired));
    let lie = || about("https://evil.example", KEYS);
    let table = [
        ([status(404), status(500), status(404)], FetchFailure::Status(500)),
        ([status(500), tls.clone(), status(404)], FetchFailure::Tls(TlsFailure::Expired)),
        ([lie(), tls, status(500)], FetchFailure::Discovery(DiscoveryError::IssuerWrong)),
        ([status(404), status(404), lie()], FetchFailure::Discovery(DiscoveryError::IssuerWrong)),
        ([status(404), status(403), status(404)], FetchFailure::Status(404)),
        ([status(404), Answer::Document(String::new()), status(404)], DiscoveryError::Malformed.into()),
    ];
    for (answers, kept) in table {
        let (_, _, store) =
            started(KeySource::discovery(), [INSERTED, OPENID, APPENDED].into_iter().zip(answers));
        assert_eq!(failure(&store), Some(kept));
    }
}

#[test]
fn a_round_in_which_every_place_is_silent_ends_before_another_could_begin() {
    let answers = [INSERTED, OPENID, APPENDED].map(|place| (place, Answer::Silence));
    let (runtime, issuer, store) = started(KeySource::discovery(), answers);
    for asked in 1..=3 {
        assert_eq!(issuer.asked(), asked);
        assert_eq!(failure(&store), None);
        runtime.pass_seconds(5);
    }
    assert_eq!(failure(&store), Some(FetchFailure::TimedOut));
    // Then the pause after a failure.
    assert_eq!(issuer.asked(), 3);
    runtime.pass_seconds(5);
    assert_eq!(issuer.asked(), 4);
}

#[test]
fn a_round_that_is_slow_everywhere_takes_less_than_its_claim_lasts() {
    let answers = [
        (INSERTED, Answer::Silence),
        (OPENID, Answer::Silence),
        (APPENDED, metadata(KEYS)),
        (KEYS, Answer::Silence),
    ];
    let (runtime, issuer, store) = started(KeySource::discovery(), answers);
    runtime.pass_seconds(14);
    assert_eq!(failure(&store), None);
    assert_eq!(issuer.take_asked(), [INSERTED, OPENID, APPENDED, KEYS]);
    runtime.pass_seconds(1);
    assert_eq!(failure(&store), Some(FetchFailure::TimedOut));
    assert!(trusted(&store, &runtime).is_none());
}

#[test]
fn an_unknown_key_has_the_metadata_read_anew() {
    const MOVED: &str = "https://id.example/moved";
    let answers = [(INSERTED, metadata(KEYS)), (KEYS, document("a"))];
    let (runtime, issuer, store) = started(KeySource::discovery(), answers);
    runtime.pass_seconds(30);
    issuer.take_asked();
    issuer.set_at(INSERTED, metadata(MOVED));
    issuer.set_at(MOVED, document("b"));
    assert!(runtime.finish(store.fetched_anew(store.generation(runtime.now()), &runtime)));
    assert_eq!(trusted(&store, &runtime), names(&["b"]));
    assert_eq!(issuer.take_asked(), [INSERTED, MOVED]);
}
