//! The scenes about older revisions: handshakes, requests without envelope, batches.
//!
//! The version field, the envelope, the method and the mode decide together whose rules a request is
//! judged by, so every value of each meets every value of the others. Behind that, a revision meets
//! every grant, every page, everything that a handler comes to and every media type, each in a scene of
//! its own; and credentials meet every kind of body, but of messages only the ordinary ones, since a
//! stranger's body is not read. Batches have every two messages of everything that a request can come
//! to, and every three of the most different.

use super::{MODES, Messages, NOTICES, OUTCOMES, Scene, ServerKind, VERDICTS, first, operations, ordinary};
use crate::{
    fields::{self, AcceptMeans, CredentialMeans, Entry, QUERIES, VersionMeans},
    listed::CHOSEN,
    messages::{
        self, ENVELOPES, HANDSHAKES, IDS, Id, LEGACY_ENVELOPES, LEVELS, MethodField, NO_ENVELOPE, NameField,
        ONE, OPERATIONS, PAGES, REGION_CALLS,
    },
    scene::HandlerOutcome,
    tokens::{Mint, Mints},
};

/// Every scene about eras.
pub(super) fn scenes(mints: &Mints<'_>) -> Vec<Scene> {
    let mint = &mints.tokens;
    vec![
        handshakes(mint),
        old_requests(mint),
        old_scopes(mint),
        old_pages(mint),
        old_outcomes(mint),
        heard(mint),
        pairs(mint),
        triples(mint),
        arrays(mint),
        outcomes_of_batches(mint),
        strangers(mint),
    ]
}

/// One of each meaning: both types, either, none.
pub(super) fn few_accepts() -> Vec<Entry<AcceptMeans>> {
    let mut few: Vec<Entry<AcceptMeans>> = Vec::new();
    for entry in fields::accepts() {
        if !few.iter().any(|other| other.means == entry.means) {
            few.push(entry);
        }
    }
    few
}

/// The versions that leave a request without envelope to older revisions, the newest first.
fn old_versions() -> Vec<Entry<VersionMeans>> {
    fields::versions().into_iter().filter(|entry| entry.means.legacy().is_some()).collect()
}

/// No version, and the one that has batches.
fn batch_versions() -> Vec<Entry<VersionMeans>> {
    let has_batches = |entry: &Entry<VersionMeans>| {
        [VersionMeans::Absent, VersionMeans::Names("2025-03-26")].contains(&entry.means)
    };
    fields::versions().into_iter().filter(has_batches).collect()
}

/// Everything that `initialize` can say, with every field and envelope that may contradict it.
fn handshakes(mint: &Mint<'_>) -> Scene {
    Scene {
        servers: vec![ServerKind::Open, ServerKind::Bare],
        modes: MODES.to_vec(),
        versions: fields::versions(),
        accepts: few_accepts(),
        ..Scene::plain("handshakes", ServerKind::Open, mint.best())
    }
    .with_messages(&Messages {
        operations: HANDSHAKES.iter().collect(),
        method_fields: &[MethodField::Equal, MethodField::Other, MethodField::Absent],
        name_fields: &[NameField::Equal],
        envelopes: LEGACY_ENVELOPES.iter().collect(),
        ids: &[ONE, Id::None],
    })
}

/// Every request with every version and envelope, in both modes.
fn old_requests(mint: &Mint<'_>) -> Scene {
    Scene {
        servers: vec![ServerKind::Open, ServerKind::Bare],
        modes: MODES.to_vec(),
        versions: fields::versions(),
        ..Scene::plain("old requests", ServerKind::Open, mint.best())
    }
    .with_messages(&Messages {
        operations: OPERATIONS.iter().chain(LEVELS).chain(REGION_CALLS).collect(),
        method_fields: &[MethodField::Equal, MethodField::Other],
        name_fields: &[NameField::Equal, NameField::Other],
        envelopes: LEGACY_ENVELOPES.iter().collect(),
        ids: &[ONE, Id::None],
    })
}

/// Every grant with every old request, in every revision.
fn old_scopes(mint: &Mint<'_>) -> Scene {
    Scene {
        servers: vec![
            ServerKind::Guarded,
            ServerKind::Unscoped,
            ServerKind::ListedByScope,
            ServerKind::ListedByApplication,
        ],
        versions: old_versions(),
        accepts: few_accepts(),
        ..Scene::plain("old scopes", ServerKind::Guarded, mint.grants())
    }
    .with_messages(&Messages {
        operations: OPERATIONS.iter().chain(HANDSHAKES.iter().take(5)).collect(),
        method_fields: &[MethodField::Equal],
        name_fields: &[NameField::Equal],
        envelopes: vec![&NO_ENVELOPE],
        ids: &[ONE, Id::None],
    })
}

/// Every page of every list in every revision, for every grant.
fn old_pages(mint: &Mint<'_>) -> Scene {
    Scene {
        servers: vec![
            ServerKind::ListedByScope,
            ServerKind::ListedByApplication,
            ServerKind::OpenListed,
            ServerKind::Guarded,
            ServerKind::Open,
        ],
        versions: old_versions(),
        chosen: CHOSEN.to_vec(),
        accepts: few_accepts(),
        records: vec![false, true],
        ..Scene::plain("old pages", ServerKind::ListedByScope, mint.grants())
    }
    .with_messages(&Messages {
        operations: PAGES.iter().collect(),
        method_fields: &[MethodField::Equal],
        name_fields: &[NameField::Equal],
        envelopes: vec![&NO_ENVELOPE],
        ids: &[ONE],
    })
}

/// What becomes of what a handler comes to, in every revision.
fn old_outcomes(mint: &Mint<'_>) -> Scene {
    Scene {
        servers: vec![ServerKind::Unscoped, ServerKind::Guarded],
        versions: old_versions(),
        accepts: fields::accepts(),
        origins: first(&fields::origins(), 2),
        outcomes: OUTCOMES.to_vec(),
        records: vec![false, true],
        ..Scene::plain("old outcomes", ServerKind::Open, mint.best())
    }
    .with_messages(&Messages {
        operations: operations(&["tools/call", "prompts/get", "resources/read", "completion/complete"]),
        method_fields: &[MethodField::Absent],
        name_fields: &[NameField::Absent],
        envelopes: vec![&NO_ENVELOPE],
        ids: &[ONE, Id::Good(r#""1""#)],
    })
}

/// What the client hears of what a handler tells while it runs.
fn heard(mint: &Mint<'_>) -> Scene {
    Scene {
        modes: MODES.to_vec(),
        versions: fields::versions(),
        accepts: few_accepts(),
        notices: NOTICES.to_vec(),
        outcomes: vec![HandlerOutcome::Done, HandlerOutcome::BadArguments, HandlerOutcome::Failed],
        ..Scene::plain("heard", ServerKind::Open, mint.best())
    }
    .with_messages(&Messages {
        operations: operations(&["tools/call", "prompts/get", "resources/read", "completion/complete"]),
        method_fields: &[MethodField::Equal],
        name_fields: &[NameField::Equal],
        envelopes: ENVELOPES.iter().take(7).chain(LEGACY_ENVELOPES.iter().take(5)).collect(),
        ids: &[ONE],
    })
}

/// Fields that mirror something else than what is in the body, which before 2026-07-28 they need not.
fn contradicting() -> Messages<'static> {
    Messages {
        operations: ordinary(),
        method_fields: &[MethodField::Other],
        name_fields: &[NameField::Other],
        envelopes: vec![&NO_ENVELOPE],
        ids: &[ONE],
    }
}

/// Every two messages in one body, for every grant.
fn pairs(mint: &Mint<'_>) -> Scene {
    Scene {
        servers: vec![
            ServerKind::Guarded,
            ServerKind::ListedByScope,
            ServerKind::ListedByApplication,
            ServerKind::Unscoped,
            ServerKind::Open,
            ServerKind::OpenListed,
            ServerKind::Bare,
        ],
        versions: first(&batch_versions(), 1),
        accepts: few_accepts(),
        has_messages: false,
        batches: messages::pairs(),
        ..Scene::plain("pairs in a batch", ServerKind::Guarded, mint.grants())
    }
    .with_messages(&contradicting())
}

/// Every three messages that differ, and batches as long as they may be.
fn triples(mint: &Mint<'_>) -> Scene {
    Scene {
        servers: vec![ServerKind::Guarded, ServerKind::ListedByApplication, ServerKind::OpenListed],
        versions: first(&batch_versions(), 1),
        accepts: few_accepts(),
        chosen: first(&CHOSEN, 3),
        has_messages: false,
        batches: messages::triples(),
        ..Scene::plain("more in a batch", ServerKind::Guarded, mint.grants())
    }
    .with_messages(&contradicting())
}

/// What is refused as a whole, and what is not, with every version in both modes.
fn arrays(mint: &Mint<'_>) -> Scene {
    Scene {
        servers: ServerKind::BASIC.to_vec(),
        modes: MODES.to_vec(),
        versions: fields::versions(),
        accepts: few_accepts(),
        origins: first(&fields::origins(), 2),
        records: vec![false, true],
        has_messages: false,
        batches: messages::flawed().into_iter().chain(messages::ordinary()).collect(),
        ..Scene::plain("arrays", ServerKind::Open, mint.best())
    }
    .with_messages(&contradicting())
}

/// What becomes of what the handlers of a batch come to, and of what they tell.
fn outcomes_of_batches(mint: &Mint<'_>) -> Scene {
    let is_of_one = |outcome: &HandlerOutcome| *outcome != HandlerOutcome::Overloaded;
    Scene {
        versions: batch_versions().split_off(1),
        accepts: few_accepts(),
        outcomes: OUTCOMES.to_vec(),
        later_outcomes: OUTCOMES.into_iter().filter(is_of_one).collect(),
        notices: NOTICES.to_vec(),
        records: vec![true],
        has_messages: false,
        batches: messages::calls(),
        ..Scene::plain("outcomes of batches", ServerKind::Guarded, mint.best())
    }
}

/// Who is not let in is told nothing of eras: every credential with every kind of body.
fn strangers(mint: &Mint<'_>) -> Scene {
    let plain = Scene::plain("strangers", ServerKind::Guarded, mint.grants());
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
        accepts: few_accepts(),
        batches: messages::ordinary(),
        ..plain
    }
    .with_messages(&Messages {
        operations: ordinary().into_iter().chain(HANDSHAKES.iter().take(1)).collect(),
        method_fields: &[MethodField::Equal],
        name_fields: &[NameField::Equal],
        envelopes: vec![&NO_ENVELOPE],
        ids: IDS,
    })
}
