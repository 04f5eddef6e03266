//! Servers and their issuers over real sockets: keys that are found through metadata over https, and issuers
//! that lie, flap, redirect or are somebody else.
//!
//! Nothing here sleeps to be right. Time that has to pass is passed by moving the clock of the test.

#![allow(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

mod authority;
mod realm;
mod served;

use std::time::Duration;

use mcp_tokio::{DevIssuer, KeySource, Runtime as _, TlsRoots, TokioRuntime};

use self::{
    authority::Authority,
    realm::{Page, Realm},
    served::{AUDIENCE, Served},
};

const APPENDED: &str = "/realms/a/.well-known/openid-configuration";
const INSERTED: &str = "/.well-known/oauth-authorization-server/realms/a";
const OPENID: &str = "/.well-known/openid-configuration/realms/a";
const KEYS: &str = "/realms/a/keys";

/// An issuer, and where it is.
struct Scene {
    authority: Authority,
    realm: Realm,
    /// Its name.
    issuer: String,
    keys: DevIssuer,
}

impl Scene {
    /// Reached by https, with the keys at [`KEYS`] and metadata nowhere.
    async fn new() -> Self {
        let authority = Authority::new("authority");
        let realm = Realm::start(Some(authority.presented("localhost"))).await;
        let issuer = realm.url("/realms/a");
        let keys = DevIssuer::new(&*issuer).expect("an issuer");
        realm.set(KEYS, Page::json(keys.jwks()));
        Self { authority, realm, issuer, keys }
    }

    /// The same with metadata behind the path, as most products have it.
    async fn discoverable() -> Self {
        let scene = Self::new().await;
        scene.realm.set(APPENDED, scene.metadata());
        scene
    }

    fn metadata(&self) -> Page {
        metadata(&self.issuer, &self.realm.url(KEYS))
    }

    fn roots(&self) -> TlsRoots {
        self.authority.roots()
    }

    async fn served(&self, source: KeySource) -> Served {
        Served::start(&self.issuer, source, self.roots()).await
    }

    fn token(&self) -> String {
        token(&self.keys)
    }

    /// Answers with these keys from now on.
    fn rotate(&mut self) {
        self.keys = DevIssuer::new(&*self.issuer).expect("an issuer");
        self.realm.set(KEYS, Page::json(self.keys.jwks()));
    }
}

fn metadata(issuer: &str, jwks_uri: &str) -> Page {
    Page::json(format!(r#"{{"issuer":"{issuer}","jwks_uri":"{jwks_uri}"}}"#))
}

fn token(issuer: &DevIssuer) -> String {
    issuer.token(AUDIENCE, TokioRuntime::new().now().unix).subject("alice").scope("mcp").sign()
}

/// Moves the clock of this test on.
async fn later(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

/// Waits for a round that ends with the request of this number, and lets time pass until there is another one,
/// so that what the first led to has been judged; no token is accepted all the while.
async fn refused_after(served: &Served, scene: &Scene, requests: usize) {
    scene.realm.until_asked(requests).await;
    while scene.realm.asked().len() == requests {
        assert_eq!(served.call(&scene.token()).await, 503);
        later(Duration::from_secs(1)).await;
    }
    assert_eq!(served.call(&scene.token()).await, 503);
    assert_eq!(served.ready().await, 503);
}

#[tokio::test]
async fn nothing_but_the_issuer_has_to_be_known() {
    for (place, asked) in [
        (INSERTED, &[INSERTED, KEYS] as &[&str]),
        (OPENID, &[INSERTED, OPENID, KEYS]),
        (APPENDED, &[INSERTED, OPENID, APPENDED, KEYS]),
    ] {
        let scene = Scene::new().await;
        scene.realm.set(place, scene.metadata());
        let served = scene.served(KeySource::discovery()).await;
        served.until_ready().await;
        assert_eq!(served.call(&scene.token()).await, 200, "{place}");
        assert_eq!(scene.realm.asked(), asked);
        let stranger = DevIssuer::new(&*scene.issuer).expect("an issuer");
        assert_eq!(served.call(&token(&stranger)).await, 401);
        let asked_for_a_stranger = scene.realm.asked();
        assert_eq!(asked_for_a_stranger[asked.len()..], [place, KEYS], "the place that worked comes first");
        assert_eq!(served.call(&token(&stranger)).await, 401);
        assert_eq!(scene.realm.asked(), asked_for_a_stranger, "the cooldown is on");
    }
}

#[tokio::test]
async fn an_issuer_on_loopback_needs_neither_certificates_nor_tls() {
    let realm = Realm::start(None).await;
    let issuer = realm.url("/realms/a");
    let keys = DevIssuer::new(&*issuer).expect("an issuer");
    realm.set(KEYS, Page::json(keys.jwks()));
    realm.set(OPENID, metadata(&issuer, &realm.url(KEYS)));
    let served = Served::start(&issuer, KeySource::discovery(), TlsRoots::platform()).await;
    served.until_ready().await;
    assert_eq!(served.call(&token(&keys)).await, 200);
}

#[tokio::test]
async fn rotated_keys_are_found_by_the_token_that_names_them() {
    let mut scene = Scene::discoverable().await;
    let served = scene.served(KeySource::discovery()).await;
    served.until_ready().await;
    let old = scene.token();
    assert_eq!(served.call(&old).await, 200);
    scene.rotate();
    later(Duration::from_secs(31)).await;
    let before = scene.realm.asked().len();
    assert_eq!(served.call(&scene.token()).await, 200);
    assert_eq!(scene.realm.asked()[before..], [APPENDED, KEYS], "the place that worked comes first");
    assert_eq!(served.call(&old).await, 401, "the old key is withdrawn");
}

#[tokio::test]
async fn keys_elsewhere_have_to_be_allowed() {
    let scene = Scene::discoverable().await;
    let elsewhere = Realm::start(Some(scene.authority.presented("127.0.0.1"))).await;
    elsewhere.set(KEYS, Page::json(scene.keys.jwks()));
    let there = format!("https://127.0.0.1:{}{KEYS}", elsewhere.port());
    scene.realm.set(APPENDED, metadata(&scene.issuer, &there));
    let allowed = KeySource::discovery().allow_key_host(format!("127.0.0.1:{}", elsewhere.port()));
    let served = scene.served(allowed).await;
    served.until_ready().await;
    assert_eq!(served.call(&scene.token()).await, 200);
    assert_eq!(elsewhere.asked(), [KEYS]);

    let served = scene.served(KeySource::discovery()).await;
    let before = scene.realm.asked().len();
    refused_after(&served, &scene, before + 3).await;
    assert_eq!(elsewhere.asked(), [KEYS]);
}

#[tokio::test]
async fn an_issuer_that_misleads_lets_nobody_in() {
    let target = Realm::start(None).await;
    let plain = target.url(KEYS);
    type Lie = fn(&Scene, &str) -> Page;
    let table: [(&str, Lie); 5] = [
        ("another issuer", |scene, _| metadata("https://localhost/realms/b", &scene.realm.url(KEYS))),
        ("a slash more", |scene, _| metadata(&format!("{}/", scene.issuer), &scene.realm.url(KEYS))),
        ("plain keys", |scene, plain| metadata(&scene.issuer, plain)),
        ("a redirect", |_, plain| Page::redirect(plain)),
        ("no JSON", |scene, _| scene.metadata().with_type("text/html")),
    ];
    for (what, page) in table {
        let scene = Scene::new().await;
        target.set(KEYS, Page::json(scene.keys.jwks()));
        for place in [INSERTED, OPENID, APPENDED] {
            scene.realm.set(place, page(&scene, &plain));
        }
        let served = scene.served(KeySource::discovery()).await;
        refused_after(&served, &scene, 3).await;
        let asked = scene.realm.asked();
        assert_eq!(asked[..3], [INSERTED, OPENID, APPENDED], "{what}");
        assert!(!asked.iter().any(|path| path == KEYS), "{what}");
        assert!(target.asked().is_empty(), "{what}");
        // It is believed again when it tells the truth.
        scene.realm.set(APPENDED, scene.metadata());
        served.until_ready_letting_time_pass().await;
        assert_eq!(served.call(&scene.token()).await, 200, "{what}");
    }
}

#[tokio::test]
async fn keys_behind_a_redirect_are_not_fetched() {
    let scene = Scene::discoverable().await;
    let target = Realm::start(None).await;
    target.set(KEYS, Page::json(scene.keys.jwks()));
    scene.realm.set(KEYS, Page::redirect(&target.url(KEYS)));
    let served = scene.served(KeySource::discovery()).await;
    refused_after(&served, &scene, 4).await;
    assert!(target.asked().is_empty());
}

#[tokio::test]
async fn an_issuer_that_flaps_keeps_its_callers() {
    let scene = Scene::discoverable().await;
    let served = scene.served(KeySource::url(&scene.realm.url(KEYS)).expect("a URL")).await;
    served.until_ready().await;
    for round in 0..3 {
        // A refresh that fails, and the next attempt.
        for (page, pause) in [(Page::status(500), 600), (Page::json(scene.keys.jwks()), 60)] {
            scene.realm.set(KEYS, page);
            let before = scene.realm.asked().len();
            later(Duration::from_secs(pause)).await;
            scene.realm.until_asked(before + 1).await;
            assert_eq!(served.call(&scene.token()).await, 200, "{round}");
        }
    }
}

#[tokio::test]
async fn an_issuer_without_keys_has_withdrawn_them() {
    let scene = Scene::discoverable().await;
    let served = scene.served(KeySource::discovery()).await;
    served.until_ready().await;
    let token = scene.token();
    assert_eq!(served.call(&token).await, 200);
    scene.realm.set(KEYS, Page::json(r#"{"keys":[]}"#.to_owned()));
    later(Duration::from_secs(31)).await;
    let stranger = DevIssuer::new(&*scene.issuer).expect("an issuer");
    assert_eq!(served.call(&crate::token(&stranger)).await, 503);
    assert_eq!(served.call(&token).await, 503, "also for a token that was seen before");
    assert_eq!(served.ready().await, 503);
    scene.realm.set(KEYS, Page::json(scene.keys.jwks()));
    served.until_ready_letting_time_pass().await;
    assert_eq!(served.call(&token).await, 200);
}

#[tokio::test]
async fn an_issuer_that_nobody_vouches_for_is_told_nothing() {
    let scene = Scene::discoverable().await;
    let other = Authority::new("another authority");
    let served = Served::start(&scene.issuer, KeySource::discovery(), other.roots()).await;
    for _ in 0..4 {
        scene.realm.refused_handshake().await;
        assert_eq!(served.call(&scene.token()).await, 503);
        later(Duration::from_secs(1)).await;
    }
    assert!(scene.realm.asked().is_empty());
}

#[tokio::test]
async fn strangers_with_ten_thousand_keys_cause_one_round_for_each_cooldown() {
    let scene = Scene::discoverable().await;
    let served = scene.served(KeySource::discovery()).await;
    served.until_ready().await;
    let stranger = DevIssuer::new(&*scene.issuer).expect("an issuer");
    let token = token(&stranger);
    let (_, rest) = token.split_once('.').expect("a header");
    let first = scene.realm.asked().len();
    for flood in 1..=4 {
        later(Duration::from_secs(31)).await;
        let mut client = served.client().await;
        for number in 0..2_500 {
            let forged = served::named(&format!("{flood}-{number}"), rest);
            assert_eq!(client.call(&forged).await, 401);
        }
        // One document and one key set.
        assert_eq!(scene.realm.asked().len(), first + 2 * flood);
    }
}
