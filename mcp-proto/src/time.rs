//! Time as a value: the core never reads a clock.
//!
//! A driver reads its clocks when it has something to report and hands the reading in as [`Now`].
//! Tests write `Tick(5_000_000)`; fuzzers generate it.

/// Monotonic time in microseconds since an epoch that the driver picks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Tick(pub u64);

impl Tick {
    /// This instant plus `micros` microseconds; stays at the end of time instead of wrapping.
    #[must_use]
    pub const fn after_micros(self, micros: u64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    /// This instant plus `seconds` seconds; stays at the end of time instead of wrapping.
    #[must_use]
    pub const fn after_seconds(self, seconds: u64) -> Self {
        self.after_micros(seconds.saturating_mul(1_000_000))
    }
}

/// Wall-clock seconds since 1970-01-01T00:00:00Z, leap seconds ignored (RFC 7519 `NumericDate`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UnixSeconds(pub u64);

/// Both clocks, read at the same moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Now {
    /// For deadlines.
    pub tick: Tick,
    /// For what others have dated: tokens.
    pub unix: UnixSeconds,
}

/// When something has to be over, and which limit says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Deadline {
    /// The last moment that is still in time.
    pub at: Tick,
    /// The limit that set it.
    pub why: Why,
}

/// The limit behind a [`Deadline`], for logs and simulation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    /// The verifier has to say what it found.
    Verify,
    /// The body of a request that will be served has to arrive.
    Body,
    /// The small body of a request that is already refused has to arrive.
    RefusedBody,
    /// The handler has to answer.
    Call,
}
