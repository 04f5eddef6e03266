//! Every bound and deadline the core enforces or hands to a driver, in one place.

/// Bounds on what a peer can make the server hold or do. Sizes are in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Largest request body, counted in bytes received. Beyond it: 413. Default 4 MiB.
    pub body_bytes_max: u32,
    /// Largest announced body that is read only to give a refused caller its request id back.
    /// Default 64 KiB.
    pub refused_body_bytes_max: u32,
    /// Most JSON values in a body: a handler that takes raw JSON makes tens of bytes of each. Beyond
    /// it: -32600. Default 250,000.
    pub body_values_max: u32,
    /// Longest request id or progress token, in bytes of JSON. Beyond it: -32600. Default 1 KiB.
    pub id_bytes_max: usize,
    /// Longest requested version that a version refusal repeats. Default 128.
    pub echoed_version_bytes_max: usize,
    /// Most messages in one batch (2025-03-26 alone has batches). Beyond it: -32600. Default 16.
    pub batch_items_max: usize,
    /// Bytes of answers that a batch collects before the rest of its requests is refused: -32600 for each.
    /// Default 1 MiB.
    pub batch_answer_bytes_max: usize,
    /// Longest URI of a resource, in bytes. Beyond it: -32602. Default 8 KiB.
    pub uri_bytes_max: usize,
    /// Items on one page of a list. Default 500.
    pub page_items: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: 4 << 20,
            refused_body_bytes_max: 64 << 10,
            body_values_max: 250_000,
            id_bytes_max: 1 << 10,
            echoed_version_bytes_max: 128,
            batch_items_max: 16,
            batch_answer_bytes_max: 1 << 20,
            uri_bytes_max: 8 << 10,
            page_items: 500,
        }
    }
}

/// How long each phase of an exchange may take, in microseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// Verifying a token, key look-ups included. Beyond it: 503. Default 10 s.
    pub verify_micros: u64,
    /// Receiving a body. Beyond it: 408. Default 30 s.
    pub body_micros: u64,
    /// Receiving the small body of a refused request; beyond it the refusal goes out without the
    /// request id. Default 250 ms.
    pub refused_body_micros: u64,
    /// Running a handler. Beyond it: a JSON-RPC error. Default 5 min.
    pub call_micros: u64,
    /// After this long without an answer a call becomes a stream, if the client accepts one, so
    /// that heartbeats notice a client that has left. Default 15 s.
    pub open_stream_micros: u64,
    /// Between two heartbeats of an open stream. Default 15 s.
    pub heartbeat_micros: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            verify_micros: 10_000_000,
            body_micros: 30_000_000,
            refused_body_micros: 250_000,
            call_micros: 300_000_000,
            open_stream_micros: 15_000_000,
            heartbeat_micros: 15_000_000,
        }
    }
}
