//! What is checked.

pub(crate) mod outage;
pub(crate) mod tokens;
