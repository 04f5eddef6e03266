//! What is checked.

pub(crate) mod dpop;
pub(crate) mod https;
pub(crate) mod introspection;
pub(crate) mod outage;
pub(crate) mod rotation;
pub(crate) mod second_opinion;
pub(crate) mod tokens;
