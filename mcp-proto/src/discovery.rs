//! Where an issuer publishes what: URLs to fetch from.

mod url;

pub use url::{FETCH_URL_BYTES_MAX, FetchUrl, FetchUrlError};
