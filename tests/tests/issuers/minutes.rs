//! What comes after minutes: where the clock of the server can be moved.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use mcp_driver::{DevIssuer, KeySource};
use serde_json::json;

use crate::{
    issuers::{self, APPENDED, KEYS, Scene, realm::Page},
    later,
};

impl Scene {
    /// Answers with these keys from now on.
    fn rotate(&mut self) {
        self.keys = DevIssuer::new(&*self.issuer).expect("an issuer");
        self.realm.set(KEYS, Page::json(self.keys.jwks()));
    }
}

/// A token whose header names this key, with payload and signature of another.
fn named(kid: &str, rest: &str) -> String {
    let header = json!({"alg": "ES256", "typ": "at+jwt", "kid": kid}).to_string();
    format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header))
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
    assert_eq!(served.call(&issuers::token(&stranger)).await, 503);
    assert_eq!(served.call(&token).await, 503, "also for a token that was seen before");
    assert_eq!(served.ready().await, 503);
    scene.realm.set(KEYS, Page::json(scene.keys.jwks()));
    served.until_ready_letting_time_pass().await;
    assert_eq!(served.call(&token).await, 200);
}

#[tokio::test]
async fn strangers_with_ten_thousand_keys_cause_one_round_for_each_cooldown() {
    let scene = Scene::discoverable().await;
    let served = scene.served(KeySource::discovery()).await;
    served.until_ready().await;
    let stranger = DevIssuer::new(&*scene.issuer).expect("an issuer");
    let token = issuers::token(&stranger);
    let (_, rest) = token.split_once('.').expect("a header");
    let first = scene.realm.asked().len();
    for flood in 1..=4 {
        later(Duration::from_secs(31)).await;
        let mut client = served.client().await;
        for number in 0..2_500 {
            let forged = named(&format!("{flood}-{number}"), rest);
            assert_eq!(client.call(&forged).await, 401);
        }
        // One document and one key set.
        assert_eq!(scene.realm.asked().len(), first + 2 * flood);
    }
}
