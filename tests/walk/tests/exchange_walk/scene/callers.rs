//! The scenes about who calls: several issuers, proofs of possession, the application's verifier,
//! lists that depend on the caller, records.

use std::mem;

use super::{Messages, Scene, ServerKind, VERDICTS, first, operations, verdict};
use crate::{
    fields::{self, CredentialMeans, Entry, ProofField, QUERIES},
    listed::CHOSEN,
    messages::{
        COMPLETE_ENVELOPE, Id, MethodField, NO_ENVELOPE, NameField, ONE, OPERATIONS, Operation, PAGES,
    },
    scene::Verdict,
    tokens::{
        EXPIRES, GRANTS, ISSUED, LEEWAY, Mints, NOON, OTHER_CERTIFICATE, OTHER_LEEWAY, OWN_CERTIFICATE, PAST,
        Token, all_proofs, bound_tokens, issuers_tokens, ordinary_proofs,
    },
};

/// Every scene about callers.
pub(super) fn scenes(mints: &Mints<'_>) -> Vec<Scene> {
    vec![
        issuers(mints),
        proofs(mints),
        presented(mints),
        certificates(mints),
        application(mints),
        pages(mints),
        hidden_items(mints),
        records(mints),
    ]
}

fn texts(tokens: &[Token]) -> Vec<String> {
    tokens.iter().map(|token| token.text.clone()).collect()
}

fn plain_messages(operations: Vec<&'static Operation>) -> Messages<'static> {
    Messages {
        operations,
        method_fields: &[MethodField::Equal],
        name_fields: &[NameField::Equal],
        envelopes: vec![&COMPLETE_ENVELOPE],
        ids: &[ONE],
    }
}

/// Every token of two issuers around the edges of the leeway of each.
fn issuers(mints: &Mints<'_>) -> Scene {
    Scene {
        verdicts: first(&VERDICTS, 2),
        clocks: vec![
            NOON,
            ISSUED - LEEWAY - 1,
            ISSUED - LEEWAY,
            ISSUED - OTHER_LEEWAY - 1,
            ISSUED - OTHER_LEEWAY,
            EXPIRES + OTHER_LEEWAY - 1,
            EXPIRES + OTHER_LEEWAY,
            EXPIRES + LEEWAY - 1,
            EXPIRES + LEEWAY,
        ],
        records: vec![false, true],
        ..Scene::plain("issuers", ServerKind::TwoIssuers, issuers_tokens(mints.issuers))
    }
}

/// Every proof with every binding, at the edges of the times of both.
fn proofs(mints: &Mints<'_>) -> Scene {
    let specs = all_proofs();
    let plain =
        Scene::plain("proofs", ServerKind::BoundAllowed, bound_tokens(&mints.tokens, &mints.proofs, &specs));
    Scene {
        servers: vec![ServerKind::BoundAllowed, ServerKind::BoundRequired],
        credentials: fields::bound(&texts(&plain.tokens))
            .into_iter()
            .filter(|entry| matches!(entry.means, CredentialMeans::Bound(_)))
            .collect(),
        proof_fields: (0..specs.len()).map(ProofField::Is).collect(),
        verdicts: vec![Verdict::Proven],
        clocks: vec![NOON, NOON + PAST, NOON + PAST + 1, EXPIRES + LEEWAY - 1, EXPIRES + LEEWAY],
        ..plain
    }
}

/// Every way to present a token, on servers that take proofs and such that do not, with everything
/// that a verifier can report.
fn presented(mints: &Mints<'_>) -> Scene {
    let specs = ordinary_proofs();
    let plain = Scene::plain(
        "presented",
        ServerKind::BoundAllowed,
        bound_tokens(&mints.tokens, &mints.proofs, &specs),
    );
    let texts = texts(&plain.tokens);
    let sent = (0..specs.len()).map(ProofField::Is);
    let not_sent = [ProofField::Absent, ProofField::Unreadable, ProofField::Repeated];
    Scene {
        servers: vec![ServerKind::BoundAllowed, ServerKind::BoundRequired, ServerKind::Guarded],
        queries: vec![QUERIES[0], QUERIES[3]],
        credentials: [
            fields::credentials(&texts)
                .into_iter()
                // To a server that takes proofs, this is a token like any other.
                .filter(|entry| entry.means != CredentialMeans::OtherScheme)
                .collect(),
            fields::bound(&texts),
            fields::other_schemes(),
        ]
        .concat(),
        proof_fields: sent.chain(not_sent).collect(),
        verdicts: verdict::all(1),
        origins: first(&fields::origins(), 2),
        ..plain
    }
}

/// Every binding on connections with the right certificate, with another one, and with none.
fn certificates(mints: &Mints<'_>) -> Scene {
    let specs = first(&ordinary_proofs(), 2);
    let plain = Scene::plain(
        "certificates",
        ServerKind::BoundAllowed,
        bound_tokens(&mints.tokens, &mints.proofs, &specs),
    );
    let texts = texts(&plain.tokens);
    let mut credentials = [fields::credentials(&texts), fields::bound(&texts)].concat();
    credentials.retain(|entry| matches!(entry.means, CredentialMeans::Token(_) | CredentialMeans::Bound(_)));
    Scene {
        servers: vec![ServerKind::BoundAllowed, ServerKind::BoundRequired, ServerKind::Guarded],
        credentials,
        proof_fields: (0..specs.len()).map(ProofField::Is).collect(),
        verdicts: vec![Verdict::Proven, Verdict::GoodSignature, Verdict::BadSignature],
        certificates: vec![None, Some(OWN_CERTIFICATE), Some(OTHER_CERTIFICATE)],
        clocks: vec![NOON, EXPIRES + LEEWAY],
        records: vec![false, true],
        ..plain
    }
}

/// Nobody but the application looks at them, so one does for all that mean the same.
fn one_of_each(credentials: Vec<Entry<CredentialMeans>>) -> Vec<Entry<CredentialMeans>> {
    let mut kinds: Vec<Entry<CredentialMeans>> = Vec::new();
    for entry in credentials {
        let is_new =
            !kinds.iter().any(|kind| mem::discriminant(&kind.means) == mem::discriminant(&entry.means));
        if is_new {
            kinds.push(entry);
        }
    }
    kinds
}

/// Everything that the application's verifier, or something in its place, can report.
fn application(mints: &Mints<'_>) -> Scene {
    let tokens = bound_tokens(&mints.tokens, &mints.proofs, &first(&ordinary_proofs(), 1));
    let plain = Scene::plain("application", ServerKind::Own, tokens);
    let texts = texts(&plain.tokens);
    let credentials = [fields::credentials(&texts), fields::bound(&texts)].concat();
    Scene {
        servers: vec![ServerKind::Own, ServerKind::OwnUnpublished],
        queries: vec![QUERIES[0], QUERIES[2], QUERIES[3], QUERIES[4]],
        credentials: one_of_each(credentials),
        verdicts: verdict::all(GRANTS.len()),
        clocks: vec![NOON, EXPIRES - 1, EXPIRES, u64::MAX],
        origins: first(&fields::origins(), 2),
        records: vec![false, true],
        ..plain
    }
    .with_messages(&plain_messages(operations(&["tools/call", "tools/list", "server/discover"])))
}

/// Every page of every list, for every grant.
fn pages(mints: &Mints<'_>) -> Scene {
    Scene {
        servers: vec![
            ServerKind::ListedByScope,
            ServerKind::ListedByApplication,
            ServerKind::OpenListed,
            ServerKind::Guarded,
            ServerKind::Open,
        ],
        chosen: CHOSEN.to_vec(),
        accepts: fields::accepts(),
        records: vec![false, true],
        ..Scene::plain("pages", ServerKind::ListedByScope, mints.tokens.grants())
    }
    .with_messages(&plain_messages(PAGES.iter().collect()))
}

/// What is not listed is called like anything else.
fn hidden_items(mints: &Mints<'_>) -> Scene {
    Scene {
        servers: vec![ServerKind::ListedByScope, ServerKind::ListedByApplication, ServerKind::OpenListed],
        chosen: CHOSEN.to_vec(),
        ..Scene::plain("hidden items", ServerKind::ListedByScope, mints.tokens.grants())
    }
    .with_messages(&plain_messages(OPERATIONS.iter().collect()))
}

/// What every server writes down about every request.
fn records(mints: &Mints<'_>) -> Scene {
    let tokens = bound_tokens(&mints.tokens, &mints.proofs, &first(&ordinary_proofs(), 2));
    let plain = Scene::plain("records", ServerKind::Guarded, tokens);
    let texts = texts(&plain.tokens);
    let mut credentials = [fields::credentials(&texts), fields::bound(&texts)].concat();
    credentials.retain(|entry| {
        !matches!(
            entry.means,
            CredentialMeans::Malformed
                | CredentialMeans::OtherScheme
                | CredentialMeans::BoundMalformed
                | CredentialMeans::Repeated
        ) && !matches!(entry.means, CredentialMeans::Token(place) | CredentialMeans::Bound(place) if place > 5)
    });
    Scene {
        servers: ServerKind::ALL.to_vec(),
        credentials,
        proof_fields: vec![ProofField::Is(0), ProofField::Is(1)],
        verdicts: vec![
            Verdict::Proven,
            Verdict::GoodSignature,
            Verdict::Accepted(0),
            Verdict::Accepted(1),
            Verdict::Rejected,
        ],
        records: vec![true, false],
        versions: first(&fields::versions(), 2),
        ..plain
    }
    .with_messages(&Messages {
        operations: OPERATIONS.iter().collect(),
        method_fields: &[MethodField::Equal],
        name_fields: &[NameField::Equal],
        envelopes: vec![&COMPLETE_ENVELOPE, &NO_ENVELOPE],
        ids: &[ONE, Id::None],
    })
}
