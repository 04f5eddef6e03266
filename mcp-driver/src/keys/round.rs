//! One round for the keys of an issuer: where they are, and what is there.

use std::net::SocketAddr;

use mcp_proto::{
    discovery::{CANDIDATES_MAX, Endpoint, FetchUrl},
    jws::{
        AlgorithmSet, KeySet,
        keys::KEY_SET_BYTES_MAX,
        keyset::{FETCH_SECONDS_MAX, FetchFailure},
    },
};

use super::{
    metadata::{Metadata, Miss},
    source,
};
use crate::{
    fetch::{FETCH_TIMEOUT_SECONDS, Fetch, Outgoing, fetch_in_time},
    runtime::Runtime,
};

/// The media types of a key set (RFC 7517 section 8.5).
const KEY_SET_TYPES: &[&str] = &["application/jwk-set+json", "application/json"];

/// How long a round may take, in seconds: every place of the metadata, then the keys.
const ROUND_SECONDS_MAX: u64 = (CANDIDATES_MAX as u64 + 1) * FETCH_TIMEOUT_SECONDS;

// Another round would begin beside it otherwise.
const _: () = assert!(ROUND_SECONDS_MAX <= 25 && ROUND_SECONDS_MAX < FETCH_SECONDS_MAX);

/// Where an issuer has its keys.
pub(super) struct Place {
    keys: Keys,
    algorithms: AlgorithmSet,
}

enum Keys {
    /// Here.
    At(FetchUrl),
    /// Where its metadata says.
    Discovered(Metadata),
}

/// What came of a round.
pub(super) struct Round {
    /// Where it ended.
    pub(super) url: FetchUrl,
    pub(super) outcome: Result<KeySet, FetchFailure>,
    /// Who answered there.
    pub(super) address: Option<SocketAddr>,
    pub(super) fresh_seconds: Option<u64>,
}

impl Round {
    pub(super) fn failed(url: FetchUrl, failure: FetchFailure) -> Self {
        Self { url, outcome: Err(failure), address: None, fresh_seconds: None }
    }
}

impl Place {
    /// This URL.
    pub(super) fn url(url: FetchUrl, algorithms: AlgorithmSet) -> Self {
        Self { keys: Keys::At(url), algorithms }
    }

    /// Where the metadata says.
    pub(super) fn discovered(metadata: Metadata, algorithms: AlgorithmSet) -> Self {
        Self { keys: Keys::Discovered(metadata), algorithms }
    }

    /// Where a round begins.
    pub(super) fn first(&self) -> &FetchUrl {
        match &self.keys {
            Keys::At(url) => url,
            Keys::Discovered(metadata) => metadata.first(),
        }
    }

    /// Goes for the keys.
    pub(super) async fn ask<R: Runtime>(&self, fetch: &dyn Fetch, runtime: &R) -> Round {
        let url = match &self.keys {
            Keys::At(url) => url.clone(),
            Keys::Discovered(metadata) => match metadata.find(Endpoint::Keys, fetch, runtime).await {
                Ok(url) => url,
                Err(Miss { place, failure }) => return Round::failed(place, failure),
            },
        };
        let request = Outgoing::get(url.clone(), KEY_SET_TYPES, KEY_SET_BYTES_MAX);
        match fetch_in_time(fetch, request, runtime).await {
            Err(failure) => Round::failed(url, failure),
            Ok(fetched) => Round {
                url,
                outcome: source::read_set(&fetched.body, self.algorithms).map_err(FetchFailure::from),
                address: fetched.address,
                fresh_seconds: fetched.fresh_seconds,
            },
        }
    }
}
