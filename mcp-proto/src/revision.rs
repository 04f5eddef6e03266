//! The protocol revisions, as one table.

/// A published revision of the Model Context Protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Revision {
    /// 2024-11-05: HTTP with SSE on two endpoints.
    V2024_11_05,
    /// 2025-03-26: Streamable HTTP, batches.
    V2025_03_26,
    /// 2025-06-18: the version header, no batches.
    V2025_06_18,
    /// 2025-11-25: resumable polling streams.
    V2025_11_25,
    /// 2026-07-28: stateless, metadata on each request.
    V2026_07_28,
}

impl Revision {
    /// Every published revision, oldest first.
    pub const ALL: [Self; 5] =
        [Self::V2024_11_05, Self::V2025_03_26, Self::V2025_06_18, Self::V2025_11_25, Self::V2026_07_28];

    /// The revisions whose requests carry their own metadata, newest first: what `server/discover`
    /// lists, and what a refusal of such a request does (VER-06, AMB-09).
    pub const MODERN: [Self; 1] = [Self::V2026_07_28];

    /// The revisions that begin with a handshake, newest first: what `initialize` may agree on
    /// (LIF-05).
    pub const LEGACY: [Self; 4] =
        [Self::V2025_11_25, Self::V2025_06_18, Self::V2025_03_26, Self::V2024_11_05];

    /// The identifier on the wire (VER-12).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2024_11_05 => "2024-11-05",
            Self::V2025_03_26 => "2025-03-26",
            Self::V2025_06_18 => "2025-06-18",
            Self::V2025_11_25 => "2025-11-25",
            Self::V2026_07_28 => "2026-07-28",
        }
    }

    /// Reads an identifier exactly as it is written on the wire.
    #[must_use]
    pub fn from_name(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().rev().find(|revision| revision.as_str().as_bytes() == name)
    }

    /// Whether requests of this revision carry their own metadata instead of relying on a
    /// handshake.
    #[must_use]
    pub const fn is_modern(self) -> bool {
        match self {
            Self::V2024_11_05 | Self::V2025_03_26 | Self::V2025_06_18 | Self::V2025_11_25 => false,
            Self::V2026_07_28 => true,
        }
    }
}

/// Which revisions an endpoint serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Mode {
    /// Every revision, each request on its own: older clients get a handshake and no session. The
    /// seed's `stateless: true`.
    #[default]
    Stateless,
    /// Every revision. Older clients get a session, which they name with each request; those of 2026-07-28 never
    /// see one.
    Stateful,
    /// 2026-07-28 alone. Older clients are told so (DT-133, DT-134).
    ModernOnly,
}

impl Mode {
    /// The revisions that are served, newest first.
    #[must_use]
    pub const fn revisions(self) -> &'static [Revision] {
        match self {
            Self::Stateless | Self::Stateful => &[
                Revision::V2026_07_28,
                Revision::V2025_11_25,
                Revision::V2025_06_18,
                Revision::V2025_03_26,
                Revision::V2024_11_05,
            ],
            Self::ModernOnly => &Revision::MODERN,
        }
    }

    /// Whether requests of older revisions belong to a session.
    pub(crate) const fn has_sessions(self) -> bool {
        match self {
            Self::Stateful => true,
            Self::Stateless | Self::ModernOnly => false,
        }
    }

    pub(crate) const fn serves_legacy(self) -> bool {
        match self {
            Self::Stateless | Self::Stateful => true,
            Self::ModernOnly => false,
        }
    }
}

/// Whether `name` has the form of a revision (`YYYY-MM-DD`) later than the newest published one.
///
/// A client that names such a date speaks a modern revision that this engine does not know.
#[must_use]
pub(crate) fn is_later_date(name: &[u8]) -> bool {
    let digits = |range: std::ops::Range<usize>| {
        name.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit))
    };
    name.len() == 10
        && digits(0..4)
        && digits(5..7)
        && digits(8..10)
        && name.get(4) == Some(&b'-')
        && name.get(7) == Some(&b'-')
        && name > Revision::V2026_07_28.as_str().as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_identifier_reads_back_and_nothing_else_does() {
        for revision in Revision::ALL {
            assert_eq!(Revision::from_name(revision.as_str().as_bytes()), Some(revision));
        }
        for name in ["", "2026-07-2", "2026-07-288", "v2026-07-28", "2024-10-07"] {
            assert_eq!(Revision::from_name(name.as_bytes()), None, "{name}");
        }
    }

    #[test]
    fn a_mode_serves_modern_revisions_and_then_older_ones() {
        let both = Revision::MODERN.into_iter().chain(Revision::LEGACY);
        let both: Vec<_> = both.collect();
        assert_eq!(Mode::Stateless.revisions(), both);
        assert_eq!(Mode::Stateful.revisions(), both);
        assert_eq!(Mode::ModernOnly.revisions(), Revision::MODERN);
        assert!(Revision::MODERN.into_iter().all(Revision::is_modern));
        assert!(!Revision::LEGACY.into_iter().any(Revision::is_modern));
    }

    #[test]
    fn only_well_formed_later_dates_count_as_later() {
        for (name, later) in [
            ("2026-07-29", true),
            ("2027-01-01", true),
            ("2026-07-28", false),
            ("2025-11-25", false),
            ("2027-1-01", false),
            ("2027/01/01", false),
            ("v999.0.0", false),
            ("2027-01-01 ", false),
            ("", false),
        ] {
            assert_eq!(is_later_date(name.as_bytes()), later, "{name}");
        }
    }
}
