//! Raw sockets against a driver: what a peer can do to a connection, and what the server
//! does then.
//!
//! Nothing here sleeps to be right. A handler tells when it begins and when it is dropped
//! ([`witness`]), and whatever is waited for has [`client::PATIENCE`] as its upper bound.

mod bodies;
pub(crate) mod client;
mod concurrency;
mod connections;
mod deadlines;
mod disconnect;
mod event_streams;
mod framing;
mod heads;
mod http2;
mod http2_client;
pub(crate) mod message;
mod panics;
mod pipelining;
mod places;
mod replace;
pub(crate) mod served;
mod shutdown;
mod stalled;
mod targets;
pub(crate) mod witness;
