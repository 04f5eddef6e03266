//! What tests of the whole share.

pub mod draw;
pub mod events;
pub mod http1;
pub mod scenario;
