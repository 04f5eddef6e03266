//! Bounds on connections and calls, beside those of the core.

use std::time::Duration;

use crate::dpop::REPLAY_ENTRIES_DEFAULT;

/// What a driver bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerLimits {
    /// Open connections. At the limit, further ones wait in the listener's queue. Default 900: below
    /// the 1,024 descriptors that most systems give a process, so that fetching keys finds one too.
    /// Raise both together.
    pub connections: usize,
    /// Handlers that run at once. Beyond it: 503. Default 1,024.
    pub calls: usize,
    /// Handlers that run at once for one principal, whatever tokens it has. Beyond it: 503.
    /// Default 64.
    pub calls_per_principal: usize,
    /// Handlers of sessions that run on though their clients have gone, and may come back. Beyond it, a call ends
    /// when its client goes. Default 256.
    pub calls_alone: usize,
    /// The same for one principal. Default 16.
    pub calls_alone_per_principal: usize,
    /// Bytes that all sessions together keep for their clients: what waits to be sent or may be sent again, and
    /// what they are subscribed to. Beyond it, a session that keeps more gives up what can be given up, and ends
    /// where that is not enough. Default 256 MiB.
    pub session_bytes: usize,
    /// Streams of sessions that are open at once, on which clients wait for changes or come back for an answer.
    /// Beyond it: 429. On HTTP/1.1 each holds a connection. Default 700.
    pub session_streams: usize,
    /// The same for one principal. Default 64.
    pub session_streams_per_principal: usize,
    /// Bytes of bodies that are collected at once, of requests that arrive in pieces. Beyond it: 503.
    /// Default 256 MiB.
    pub body_bytes: usize,
    /// The same for one principal. Default 64 MiB.
    pub body_bytes_per_principal: usize,
    /// The same for requests that are refused already and read for their id. Beyond it the refusal has no id.
    /// Default 16 MiB.
    pub refused_bytes: usize,
    /// Bytes of a request head. Beyond it: 431. Default 64 KiB, which leaves room for a token.
    pub head_bytes: usize,
    /// Header fields of a request, on HTTP/1.1 and HTTP/2. Beyond it: 431. Default 100.
    pub header_fields: usize,
    /// Requests that run at once on one HTTP/2 connection. Default 128.
    pub streams_per_connection: u32,
    /// Tokens of one issuer whose verification is remembered. Default 10,000.
    pub cached_tokens: usize,
    /// Proofs of possession that are remembered, so that none is used twice. Beyond it: 503. Default
    /// 250,000, enough for about 3,800 requests a second. One key has a sixteenth of them: about 240
    /// requests a second.
    pub dpop_proofs: usize,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections: 900,
            calls: 1_024,
            calls_per_principal: 64,
            calls_alone: 256,
            calls_alone_per_principal: 16,
            session_bytes: 256 << 20,
            session_streams: 700,
            session_streams_per_principal: 64,
            body_bytes: 256 << 20,
            body_bytes_per_principal: 64 << 20,
            refused_bytes: 16 << 20,
            head_bytes: 64 << 10,
            header_fields: 100,
            streams_per_connection: 128,
            cached_tokens: 10_000,
            dpop_proofs: REPLAY_ENTRIES_DEFAULT,
        }
    }
}

/// How long a connection may take.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionTimeouts {
    /// For the handshake of TLS, from the moment that the connection has its place. Default 10 s.
    pub handshake: Duration,
    /// For the head of a request, and for the time between two requests of an HTTP/1.1
    /// connection. Default 30 s.
    pub head: Duration,
    /// For an HTTP/2 connection without a request. Default 2 min.
    pub idle: Duration,
    /// In which a peer has to take 16 KiB of an answer, or all there is. Else the connection ends, and handlers
    /// that were answering on it are cancelled. Default 30 s.
    pub write_stall: Duration,
    /// For answers that are under way when the server is told to stop. Default 10 s.
    pub drain: Duration,
}

impl Default for ConnectionTimeouts {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(30),
            idle: Duration::from_secs(120),
            write_stall: Duration::from_secs(30),
            drain: Duration::from_secs(10),
        }
    }
}
