//! What tests of the whole share.

pub mod draw;
