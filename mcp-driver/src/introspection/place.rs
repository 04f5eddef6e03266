//! Where the endpoint is: where the operator says, or where the issuer's metadata says.

use std::sync::{Mutex, PoisonError, Weak};

use mcp_proto::{Tick, discovery::Endpoint};

use super::Introspector;
use crate::{
    fetch::{Fetch, FetchUrl},
    keys::{Metadata, Miss},
    runtime::Runtime,
};

/// From one look into the metadata to the next, in seconds.
const REFRESH_SECONDS: u64 = 600;

/// From a look in vain to the next one, in seconds.
const RETRY_SECONDS: u64 = 5;

/// Where the endpoint of one issuer is.
pub(super) struct Place {
    known: Mutex<Option<FetchUrl>>,
    metadata: Option<Metadata>,
}

impl Place {
    /// It is here.
    pub(super) fn at(url: FetchUrl) -> Self {
        Self { known: Mutex::new(Some(url)), metadata: None }
    }

    /// This metadata will say.
    pub(super) fn discovered(metadata: Metadata) -> Self {
        Self { known: Mutex::new(None), metadata: Some(metadata) }
    }

    /// The endpoint, once it is known.
    pub(super) fn known(&self) -> Option<FetchUrl> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether somebody has to keep looking.
    pub(super) fn moves(&self) -> bool {
        self.metadata.is_some()
    }

    /// Looks, and says when to look again. What was known before stays so while looking fails.
    async fn look<R: Runtime>(&self, fetch: &dyn Fetch, runtime: &R) -> Option<Tick> {
        let metadata = self.metadata.as_ref()?;
        let pause = match metadata.find(Endpoint::Introspection, fetch, runtime).await {
            Ok(url) => {
                let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
                let is_news = known.as_ref() != Some(&url);
                *known = Some(url.clone());
                drop(known);
                if is_news {
                    tracing::info!(%url, "found the introspection endpoint");
                }
                REFRESH_SECONDS
            }
            Err(Miss { place, failure }) => {
                tracing::warn!(%place, %failure, "cannot find the introspection endpoint");
                RETRY_SECONDS
            }
        };
        Some(runtime.now().tick.after_seconds(pause))
    }
}

/// Keeps looking until the introspector is gone.
pub(super) async fn keep_looking<R: Runtime>(introspector: Weak<Introspector>, runtime: R) {
    loop {
        let Some(introspector) = introspector.upgrade() else { return };
        let next = introspector.place().look(introspector.fetcher(), &runtime).await;
        drop(introspector);
        match next {
            Some(next) => runtime.sleep_until(next).await,
            None => return,
        }
    }
}
