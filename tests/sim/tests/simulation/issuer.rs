//! The issuer: it changes its keys, and is not always there.

use std::{
    future::pending,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use mcp_driver::{
    DevIssuer, Fetch, Fetched, Fetching, Outgoing, Runtime, proto::UnixSeconds,
    proto::jws::keyset::FetchFailure,
};
use mcp_sim::{SimRuntime, draw::Draw};

use crate::ledger::{Ledger, Outside};

pub(crate) const ISSUER: &str = "https://auth.example.com";
pub(crate) const AUDIENCE: &str = "https://mcp.example.com/mcp";
/// Where its keys are, when they are fetched.
pub(crate) const KEYS_URL: &str = "http://127.0.0.1:9/jwks";

/// Changes of keys that a world may see.
const GENERATIONS: usize = 4;

/// Keys that last from world to world: they are slow to make, and nothing depends on what they are.
pub(crate) struct Keys {
    generations: Vec<DevIssuer>,
    /// Somebody who calls itself the issuer.
    forger: DevIssuer,
}

impl Keys {
    pub(crate) fn new() -> Self {
        let issuer = || DevIssuer::new(ISSUER).expect("random bytes");
        Self { generations: (0..GENERATIONS).map(|_| issuer()).collect(), forger: issuer() }
    }

    pub(crate) fn generation(&self, generation: usize) -> &DevIssuer {
        let last = self.generations.len().saturating_sub(1);
        self.generations.get(generation.min(last)).unwrap_or(&self.forger)
    }
}

/// What is said about a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// Nothing.
    None,
    /// There is none.
    Absent,
    /// It ended long ago.
    Expired,
    /// It is for somebody else.
    Elsewhere,
    /// The issuer did not sign it.
    Forged,
}

/// A token of a subject.
pub(crate) fn token(
    keys: &Keys,
    generation: usize,
    now: UnixSeconds,
    subject: &str,
    is_admin: bool,
    flaw: Flaw,
) -> Option<String> {
    const WEEK: u64 = 7 * 86_400;
    let issuer = if flaw == Flaw::Forged { &keys.forger } else { keys.generation(generation) };
    let audience = if flaw == Flaw::Elsewhere { "https://other.example.com/mcp" } else { AUDIENCE };
    // Longer than the wall clock may jump, either way.
    let issued = match flaw {
        Flaw::Absent => return None,
        Flaw::Expired => now.0.saturating_sub(3 * WEEK),
        Flaw::None | Flaw::Elsewhere | Flaw::Forged => now.0.saturating_sub(WEEK),
    };
    let builder = issuer.token(audience, UnixSeconds(issued)).subject(subject).client("client");
    let builder = builder.lifetime_seconds(2 * WEEK);
    // All have one scope, so that a server that remembers one token holds as much as one that remembers another.
    Some(builder.scope(if is_admin { "admin" } else { "other" }).sign())
}

/// Who answers when the server fetches the issuer's keys.
pub(crate) struct Publisher {
    pub(crate) keys: Arc<Keys>,
    /// Which keys are published now.
    pub(crate) current: Arc<AtomicUsize>,
    pub(crate) fails: bool,
    pub(crate) runtime: SimRuntime,
    pub(crate) draw: Mutex<Draw>,
    pub(crate) ledger: Ledger,
}

impl Fetch for Publisher {
    fn fetch(&self, _: Outgoing) -> Fetching {
        let mut draw = self.draw.lock().unwrap_or_else(PoisonError::into_inner);
        let micros = *draw.pick(&[0, 1_000, 700_000, 3_000_000]);
        let fate = if self.fails && !self.ledger.entries().is_calm { draw.below(10) } else { 10 };
        drop(draw);
        let (runtime, current, keys) =
            (self.runtime.clone(), Arc::clone(&self.current), Arc::clone(&self.keys));
        let ledger = self.ledger.clone();
        Box::pin(async move {
            let _busy = ledger.busy(Outside::Issuer);
            if fate < 4 {
                ledger.entries().fetch_failures += 1;
            }
            runtime.sleep_until(runtime.now().tick.after_micros(micros)).await;
            match fate {
                0 | 1 => Err(FetchFailure::Unreachable),
                2 => Err(FetchFailure::Status(500)),
                3 => pending().await,
                _ => {
                    let body = keys.generation(current.load(Ordering::Relaxed)).jwks().into();
                    Ok(Fetched { body, address: None, fresh_seconds: None })
                }
            }
        })
    }
}
