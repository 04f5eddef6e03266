//! The servers of the walk.

use mcp_proto::{
    AuthPolicy, BearerPolicy, CatalogSpec, Engine, EngineBuilder, Implementation, Visibility,
    auth::{CustomPolicy, DpopPolicy, IssuerPolicy},
    content::{CacheScope, Caching},
    jws::{Algorithm, AlgorithmSet, Issuers, Profile, TokenRules, dpop::DpopRules},
    session::{LegacySse, SessionAuth, SessionPolicy},
};

use crate::{
    case::Case,
    catalog::{catalog, icon, without_scopes},
    scene::{
        Bound, CALLS_MAX, Guard, HANDSHAKE_BYTES_MAX, IDLE_SECONDS, LIFE_SECONDS, Mode, STREAMS_MAX,
        SUBSCRIPTIONS_MAX, ServerKind, Shows,
    },
    surface::INSTRUCTIONS,
    tokens::{AUDIENCE, FUTURE, ISSUER, LEEWAY, OTHER_AUDIENCE, OTHER_ISSUER, OTHER_LEEWAY, PAST},
};

/// Each server without records and with, in each mode.
pub(crate) struct Servers(Vec<[[Engine; Mode::ALL.len()]; 2]>);

impl Servers {
    pub(crate) fn new() -> Self {
        let of_kind = |kind: &ServerKind| {
            [false, true].map(|records| Mode::ALL.map(|mode| engine(*kind, records, mode)))
        };
        Self(ServerKind::ALL.iter().map(of_kind).collect())
    }

    pub(crate) fn of(&self, kind: ServerKind, keeps_records: bool, mode: Mode) -> &Engine {
        &self.0[kind as usize][usize::from(keeps_records)][mode as usize]
    }

    /// The same server in the other mode.
    pub(crate) fn other_mode_of(&self, case: &Case<'_>) -> &Engine {
        let mode = match case.mode() {
            Mode::Stateless => Mode::Stateful,
            Mode::ModernOnly | Mode::Stateful | Mode::Trusting => Mode::Stateless,
            Mode::StatefulSse | Mode::TrustingSse => Mode::ModernOnly,
        };
        self.of(case.server(), case.records(), mode)
    }

    fn policy(&self, kind: ServerKind) -> &BearerPolicy {
        match self.of(kind, false, Mode::Stateless).auth() {
            AuthPolicy::Bearer(policy) => policy,
            AuthPolicy::Open | AuthPolicy::Custom(_) => unreachable!("this server asks for tokens"),
        }
    }

    /// What every token has to be like.
    pub(crate) fn rules(&self) -> &TokenRules {
        self.policy(ServerKind::Guarded).issuers().get(0).expect("one issuer")
    }

    /// What the tokens of two issuers have to be like.
    pub(crate) fn issuers(&self) -> &Issuers {
        self.policy(ServerKind::TwoIssuers).issuers()
    }

    /// What every proof has to be like.
    pub(crate) fn proof_rules(&self) -> &DpopRules {
        self.policy(ServerKind::BoundAllowed).dpop().expect("this server takes proofs").rules()
    }
}

fn auth(kind: ServerKind) -> AuthPolicy {
    match kind.guard() {
        Guard::None => AuthPolicy::Open,
        Guard::Tokens => AuthPolicy::Bearer(bearer(kind)),
        Guard::Own => AuthPolicy::Custom(custom(kind)),
    }
}

fn bearer(kind: ServerKind) -> BearerPolicy {
    let mut builder = BearerPolicy::trusting(IssuerPolicy::new(ISSUER, AUDIENCE).leeway_seconds(LEEWAY))
        .implies("mcp:admin", "mcp:use")
        .implies("files:write", "files:read");
    if kind == ServerKind::TwoIssuers {
        let other = IssuerPolicy::new(OTHER_ISSUER, OTHER_AUDIENCE)
            .leeway_seconds(OTHER_LEEWAY)
            .algorithms(AlgorithmSet::of(&[Algorithm::EdDsa]))
            .profile(Profile::Compatible);
        builder = builder.issuer(other);
    }
    builder = match kind.bound() {
        Bound::Refused => builder,
        Bound::Allowed => {
            let algorithms = AlgorithmSet::of(&[Algorithm::Es256, Algorithm::EdDsa]);
            builder.dpop(DpopPolicy::allowed().algorithms(algorithms))
        }
        Bound::Required => builder.dpop(DpopPolicy::required().past_seconds(PAST).future_seconds(FUTURE)),
    };
    kind.baseline().iter().fold(builder, |builder, scope| builder.scope(*scope)).build().expect("a policy")
}

fn custom(kind: ServerKind) -> CustomPolicy {
    let mut builder =
        CustomPolicy::builder().implies("mcp:admin", "mcp:use").implies("files:write", "files:read");
    if kind.publishes_metadata() {
        builder = builder.resource(AUDIENCE).authorization_server(ISSUER);
    } else {
        builder = builder
            .challenge_scheme(kind.scheme())
            .credential_field(http::HeaderName::from_static("x-api-key"));
    }
    kind.baseline().iter().fold(builder, |builder, scope| builder.scope(*scope)).build().expect("a policy")
}

/// What is said of sessions; where there are none, it says nothing.
fn sessions(mode: Mode) -> SessionPolicy {
    const MICROS: u64 = 1_000_000;
    let mut policy = SessionPolicy::default();
    if mode.trusts_sessions() {
        policy.auth = SessionAuth::InitializeOnly;
    }
    if mode.has_old_paths() || !mode.keeps_sessions() {
        policy.legacy_sse = Some(LegacySse::default());
    }
    policy.idle_micros = IDLE_SECONDS * MICROS;
    policy.life_micros = LIFE_SECONDS * MICROS;
    policy.streams_max = STREAMS_MAX;
    policy.calls_max = CALLS_MAX;
    policy.subscriptions_max = SUBSCRIPTIONS_MAX;
    assert_eq!(policy.handshake_bytes_max, HANDSHAKE_BYTES_MAX, "the ordinary limit");
    policy
}

fn engine(kind: ServerKind, keeps_records: bool, mode: Mode) -> Engine {
    let info = Implementation {
        name: "walk".into(),
        title: Some("The walk".into()),
        version: "1".into(),
        description: Some("Goes everywhere".into()),
        website_url: Some("https://walk.example".into()),
        icons: vec![icon()],
    };
    let mut builder = EngineBuilder::new(info, auth(kind));
    // What is the default is not said.
    if mode == Mode::ModernOnly {
        builder.mode = mcp_proto::Mode::ModernOnly;
    }
    if mode.keeps_sessions() {
        builder.mode = mcp_proto::Mode::Stateful;
    }
    builder.sessions = sessions(mode);
    builder.keeps_records = keeps_records;
    builder.instructions = Some(INSTRUCTIONS.into());
    builder.limits.page_items = kind.page_items();
    let mut spec = if kind == ServerKind::Bare { CatalogSpec::default() } else { catalog() };
    if kind.guard() == Guard::None {
        spec = without_scopes(spec);
    }
    builder.visibility = match kind.shows() {
        Shows::Everything => Visibility::Everything,
        Shows::Permitted => Visibility::ByScope,
        Shows::PermittedAndChosen => Visibility::ByApplication,
    };
    if kind.shows() != Shows::Everything {
        // An application that would have its lists shared must not get its way.
        spec.list_caching = Some(Caching { ttl_millis: 1000, scope: CacheScope::Public });
    }
    builder.build(&spec).expect("an engine")
}
