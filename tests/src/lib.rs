//! What tests of the whole share.

pub mod asking;
pub mod audited;
pub mod clock;
pub mod draw;
pub mod events;
pub mod forge;
pub mod http1;
pub mod journal;
pub mod key_servers;
pub mod scenario;
