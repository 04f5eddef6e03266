//! What a scenario says of its server.

use mcp_driver::{
    ConnectionTimeouts, LegacySse, Limits, Mode, ServerLimits, SessionAuth, SessionPolicy, Timeouts,
};

use super::parse::duration;

/// What a server is like.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Which revisions it serves, and how.
    pub mode: Mode,
    /// How it finds out who calls.
    pub trust: Trust,
    /// Lists have only what the caller may use.
    pub lists_by_scope: bool,
    /// It has prompts, resources and a completion too.
    pub is_full: bool,
    /// Pages of any origin may use it.
    pub serves_any_origin: bool,
    /// The terms of its sessions.
    pub sessions: SessionPolicy,
    /// The bounds of the core.
    pub limits: Limits,
    /// The deadlines of the core.
    pub timeouts: Timeouts,
    /// The bounds of the driver.
    pub server_limits: ServerLimits,
    /// The deadlines of connections.
    pub connections: ConnectionTimeouts,
}

/// How a server finds out who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// By tokens of its issuer.
    Tokens,
    /// By tokens of an issuer that cannot be reached.
    TokensWithoutKeys,
    /// By a function.
    Callback,
    /// By keys in `X-API-Key`.
    ApiKeys,
    /// It does not.
    Nobody,
}

/// Long enough for what no scenario waits for.
const HOUR: u64 = 3_600_000_000;

/// Room for tests of what is too large.
const BODY_BYTES_MAX: u32 = 4_096;

impl Default for Settings {
    /// Nothing happens by itself within an hour that a scenario does not ask for, so that what happens does not
    /// depend on how fast the machine is.
    fn default() -> Self {
        let mut limits = Limits::default();
        limits.body_bytes_max = BODY_BYTES_MAX;
        let mut timeouts = Timeouts::default();
        timeouts.refused_body_micros = HOUR;
        timeouts.open_stream_micros = HOUR;
        timeouts.heartbeat_micros = HOUR;
        timeouts.call_micros = HOUR;
        let mut sessions = SessionPolicy::default();
        sessions.stream_micros = HOUR;
        Self {
            mode: Mode::Stateless,
            trust: Trust::Tokens,
            lists_by_scope: false,
            is_full: false,
            serves_any_origin: false,
            sessions,
            limits,
            timeouts,
            server_limits: ServerLimits::default(),
            connections: ConnectionTimeouts::default(),
        }
    }
}

impl Settings {
    /// Reads the words of a header.
    ///
    /// # Errors
    /// When there is no such setting.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut settings = Self::default();
        for word in text.split(' ') {
            match word.split_once('=') {
                Some((name, value)) => settings.set(name, value)?,
                None => settings.turn_on(word)?,
            }
        }
        Ok(settings)
    }

    fn turn_on(&mut self, word: &str) -> Result<(), String> {
        match word {
            "stateless" => self.mode = Mode::Stateless,
            "stateful" => self.mode = Mode::Stateful,
            "modern-only" => self.mode = Mode::ModernOnly,
            "open" => self.trust = Trust::Nobody,
            "callback" => self.trust = Trust::Callback,
            "api-keys" => self.trust = Trust::ApiKeys,
            "without-keys" => self.trust = Trust::TokensWithoutKeys,
            "list-by-scope" => self.lists_by_scope = true,
            "full" => self.is_full = true,
            "any-origin" => self.serves_any_origin = true,
            "legacy-sse" => self.sessions.legacy_sse = Some(LegacySse::default()),
            "initialize-only" => self.sessions.auth = SessionAuth::InitializeOnly,
            _ => return Err(format!("no such setting: {word}")),
        }
        Ok(())
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let time = || duration(value);
        let micros = || duration(value).map(|time| u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
        let count = || value.parse::<usize>().map_err(|_| format!("no number: {value}"));
        match name {
            "ask" => self.sessions.ask_micros = micros()?,
            "asks" => self.sessions.asks_max = count()?,
            "batch-items" => self.limits.batch_items_max = count()?,
            "body" => self.timeouts.body_micros = micros()?,
            "call" => self.timeouts.call_micros = micros()?,
            "calls" => self.server_limits.calls = count()?,
            "drain" => self.connections.drain = time()?,
            "events" => self.sessions.events_max = count()?,
            "fields" => self.server_limits.header_fields = count()?,
            "head" => self.connections.head = time()?,
            "heartbeat" => self.timeouts.heartbeat_micros = micros()?,
            "idle" => self.sessions.idle_micros = micros()?,
            "life" => self.sessions.life_micros = micros()?,
            "page" => self.limits.page_items = count()?,
            "refused-body" => self.timeouts.refused_body_micros = micros()?,
            "sessions" => self.sessions.sessions_max = count()?,
            "sessions-each" => self.sessions.sessions_per_principal_max = count()?,
            "silence" => {
                self.timeouts.open_stream_micros = micros()?;
                self.sessions.stream_micros = micros()?;
            }
            "streams" => self.sessions.streams_max = count()?,
            "subscriptions" => self.sessions.subscriptions_max = count()?,
            "write-stall" => self.connections.write_stall = time()?,
            _ => return Err(format!("no such setting: {name}")),
        }
        Ok(())
    }

    /// Whether each request stands for itself: no sessions, and no time that has to pass.
    #[must_use]
    pub fn is_stateless(&self) -> bool {
        self.mode != Mode::Stateful
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn words_are_settings() {
        let settings =
            Settings::parse("stateful callback legacy-sse ask=250ms sessions=2 write-stall=3s").unwrap();
        assert_eq!((settings.mode, settings.trust), (Mode::Stateful, Trust::Callback));
        assert_eq!(settings.sessions.legacy_sse, Some(LegacySse::default()));
        assert_eq!((settings.sessions.ask_micros, settings.sessions.sessions_max), (250_000, 2));
        assert_eq!(settings.connections.write_stall, Duration::from_secs(3));
        for text in ["", "quick", "ask", "ask=", "ask=5", "sessions=1s", "sessions=-1", "speed=1"] {
            assert!(Settings::parse(text).is_err(), "{text:?}");
        }
    }
}
