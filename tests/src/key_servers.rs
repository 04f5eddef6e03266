//! The servers of issuers, as far as a server that trusts them sees them, without sockets.

use std::{
    collections::BTreeMap,
    future::pending,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use mcp_tokio::{Fetch, FetchFailure, Fetched, Fetching, Outgoing};

/// What a server does when it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conduct {
    /// It answers with this document.
    Publishes(String),
    /// It cannot be reached.
    IsDown,
    /// It never answers.
    Hangs,
}

/// All servers there are, by URL, and how often each was asked.
#[derive(Debug, Clone, Default)]
pub struct KeyServers(Arc<Mutex<BTreeMap<String, Place>>>);

#[derive(Debug)]
struct Place {
    conduct: Conduct,
    asked: usize,
}

impl KeyServers {
    /// From here on the server at this URL behaves like this.
    pub fn set(&self, url: &str, conduct: Conduct) {
        let mut places = self.lock();
        match places.get_mut(url) {
            Some(place) => place.conduct = conduct,
            None => drop(places.insert(url.to_owned(), Place { conduct, asked: 0 })),
        }
    }

    /// How often the server at this URL was asked.
    #[must_use]
    pub fn asked(&self, url: &str) -> usize {
        self.lock().get(url).map_or(0, |place| place.asked)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Place>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fetch for KeyServers {
    /// # Panics
    /// When nobody said what the server does.
    #[allow(clippy::expect_used, reason = "a test that cannot go on has failed")]
    fn fetch(&self, request: Outgoing) -> Fetching {
        let mut places = self.lock();
        let place = places.get_mut(&request.url.to_string()).expect("a server that was set up");
        place.asked = place.asked.saturating_add(1);
        let conduct = place.conduct.clone();
        Box::pin(async move {
            match conduct {
                Conduct::Publishes(document) => {
                    Ok(Fetched { body: Bytes::from(document), address: None, fresh_seconds: None })
                }
                Conduct::IsDown => Err(FetchFailure::Unreachable),
                Conduct::Hangs => pending().await,
            }
        })
    }
}
