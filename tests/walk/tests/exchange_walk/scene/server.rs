//! The servers of the walk, by what they ask and offer.

/// A server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServerKind {
    /// Asks nothing.
    Open,
    /// Asks for a token with the scope `mcp:use`.
    Guarded,
    /// Asks for a token and no scope.
    Unscoped,
    /// Asks nothing and offers nothing.
    Bare,
    /// Asks for a token with the scope `mcp:use`, of one issuer or of another one.
    TwoIssuers,
    /// As `Guarded`, and takes tokens that are bound to a key.
    BoundAllowed,
    /// As `Guarded`, and takes no other tokens than those that are bound to a key.
    BoundRequired,
    /// Has the application recognise callers with the scope `mcp:use`, and publishes metadata.
    Own,
    /// Has the application recognise callers, by a scheme of its own, and publishes nothing.
    OwnUnpublished,
    /// As `Guarded`; its lists show what the caller may use.
    ListedByScope,
    /// As `Guarded`; its lists show what the caller may use and the application shows.
    ListedByApplication,
    /// Asks nothing; its lists show what the application shows.
    OpenListed,
}

/// How a server finds out who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guard {
    None,
    Tokens,
    /// The application's verifier.
    Own,
}

/// Which tokens that are bound to a key a server takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    Refused,
    Allowed,
    Required,
}

/// What lists show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shows {
    Everything,
    Permitted,
    PermittedAndChosen,
}

impl ServerKind {
    pub(crate) const ALL: [Self; 12] = [
        Self::Open,
        Self::Guarded,
        Self::Unscoped,
        Self::Bare,
        Self::TwoIssuers,
        Self::BoundAllowed,
        Self::BoundRequired,
        Self::Own,
        Self::OwnUnpublished,
        Self::ListedByScope,
        Self::ListedByApplication,
        Self::OpenListed,
    ];

    /// Those that differ in more than who is let in and what is listed.
    pub(crate) const BASIC: [Self; 4] = [Self::Open, Self::Guarded, Self::Unscoped, Self::Bare];

    pub(crate) fn guard(self) -> Guard {
        match self {
            Self::Open | Self::Bare | Self::OpenListed => Guard::None,
            Self::Guarded
            | Self::Unscoped
            | Self::TwoIssuers
            | Self::BoundAllowed
            | Self::BoundRequired
            | Self::ListedByScope
            | Self::ListedByApplication => Guard::Tokens,
            Self::Own | Self::OwnUnpublished => Guard::Own,
        }
    }

    /// Whether each request has to say who sends it.
    pub(crate) fn asks_for_callers(self) -> bool {
        self.guard() != Guard::None
    }

    /// Whether each request has to carry a token.
    pub(crate) fn asks_for_tokens(self) -> bool {
        self.guard() == Guard::Tokens
    }

    /// The scopes that every request needs.
    pub(crate) fn baseline(self) -> &'static [&'static str] {
        match self {
            Self::Open | Self::Unscoped | Self::Bare | Self::OwnUnpublished | Self::OpenListed => &[],
            Self::Guarded
            | Self::TwoIssuers
            | Self::BoundAllowed
            | Self::BoundRequired
            | Self::Own
            | Self::ListedByScope
            | Self::ListedByApplication => &["mcp:use"],
        }
    }

    pub(crate) fn publishes_metadata(self) -> bool {
        self.asks_for_callers() && self != Self::OwnUnpublished
    }

    pub(crate) fn bound(self) -> Bound {
        match self {
            Self::BoundAllowed => Bound::Allowed,
            Self::BoundRequired => Bound::Required,
            _ => Bound::Refused,
        }
    }

    /// The signatures of proofs that are accepted.
    pub(crate) fn proof_algorithms(self) -> &'static [&'static str] {
        match self.bound() {
            Bound::Refused => &[],
            Bound::Allowed => &["ES256", "EdDSA"],
            Bound::Required => &["ES256", "RS256", "PS256", "EdDSA"],
        }
    }

    /// The scheme by which callers say who they are.
    pub(crate) fn scheme(self) -> &'static str {
        match self {
            Self::OwnUnpublished => "ApiKey",
            Self::BoundRequired => "DPoP",
            _ => "Bearer",
        }
    }

    pub(crate) fn shows(self) -> Shows {
        match self {
            Self::ListedByScope => Shows::Permitted,
            Self::ListedByApplication | Self::OpenListed => Shows::PermittedAndChosen,
            _ => Shows::Everything,
        }
    }

    /// How many items of a list come at once.
    pub(crate) fn page_items(self) -> usize {
        if self.shows() == Shows::Everything { 500 } else { 2 }
    }

    /// CACH-06, CACH-08: whether anyone may get to see what somebody was answered.
    pub(crate) fn lists_are_shared(self) -> bool {
        self.guard() == Guard::None && self.shows() == Shows::Everything
    }

    /// Header fields besides `Authorization` that a page has to be able to send (DT-04).
    pub(crate) fn credential_field(self) -> Option<&'static str> {
        match self {
            Self::BoundAllowed | Self::BoundRequired => Some("dpop"),
            Self::OwnUnpublished => Some("x-api-key"),
            _ => None,
        }
    }
}
