//! The scenes of the walk.

use http::Method;
use mcp_proto::head::Framing;

use super::{
    ARRIVALS, MODES, Messages, OUTCOMES, Scene, ServerKind, VERDICTS, callers, eras, first, operations,
    ordinary, param_sets, sessions,
};
use crate::{
    fields::{self, AUTHORITIES, CredentialMeans, QUERIES},
    messages::{
        self, COMPLETE_ENVELOPE, ENVELOPES, IDS, Id, METHOD_FIELDS, MethodField, NAME_FIELDS, NO_ENVELOPE,
        NameField, ONE, OPERATIONS, PARAM_SETS, REGION_CALLS,
    },
    tokens::{CLOCKS, Mint, Mints, NOON},
};

/// Every scene.
pub(crate) fn scenes(mints: &Mints<'_>) -> Vec<Scene> {
    let mint = &mints.tokens;
    let mut scenes = vec![
        heads(mint),
        framing(mint),
        credentials(mint),
        refused_bodies(mint),
        flaws(mint),
        pairs_of_flaws(mint),
        times_and_scopes(mint),
        scopes_of_operations(mint),
        ladder(mint),
        ids_and_versions(mint),
        media_types(mint),
        shapes(mint),
        mirrored_params(mint),
        outcomes(mint),
    ];
    scenes.extend(callers::scenes(mints));
    scenes.extend(eras::scenes(mints));
    scenes.extend(sessions::scenes(mints));
    scenes
}

/// Target, verb, Host, authority, Origin and preflight on every server.
fn heads(mint: &Mint<'_>) -> Scene {
    let plain = Scene::plain("heads", ServerKind::Open, mint.best());
    let texts: Vec<_> = plain.tokens.iter().map(|token| token.text.clone()).collect();
    let unusual = Method::from_bytes(b"post").expect("a token");
    Scene {
        modes: MODES.to_vec(),
        servers: ServerKind::ALL.to_vec(),
        framings: vec![Framing::Clear, Framing::Ambiguous],
        paths: vec![
            "/mcp",
            "/.well-known/oauth-protected-resource/mcp",
            "/.well-known/oauth-protected-resource",
            "/ping",
            "/health",
            "/ready",
            "/",
            "/mcp/",
            "/MCP",
            "/.well-known/oauth-protected-resource/",
        ],
        methods: vec![
            Method::POST,
            Method::GET,
            Method::HEAD,
            Method::DELETE,
            Method::OPTIONS,
            Method::PUT,
            Method::PATCH,
            unusual,
        ],
        authorities: AUTHORITIES.to_vec(),
        hosts: fields::hosts(),
        origins: fields::origins(),
        request_methods: fields::presence("POST"),
        credentials: first(&fields::credentials(&texts), 2),
        versions: first(&fields::versions(), 3),
        ..plain
    }
}

/// Everything that a head says of the body, for requests that go on and such that do not.
fn framing(mint: &Mint<'_>) -> Scene {
    let plain = Scene::plain("framing", ServerKind::Open, mint.best());
    let texts: Vec<_> = plain.tokens.iter().map(|token| token.text.clone()).collect();
    let mut credentials = fields::credentials(&texts);
    credentials.retain(|entry| !matches!(entry.means, CredentialMeans::OtherScheme));
    Scene {
        modes: MODES.to_vec(),
        servers: vec![ServerKind::Open, ServerKind::Guarded],
        credentials: first(&credentials, 2),
        verdicts: VERDICTS.to_vec(),
        content_types: fields::content_types(),
        lengths: fields::lengths(),
        transfer_encodings: fields::codings(),
        expects: fields::presence("100-continue"),
        versions: first(&fields::versions(), 5),
        origins: first(&fields::origins(), 2),
        arrivals: ARRIVALS.to_vec(),
        ..plain
    }
}

/// Every shape of credentials with every query.
fn credentials(mint: &Mint<'_>) -> Scene {
    let plain = Scene::plain("credentials", ServerKind::Guarded, mint.best());
    let texts: Vec<_> = plain.tokens.iter().map(|token| token.text.clone()).collect();
    Scene {
        servers: ServerKind::BASIC.to_vec(),
        queries: QUERIES.to_vec(),
        credentials: fields::credentials(&texts),
        verdicts: VERDICTS.to_vec(),
        origins: first(&fields::origins(), 2),
        versions: fields::versions(),
        arrivals: ARRIVALS.to_vec(),
        content_types: first(&fields::content_types(), 2),
        ..plain
    }
}

/// Every body of a request that is refused for its credentials.
fn refused_bodies(mint: &Mint<'_>) -> Scene {
    let plain = Scene::plain("refused bodies", ServerKind::Guarded, mint.grants());
    let texts: Vec<_> = plain.tokens.iter().map(|token| token.text.clone()).collect();
    let mut credentials = fields::credentials(&texts);
    // A token that may do everything, one without scopes, and every other shape.
    credentials.retain(|entry| !matches!(entry.means, CredentialMeans::Token(place) if place > 1));
    Scene {
        modes: MODES.to_vec(),
        credentials,
        queries: vec![QUERIES[0], QUERIES[3]],
        verdicts: VERDICTS.to_vec(),
        versions: fields::versions(),
        specials: messages::specials(),
        batches: messages::ordinary(),
        lengths: [fields::small_length(), first(&fields::lengths(), 1)].concat(),
        ..plain
    }
    .with_messages(&Messages {
        operations: ordinary(),
        method_fields: &[MethodField::Equal],
        name_fields: &[NameField::Equal],
        envelopes: vec![&COMPLETE_ENVELOPE, &NO_ENVELOPE],
        ids: IDS,
    })
}

/// Every flaw of a token at every time.
fn flaws(mint: &Mint<'_>) -> Scene {
    Scene {
        servers: vec![ServerKind::Guarded, ServerKind::Unscoped],
        verdicts: VERDICTS.to_vec(),
        clocks: CLOCKS.to_vec(),
        origins: first(&fields::origins(), 2),
        versions: first(&fields::versions(), 3),
        arrivals: first(&ARRIVALS, 2),
        ..Scene::plain("flaws", ServerKind::Guarded, mint.flaws())
    }
}

/// Every two flaws of a token.
fn pairs_of_flaws(mint: &Mint<'_>) -> Scene {
    Scene {
        servers: vec![ServerKind::Guarded, ServerKind::Unscoped],
        verdicts: VERDICTS.to_vec(),
        clocks: vec![NOON, CLOCKS[10]],
        origins: first(&fields::origins(), 2),
        versions: first(&fields::versions(), 3),
        ..Scene::plain("pairs of flaws", ServerKind::Guarded, mint.pairs_of_flaws())
    }
}

/// Tokens without flaw in every spelling, at every time.
fn times_and_scopes(mint: &Mint<'_>) -> Scene {
    Scene {
        servers: vec![ServerKind::Guarded, ServerKind::Unscoped],
        verdicts: VERDICTS.to_vec(),
        clocks: CLOCKS.to_vec(),
        origins: first(&fields::origins(), 2),
        versions: first(&fields::versions(), 3),
        ..Scene::plain("times and scopes", ServerKind::Guarded, mint.variants())
    }
    .with_messages(&Messages {
        operations: operations(&["tools/call", "tools/list", "ping"]),
        method_fields: &[MethodField::Equal],
        name_fields: &[NameField::Equal],
        envelopes: vec![&COMPLETE_ENVELOPE, &NO_ENVELOPE],
        ids: &[ONE, Id::None],
    })
}

/// Every grant with every operation.
fn scopes_of_operations(mint: &Mint<'_>) -> Scene {
    Scene {
        servers: vec![ServerKind::Guarded, ServerKind::Unscoped],
        origins: first(&fields::origins(), 2),
        versions: first(&fields::versions(), 3),
        clocks: vec![NOON, CLOCKS[9], CLOCKS[10]],
        ..Scene::plain("scopes of operations", ServerKind::Guarded, mint.grants())
    }
    .with_messages(&Messages {
        operations: OPERATIONS.iter().collect(),
        method_fields: &[MethodField::Equal, MethodField::Absent],
        name_fields: &[NameField::Equal, NameField::Absent],
        envelopes: ENVELOPES.iter().take(2).collect(),
        ids: &[ONE, Id::None],
    })
}

/// The body against the fields that mirror it: the whole of section 5.3 and 5.4.
fn ladder(mint: &Mint<'_>) -> Scene {
    Scene { versions: fields::versions(), ..Scene::plain("ladder", ServerKind::Open, mint.best()) }
        .with_messages(&Messages {
            operations: OPERATIONS.iter().collect(),
            method_fields: METHOD_FIELDS,
            name_fields: NAME_FIELDS,
            envelopes: ENVELOPES.iter().collect(),
            ids: &[ONE, Id::None],
        })
}

/// Every id, also of what cannot have one, on every server.
fn ids_and_versions(mint: &Mint<'_>) -> Scene {
    Scene {
        modes: MODES.to_vec(),
        servers: ServerKind::BASIC.to_vec(),
        versions: fields::versions(),
        origins: first(&fields::origins(), 2),
        ..Scene::plain("ids and versions", ServerKind::Open, mint.best())
    }
    .with_messages(&Messages {
        operations: OPERATIONS.iter().collect(),
        method_fields: &[MethodField::Equal],
        name_fields: &[NameField::Equal],
        envelopes: ENVELOPES.iter().take(4).collect(),
        ids: IDS,
    })
}

/// What the client takes with everything that can be answered.
fn media_types(mint: &Mint<'_>) -> Scene {
    Scene {
        servers: vec![ServerKind::Open, ServerKind::Guarded, ServerKind::Bare],
        accepts: fields::accepts(),
        versions: first(&fields::versions(), 3),
        origins: first(&fields::origins(), 2),
        ..Scene::plain("media types", ServerKind::Open, mint.grants())
    }
    .with_messages(&Messages {
        operations: OPERATIONS.iter().collect(),
        method_fields: &[MethodField::Equal],
        name_fields: &[NameField::Equal, NameField::Absent],
        envelopes: ENVELOPES.iter().take(2).collect(),
        ids: &[ONE, Id::None],
    })
}

/// Bodies that are no message.
fn shapes(mint: &Mint<'_>) -> Scene {
    Scene {
        modes: MODES.to_vec(),
        servers: ServerKind::BASIC.to_vec(),
        versions: fields::versions(),
        accepts: fields::accepts(),
        origins: first(&fields::origins(), 2),
        has_messages: false,
        specials: messages::specials(),
        batches: messages::ordinary(),
        ..Scene::plain("shapes", ServerKind::Open, mint.best())
    }
}

/// `Mcp-Param-*` against the arguments.
fn mirrored_params(mint: &Mint<'_>) -> Scene {
    Scene {
        servers: vec![ServerKind::Open, ServerKind::Guarded],
        param_sets: param_sets(PARAM_SETS),
        versions: first(&fields::versions(), 3),
        ..Scene::plain("mirrored params", ServerKind::Open, mint.best())
    }
    .with_messages(&Messages {
        operations: REGION_CALLS.iter().chain(OPERATIONS.iter().take(3)).collect(),
        method_fields: &[MethodField::Equal, MethodField::Other],
        name_fields: NAME_FIELDS,
        envelopes: ENVELOPES.iter().take(2).collect(),
        ids: &[ONE, Id::None],
    })
}

/// What becomes of what a handler comes to.
fn outcomes(mint: &Mint<'_>) -> Scene {
    Scene {
        servers: vec![ServerKind::Guarded, ServerKind::Unscoped],
        accepts: fields::accepts(),
        origins: first(&fields::origins(), 2),
        outcomes: OUTCOMES.to_vec(),
        ..Scene::plain("outcomes", ServerKind::Open, mint.grants())
    }
    .with_messages(&Messages {
        operations: operations(&["tools/call", "prompts/get", "resources/read", "completion/complete"]),
        method_fields: &[MethodField::Equal],
        name_fields: &[NameField::Equal],
        envelopes: vec![&COMPLETE_ENVELOPE],
        ids: &[ONE],
    })
}
