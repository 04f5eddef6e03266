//! What tests of the whole share.

pub mod asking;
pub mod audited;
pub mod clock;
pub mod driver;
pub mod events;
pub mod forge;
pub mod journal;
pub mod key_servers;
pub mod request;
pub mod scenario;
pub mod socket;

pub use mcp_sim::{event_reader, http1};

/// The programs of the guide: each is compiled.
#[cfg(doctest)]
#[doc = include_str!("../../docs/seed-compatibility.md")]
pub struct SeedCompatibility;
