//! The flags about sessions.

use clap::Args;
use mcp_driver::{LegacySse, SessionPolicy};

use crate::whoami::names::SessionAuthName;

#[derive(Debug, Args)]
#[command(next_help_heading = "Sessions")]
pub(crate) struct SessionFlags {
    /// Which requests of a session bring a token
    #[arg(long, value_enum, default_value_t)]
    session_auth: SessionAuthName,

    /// A session that nobody uses ends after this long
    #[arg(long, value_name = "SECONDS", default_value_t = 1_800)]
    session_idle: u64,

    /// Most sessions
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    session_max: usize,

    /// Most events that a session keeps for clients that come back for them
    #[arg(long, value_name = "N", default_value_t = 256)]
    events_max: usize,

    /// Serve HTTP+SSE of 2024-11-05 too, at /sse and /messages
    #[arg(long)]
    legacy_sse: bool,
}

impl SessionFlags {
    pub(crate) fn policy(&self) -> SessionPolicy {
        let mut policy = SessionPolicy::default();
        policy.auth = self.session_auth.into();
        policy.idle_micros = self.session_idle.saturating_mul(1_000_000);
        policy.sessions_max = self.session_max;
        policy.events_max = self.events_max;
        policy.legacy_sse = self.legacy_sse.then(LegacySse::default);
        policy
    }
}
