//! What tests of the whole share.

pub mod asking;
pub mod audited;
pub mod clock;
pub mod event_reader;
pub mod events;
pub mod forge;
pub mod http1;
pub mod journal;
pub mod key_servers;
pub mod request;
pub mod scenario;
pub mod socket;

/// The programs of the guide: each is compiled.
#[cfg(doctest)]
#[doc = include_str!("../../docs/seed-compatibility.md")]
pub struct SeedCompatibility;
