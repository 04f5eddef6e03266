//! The terms of sessions: who proves what when, and how much of them there may be.

/// Which requests of a session carry credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SessionAuth {
    /// Every one (AUTH-03, SES-12, SBP-07).
    #[default]
    EveryRequest,
    /// The one that opens the session. What comes later under its id acts as the opener until the opener's
    /// token expires, which ends the session: whoever learns the id is the opener. The seed's stateful mode.
    InitializeOnly,
}

/// The two paths of the transport of 2024-11-05 (LSE-01), which later revisions deprecate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegacySse {
    /// Where the event stream is. Default `/sse`.
    pub stream: String,
    /// Where messages are posted. Default `/messages`.
    pub messages: String,
}

impl Default for LegacySse {
    fn default() -> Self {
        Self { stream: "/sse".into(), messages: "/messages".into() }
    }
}

/// What holds for sessions. Only read where [`crate::Mode::Stateful`] is served.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionPolicy {
    /// Which requests carry credentials.
    pub auth: SessionAuth,
    /// Whether, and where, clients of 2024-11-05 find their own transport. Default: nowhere.
    pub legacy_sse: Option<LegacySse>,
    /// Most sessions. Beyond it: 503. Default 10,000.
    pub sessions_max: usize,
    /// Most sessions of one issuer, subject and client. Beyond it the one goes that has been idle for longest;
    /// where none is idle: 429. Does not count on servers without authentication. Default 100.
    pub sessions_per_principal_max: usize,
    /// A session that nobody uses ends after this long, in microseconds. Running calls and open streams are
    /// use. Default 30 min.
    pub idle_micros: u64,
    /// Every session ends after this long, in microseconds. Default 24 h.
    pub life_micros: u64,
    /// Most events that a session keeps: those that wait to be sent, and those that were sent and can be sent
    /// again. Default 256.
    pub events_max: usize,
    /// The same in bytes of messages. One message that a client has to get may be larger. Default 1 MiB.
    pub bytes_max: usize,
    /// Most open streams of a session. Beyond it: 429. Default 16.
    pub streams_max: usize,
    /// Most running calls of a session. Beyond it: 503. Default 64.
    pub calls_max: usize,
    /// Most unanswered questions to the client. Default 16.
    pub asks_max: usize,
    /// How long a client may take to answer a question, in microseconds. Default 3 min.
    pub ask_micros: u64,
    /// Most resources that a session is subscribed to. Beyond it: -32602. Default 256.
    pub subscriptions_max: usize,
    /// Most bytes of their URIs. Beyond it: -32602. Default 64 KiB.
    pub subscription_bytes_max: usize,
    /// Most bytes of what a client says of itself in its handshake. Beyond it: -32602. Default 8 KiB.
    pub handshake_bytes_max: usize,
    /// A call that has been silent for this long becomes a stream, which the client can resume, in
    /// microseconds. Default 1 s.
    pub stream_micros: u64,
    /// How long clients are asked to wait before they connect again, in milliseconds. Default 1,000.
    pub retry_millis: u32,
    /// Whether an event is kept by somebody else, and only shown once it is ([`super::Effect::Append`]).
    pub keeps_events_elsewhere: bool,
}

impl Default for SessionPolicy {
    fn default() -> Self {
        const MINUTE: u64 = 60_000_000;
        Self {
            auth: SessionAuth::default(),
            legacy_sse: None,
            sessions_max: 10_000,
            sessions_per_principal_max: 100,
            idle_micros: 30 * MINUTE,
            life_micros: 24 * 60 * MINUTE,
            events_max: 256,
            bytes_max: 1 << 20,
            streams_max: 16,
            calls_max: 64,
            asks_max: 16,
            ask_micros: 3 * MINUTE,
            subscriptions_max: 256,
            subscription_bytes_max: 64 << 10,
            handshake_bytes_max: 8 << 10,
            stream_micros: 1_000_000,
            retry_millis: 1_000,
            keeps_events_elsewhere: false,
        }
    }
}
