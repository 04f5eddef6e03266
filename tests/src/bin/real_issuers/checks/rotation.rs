//! Keys that come and go while clients call.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use crate::{
    client::{Connection, bearer, expect_refused, identity, whoami},
    oidc_provider::{Document, OidcProvider},
    proof::encoded,
    report::{Checked, Failure},
    server::{FETCHING, POLL, RESOURCE, Serving},
};

/// Connections that call all the time.
const CALLERS: usize = 6;

/// How often keys are replaced under load.
const ROTATIONS: u32 = 5;

/// A good issuer publishes a key before it signs with it, and takes one back when its tokens are over: none of
/// the tokens, old or new, is ever refused.
pub(crate) async fn announced(issuer: &OidcProvider, server: &Serving) -> Checked {
    let load = Load::start(server, issuer.client_token(RESOURCE, "mcp").await?);
    for _ in 0..ROTATIONS {
        issuer.announce().await?;
        fetched_since(issuer).await?;
        issuer.rotate().await?;
        load.also(issuer.client_token(RESOURCE, "mcp").await?);
        load.progress().await?;
        load.forget_oldest();
        load.progress().await?;
        issuer.withdraw().await?;
        fetched_since(issuer).await?;
        load.progress().await?;
    }
    let requests = load.end().await?;
    Ok(format!("{requests} requests through {ROTATIONS} rotations, all 200"))
}

/// An issuer that signs with a new key at once: the first token makes the server fetch, and nobody is refused
/// meanwhile. The server must not fetch by itself in that time.
pub(crate) async fn sudden(issuer: &OidcProvider, server: &Serving) -> Checked {
    let old = issuer.client_token(RESOURCE, "mcp").await?;
    identity(&whoami(&server.address(), &old).await?)?;
    // What an unknown key may not cause another fetch in.
    tokio::time::sleep(Duration::from_secs(FETCHING.cooldown_seconds)).await;
    let hits = issuer.hits(Document::Jwks).await?;
    issuer.rotate().await?;
    let new = issuer.client_token(RESOURCE, "mcp").await?;
    let mut calls = JoinSet::new();
    for _ in 0..CALLERS {
        let (address, new) = (server.address(), new.clone());
        calls.spawn(async move { identity(&whoami(&address, &new).await?).map(drop) });
    }
    while let Some(called) = calls.join_next().await {
        called??;
    }
    identity(&whoami(&server.address(), &old).await?)?;
    match issuer.hits(Document::Jwks).await? - hits {
        1 => Ok(format!("{CALLERS} calls at once, all 200 after one fetch")),
        fetches => Err(format!("{fetches} fetches").into()),
    }
}

/// Names of keys that nobody has make the server fetch, and not more often than it may.
pub(crate) async fn unknown_keys(issuer: &OidcProvider, server: &Serving) -> Checked {
    tokio::time::sleep(Duration::from_secs(FETCHING.cooldown_seconds)).await;
    let (hits, begin) = (issuer.hits(Document::Jwks).await?, Instant::now());
    let token = issuer.client_token(RESOURCE, "mcp").await?;
    let (_, rest) = token.split_once('.').ok_or("a token without a header")?;
    let mut connection = Connection::open(&server.address()).await?;
    for number in 0..UNKNOWN_KEYS {
        let header = format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"nobody-{number}"}}"#);
        let token = format!("{}.{rest}", encoded(header.as_bytes()));
        expect_refused(&connection.whoami(vec![bearer(&token)]).await?, "Bearer")?;
    }
    let fetches = issuer.hits(Document::Jwks).await? - hits;
    let allowed = begin.elapsed().as_secs() / FETCHING.cooldown_seconds + 1;
    let found = format!("{fetches} fetches for {UNKNOWN_KEYS} unknown keys, {allowed} allowed");
    if (1..=allowed).contains(&fetches) { Ok(found) } else { Err(found.into()) }
}

const UNKNOWN_KEYS: u32 = 2_000;

/// A token whose key is taken back is good until the server has fetched the keys again, also when it was seen
/// before; those of the other keys stay good.
pub(crate) async fn withdrawn(issuer: &OidcProvider, server: &Serving) -> Checked {
    issuer.announce().await?;
    fetched_since(issuer).await?;
    let old = issuer.client_token(RESOURCE, "mcp").await?;
    identity(&whoami(&server.address(), &old).await?)?;
    issuer.rotate().await?;
    let new = issuer.client_token(RESOURCE, "mcp").await?;
    identity(&whoami(&server.address(), &new).await?)?;
    issuer.withdraw().await?;
    let begin = Instant::now();
    fetched_since(issuer).await?;
    expect_refused(&whoami(&server.address(), &old).await?, "Bearer")?;
    let seconds = begin.elapsed().as_secs_f32();
    identity(&whoami(&server.address(), &new).await?)?;
    Ok(format!("401 within {seconds:.1} s"))
}

/// Waits until the server has the keys as they are published now. It has one fetch under way at most, so when
/// the second one begins, the first is over.
pub(crate) async fn fetched_since(issuer: &OidcProvider) -> Result<(), Failure> {
    let before = issuer.hits(Document::Jwks).await?;
    while issuer.hits(Document::Jwks).await? < before + 2 {
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}

/// Clients that call until they are told to stop, with each of several tokens in turn.
struct Load {
    shared: Arc<Shared>,
    callers: JoinSet<Result<(), Failure>>,
}

#[derive(Default)]
struct Shared {
    tokens: Mutex<Vec<String>>,
    /// The requests of each caller.
    requests: [AtomicU64; CALLERS],
    over: AtomicBool,
}

impl Load {
    fn start(server: &Serving, token: String) -> Self {
        let shared = Arc::new(Shared { tokens: Mutex::new(vec![token]), ..Shared::default() });
        let mut callers = JoinSet::new();
        for caller in 0..CALLERS {
            let (shared, address) = (Arc::clone(&shared), server.address());
            callers.spawn(async move {
                let called = shared.call(caller, &address).await;
                shared.over.store(true, Ordering::Relaxed);
                called
            });
        }
        Self { shared, callers }
    }

    fn also(&self, token: String) {
        self.shared.tokens().push(token);
    }

    fn forget_oldest(&self) {
        self.shared.tokens().remove(0);
    }

    /// Waits until every caller has called with every token, or one has failed.
    async fn progress(&self) -> Result<(), Failure> {
        let counts = || self.shared.requests.iter().map(|count| count.load(Ordering::Relaxed));
        let turns = u64::try_from(self.shared.tokens().len())? + 1;
        let until: Vec<u64> = counts().map(|count| count + turns).collect();
        while counts().zip(&until).any(|(count, until)| count < *until) {
            if self.shared.over.load(Ordering::Relaxed) {
                return Ok(());
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// How many requests there were, all of them good.
    async fn end(mut self) -> Result<u64, Failure> {
        self.shared.over.store(true, Ordering::Relaxed);
        while let Some(ended) = self.callers.join_next().await {
            ended??;
        }
        Ok(self.shared.requests.iter().map(|count| count.load(Ordering::Relaxed)).sum())
    }
}

impl Shared {
    fn tokens(&self) -> MutexGuard<'_, Vec<String>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn call(&self, caller: usize, address: &str) -> Result<(), Failure> {
        let count = self.requests.get(caller).ok_or("no such caller")?;
        let mut connection = Connection::open(address).await?;
        let mut turn = caller;
        while !self.over.load(Ordering::Relaxed) {
            let token = {
                let tokens = self.tokens();
                tokens.get(turn % tokens.len().max(1)).cloned().ok_or("no token")?
            };
            turn = turn.wrapping_add(1);
            identity(&connection.whoami(vec![bearer(&token)]).await?)?;
            count.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}
