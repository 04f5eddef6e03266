//! Servers and their issuers over real sockets: keys that are found through metadata over https, and issuers
//! that lie, flap, redirect or are somebody else.
//!
//! Nothing here sleeps to be right. Where time has to pass, `later` of the test's root passes it: a clock that can be moved
//! is moved.

mod authority;
pub(crate) mod realm;
pub(crate) mod served;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mcp_driver::{DevIssuer, KeySource, TlsRoots, UnixSeconds};

use crate::later;

use self::{
    authority::Authority,
    realm::{Page, Realm},
    served::{AUDIENCE, Served},
};

pub(crate) const APPENDED: &str = "/realms/a/.well-known/openid-configuration";
const INSERTED: &str = "/.well-known/oauth-authorization-server/realms/a";
const OPENID: &str = "/.well-known/openid-configuration/realms/a";
pub(crate) const KEYS: &str = "/realms/a/keys";

/// An issuer, and where it is.
pub(crate) struct Scene {
    authority: Authority,
    pub(crate) realm: Realm,
    /// Its name.
    pub(crate) issuer: String,
    pub(crate) keys: DevIssuer,
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
    pub(crate) async fn discoverable() -> Self {
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

    pub(crate) async fn served(&self, source: KeySource) -> Served {
        Served::start(&self.issuer, source, self.roots()).await
    }

    pub(crate) fn token(&self) -> String {
        token(&self.keys)
    }
}

fn metadata(issuer: &str, jwks_uri: &str) -> Page {
    Page::json(format!(r#"{{"issuer":"{issuer}","jwks_uri":"{jwks_uri}"}}"#))
}

pub(crate) fn token(issuer: &DevIssuer) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    issuer.token(AUDIENCE, UnixSeconds(now.as_secs())).subject("alice").scope("mcp").sign()
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
