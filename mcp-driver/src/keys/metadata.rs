//! An issuer's metadata, looked for where it may be.

use std::{
    iter,
    sync::atomic::{AtomicUsize, Ordering},
};

use mcp_proto::{
    discovery::{
        self, DISCOVERY_BYTES_MAX, DISCOVERY_TYPES, Discovered, DiscoveryError, Endpoint, FetchUrl, KeyHost,
    },
    jws::keyset::FetchFailure,
};

use super::source::{Discovery, KeySourceError};
use crate::{
    fetch::{Fetch, Outgoing, fetch_in_time},
    runtime::Runtime,
};

/// The metadata of one issuer. Fetched anew for every question.
pub(crate) struct Metadata {
    issuer: Box<str>,
    /// The likeliest place.
    first: FetchUrl,
    others: Box<[FetchUrl]>,
    allowed: Box<[KeyHost]>,
    /// The place that had the document last time, counted from the likeliest one.
    latest: AtomicUsize,
}

/// A place without metadata that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Miss {
    pub(crate) place: FetchUrl,
    pub(crate) failure: FetchFailure,
}

impl Metadata {
    /// The metadata of this issuer.
    ///
    /// # Errors
    /// [`KeySourceError::Issuer`] when the issuer is no URL that says where its metadata is, and nothing else
    /// does; [`KeySourceError::KeyHost`] for an allowed host that is none.
    pub(crate) fn new(issuer: &str, discovery: &Discovery) -> Result<Self, KeySourceError> {
        let (first, others) = match discovery.place() {
            Some(place) => (place.clone(), Vec::new()),
            None => discovery::candidates(issuer)
                .map_err(|error| KeySourceError::Issuer(issuer.to_owned(), error))?,
        };
        let allowed = discovery.allowed().iter().map(|host| {
            KeyHost::parse(host).map_err(|error| KeySourceError::KeyHost(host.to_string(), error))
        });
        Ok(Self {
            issuer: issuer.into(),
            first,
            others: others.into(),
            allowed: allowed.collect::<Result<_, _>>()?,
            latest: AtomicUsize::new(0),
        })
    }

    /// Asks one place after the other, beginning with the one that had an answer last time, until one says
    /// where this endpoint is.
    ///
    /// A place that gives no usable answer is passed over, whatever is wrong with it: servers answer in many
    /// ways for what they do not have, and a document that is about another issuer is as good as none. Takes
    /// as many times [`FETCH_TIMEOUT_SECONDS`](crate::fetch::FETCH_TIMEOUT_SECONDS) as there are places, at
    /// most.
    ///
    /// # Errors
    /// The most telling failure: a document that says something wrong, before a connection that cannot be
    /// trusted, before a server that fails, before one that has nothing there.
    pub(crate) async fn find<R: Runtime>(
        &self,
        endpoint: Endpoint,
        fetch: &dyn Fetch,
        runtime: &R,
    ) -> Result<FetchUrl, Miss> {
        let latest = self.latest.load(Ordering::Relaxed);
        let numbered = || iter::once(&self.first).chain(&self.others).enumerate();
        let (first, others) = (numbered().skip(latest).take(1), numbered().filter(|(at, _)| *at != latest));
        let mut worst: Option<Miss> = None;
        for (at, place) in first.chain(others) {
            match self.ask(place, endpoint, fetch, runtime).await {
                Ok(url) => {
                    self.latest.store(at, Ordering::Relaxed);
                    return Ok(url);
                }
                Err(failure) => {
                    tracing::debug!(%place, %failure, "no metadata of the issuer here");
                    if worst.as_ref().is_none_or(|worst| weight(&worst.failure) < weight(&failure)) {
                        worst = Some(Miss { place: place.clone(), failure });
                    }
                }
            }
        }
        Err(worst.unwrap_or_else(|| Miss { place: self.first.clone(), failure: FetchFailure::Unreachable }))
    }

    /// The likeliest place.
    pub(crate) fn first(&self) -> &FetchUrl {
        &self.first
    }

    async fn ask<R: Runtime>(
        &self,
        place: &FetchUrl,
        endpoint: Endpoint,
        fetch: &dyn Fetch,
        runtime: &R,
    ) -> Result<FetchUrl, FetchFailure> {
        let request = Outgoing::get(place.clone(), DISCOVERY_TYPES, DISCOVERY_BYTES_MAX);
        let document = fetch_in_time(fetch, request, runtime).await?;
        let discovered = Discovered::read(&document.body, place, &self.issuer, &self.allowed)?;
        Ok(discovered.endpoint(endpoint)?.clone())
    }
}

/// How much a failure tells about why there is no metadata.
fn weight(failure: &FetchFailure) -> u8 {
    match failure {
        FetchFailure::Discovery(error) => match error {
            DiscoveryError::IssuerWrong
            | DiscoveryError::EndpointMalformed(_)
            | DiscoveryError::Insecure(_)
            | DiscoveryError::Foreign(_) => 5,
            DiscoveryError::Missing(_) => 4,
            DiscoveryError::TooLong | DiscoveryError::Malformed => 1,
        },
        FetchFailure::Tls(_) => 3,
        FetchFailure::Unreachable | FetchFailure::TimedOut => 2,
        FetchFailure::Status(500..) => 2,
        FetchFailure::MediaType | FetchFailure::TooLong | FetchFailure::Document(_) => 1,
        FetchFailure::Status(_) => 0,
    }
}
