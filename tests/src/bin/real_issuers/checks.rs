//! What is checked.

pub(crate) mod outage;
pub(crate) mod second_opinion;
pub(crate) mod tokens;
