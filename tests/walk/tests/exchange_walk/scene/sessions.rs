//! The scenes about sessions.
//!
//! Which session is named, what has become of it, who opened it and who asks meet in every combination, by
//! every verb, with every version field and with one body of each kind; so do credentials of every shape
//! with what is named. In a session that is found, every operation meets every grant, of the request where
//! it is verified and of the opener where it is not, in every revision; so do handshakes and what speaks
//! against them, batches, what handlers come to and what they tell. HTTP+SSE has the same on its two paths.

use std::sync::Arc;

use http::Method;
use mcp_proto::{Principal, UnixSeconds, auth::scope::Scopes, exchange::Facts};

use super::{
    MODES, Messages, Mode, NOTICES, OUTCOMES, Opener, ROOMS, Scene, ServerKind, State, VERDICTS,
    eras::few_accepts, first, operations, ordinary, verdict::Verdict,
};
use crate::{
    case::OF_APPLICATION,
    fields::{self, CredentialMeans, Entry, EventMeans, QUERIES, SessionMeans, VersionMeans},
    messages::{
        self, COMPLETE_ENVELOPE, ENVELOPES, HANDSHAKES, Id, LEGACY_ENVELOPES, LEVELS, LONG_HANDSHAKES,
        MethodField, NO_ENVELOPE, NameField, ONE, OPERATIONS, Operation, PAGES, SUBSCRIPTIONS,
    },
    scene::HandlerOutcome,
    surface::Revision,
    tokens::{EXPIRES, GRANTS, Grant, Mint, Mints, Party, Token, issuers_parties},
};

const OPENED: [Mode; 2] = [Mode::Stateful, Mode::Trusting];
const WITH_PATHS: [Mode; 2] = [Mode::StatefulSse, Mode::TrustingSse];
const OLD: [Revision; 4] = [Revision::D, Revision::C, Revision::B, Revision::A];

/// Every scene about sessions.
pub(super) fn scenes(mints: &Mints<'_>) -> Vec<Scene> {
    let mut scenes = vec![
        heads_of_sessions(mints),
        strangers(mints),
        opened(mints),
        kept_out(mints),
        verified(mints),
        trusted(mints),
        pages(mints),
        outcomes(mints),
        heard(mints),
        batches(mints),
        batches_in_other_sessions(mints),
        modern(mints),
        connected(mints),
        posted(mints),
        queries(mints),
        outcomes_of_posted(mints),
    ];
    scenes.extend(found(mints));
    scenes
}

/// A request for a session in which a call has told something.
pub(crate) fn where_something_is_told(mint: &Mint<'_>) -> Scene {
    Scene { states: vec![State::Told], ..Scene::plain("something is told", ServerKind::Open, mint.best()) }
}

/// Who may have opened a session, the caller first.
fn openers(mints: &Mints<'_>, server: ServerKind) -> Vec<Opener> {
    match server {
        ServerKind::Own | ServerKind::OwnUnpublished => recognised(),
        ServerKind::TwoIssuers => of_tokens(&issuers_parties(mints.issuers)),
        _ => of_tokens(&mints.tokens.parties()),
    }
}

/// As [`openers`], without the one that differs by nothing but less scopes.
fn other_openers(mints: &Mints<'_>, server: ServerKind) -> Vec<Opener> {
    let mut openers = openers(mints, server);
    let everything = openers.first().map(|opener| opener.grant);
    openers.retain(|opener| Some(opener.grant) == everything);
    openers
}

fn of_tokens(tokens: &[Token]) -> Vec<Opener> {
    tokens.iter().map(Opener::with_token).collect()
}

/// Others than whom the application recognises, each in one part.
fn recognised() -> Vec<Opener> {
    let opener = |party: Party, grant: Grant| {
        let (issuer, subject, client) = party.parts();
        let scopes = Scopes::parse(&grant.listed.join(" "));
        let principal = Principal::new(issuer, subject, client, scopes, UnixSeconds(EXPIRES));
        Opener::recognised(party, grant, Facts::Accepted(Arc::new(principal)))
    };
    let [everything, _, _, base, ..] = GRANTS;
    vec![
        opener(OF_APPLICATION, everything),
        opener(OF_APPLICATION, base),
        opener(Party { issuer: "https://other.example", ..OF_APPLICATION }, everything),
        opener(Party { subject: "dave", ..OF_APPLICATION }, everything),
        opener(Party { client: "lobby", ..OF_APPLICATION }, everything),
        opener(Party { subject: "carolk", client: "iosk", ..OF_APPLICATION }, everything),
        opener(Party { issuer: "https://app.examplec", subject: "arol", ..OF_APPLICATION }, everything),
    ]
}

fn some_grants(mints: &Mints<'_>, count: usize) -> Vec<Token> {
    let mut tokens = mints.tokens.grants();
    tokens.truncate(count);
    tokens
}

/// A session field for each meaning.
fn few_sessions() -> Vec<Entry<SessionMeans>> {
    let mut few: Vec<Entry<SessionMeans>> = Vec::new();
    for entry in fields::session_fields() {
        if !few.iter().any(|other| other.means == entry.means) {
            few.push(entry);
        }
    }
    few
}

/// The field that names the session that was opened.
fn ours() -> Vec<Entry<SessionMeans>> {
    let mut fields = fields::session_fields();
    fields.retain(|entry| entry.means == SessionMeans::Ours);
    fields
}

/// One version field for each way in which they are judged.
fn few_versions() -> Vec<Entry<VersionMeans>> {
    let is_one = |entry: &Entry<VersionMeans>| {
        let few = ["2026-07-28", "2025-11-25", "v999.0.0"];
        match entry.means {
            VersionMeans::Names(version) => few.contains(&version),
            VersionMeans::Absent | VersionMeans::Repeated => true,
            VersionMeans::Unreadable => false,
        }
    };
    let mut few: Vec<_> = fields::versions().into_iter().filter(is_one).collect();
    let mut has_modern = false;
    few.retain(|entry| !entry.means.is_modern() || !std::mem::replace(&mut has_modern, true));
    few
}

/// The versions of which sessions can be, and one that is none.
fn old_versions() -> Vec<Entry<VersionMeans>> {
    let is_one = |entry: &Entry<VersionMeans>| {
        entry.means.legacy().is_some() || entry.means == VersionMeans::Names("v999.0.0")
    };
    fields::versions().into_iter().filter(is_one).collect()
}

fn of_messages<'i>(operations: Vec<&'static Operation>, ids: &'i [Id]) -> Messages<'i> {
    Messages {
        operations,
        method_fields: &[MethodField::Equal],
        name_fields: &[NameField::Equal],
        envelopes: vec![&NO_ENVELOPE],
        ids,
    }
}

fn callers(mints: &Mints<'_>, server: ServerKind) -> Vec<Token> {
    match server {
        ServerKind::TwoIssuers => issuers_parties(mints.issuers),
        _ => mints.tokens.best(),
    }
}

/// One body of each kind: what is served at once and what is not, and what is no single request.
fn one_of_each_kind(scene: Scene) -> Scene {
    let mut specials = messages::specials();
    specials.retain(|special| special.body.len() < 100 && special.body.contains(&b'j'));
    let mut kinds: Vec<messages::Special> = Vec::new();
    for special in specials {
        if !kinds.iter().any(|other| other.flaw == special.flaw && other.id.is_some() == special.id.is_some())
        {
            kinds.push(special);
        }
    }
    Scene { specials: kinds, batches: messages::ordinary(), ..scene }.with_messages(&Messages {
        envelopes: vec![&NO_ENVELOPE, &COMPLETE_ENVELOPE],
        ..of_messages(
            ordinary().into_iter().chain(HANDSHAKES.iter().take(1)).chain(operations(&["ping"])).collect(),
            &[ONE, Id::None],
        )
    })
}

/// Who asks for which session, on every kind of server.
fn found(mints: &Mints<'_>) -> Vec<Scene> {
    let scene = |name, server, verdicts: Vec<Verdict>| {
        let mut states = State::ALL.to_vec();
        states.retain(|state| *state != State::Unintroduced);
        one_of_each_kind(Scene {
            modes: OPENED.to_vec(),
            methods: vec![Method::POST, Method::GET, Method::DELETE],
            verdicts,
            versions: few_versions()
                .into_iter()
                .filter(|entry| entry.means != VersionMeans::Names("2025-11-25"))
                .collect(),
            session_fields: few_sessions(),
            event_fields: few_events(mints),
            states,
            openers: other_openers(mints, server),
            session_revisions: vec![Revision::B],
            ..Scene::plain(name, server, callers(mints, server))
        })
    };
    vec![
        scene("sessions of tokens", ServerKind::Guarded, first(&VERDICTS, 1)),
        scene("sessions of strangers", ServerKind::Open, first(&VERDICTS, 1)),
        scene("sessions of two issuers", ServerKind::TwoIssuers, first(&VERDICTS, 1)),
        scene("sessions of an application", ServerKind::Own, vec![Verdict::Accepted(0)]),
    ]
}

/// One `Last-Event-ID` of each meaning.
fn few_events(mints: &Mints<'_>) -> Vec<Entry<EventMeans>> {
    first(&mints.events, 4)
}

/// Every id that is none of a session, and every event that is none, by every verb.
fn kept_out(mints: &Mints<'_>) -> Scene {
    Scene {
        servers: vec![ServerKind::Guarded],
        modes: OPENED.to_vec(),
        methods: vec![Method::POST, Method::GET, Method::DELETE],
        session_fields: fields::session_fields(),
        event_fields: mints.events.clone(),
        states: vec![State::Ready, State::Told],
        openers: first(&openers(mints, ServerKind::Guarded), 2),
        session_revisions: OLD.to_vec(),
        versions: few_versions().into_iter().chain(fields::versions().into_iter().skip(8)).collect(),
        accepts: few_accepts(),
        records: vec![false, true],
        ..Scene::plain("ids of sessions and of events", ServerKind::Guarded, mints.tokens.best())
    }
}

/// Every path and verb of servers that keep sessions.
fn heads_of_sessions(mints: &Mints<'_>) -> Scene {
    Scene {
        servers: vec![ServerKind::Guarded, ServerKind::Open],
        modes: Mode::ALL.to_vec(),
        paths: vec!["/mcp", "/sse", "/messages", "/sse/", "/Messages", "/ping"],
        methods: vec![
            Method::POST,
            Method::GET,
            Method::HEAD,
            Method::DELETE,
            Method::OPTIONS,
            Method::PUT,
            Method::PATCH,
        ],
        hosts: first(&fields::hosts(), 2)
            .into_iter()
            .chain(fields::hosts().into_iter().skip(5).take(2))
            .collect(),
        origins: fields::origins(),
        request_methods: fields::presence("DELETE"),
        versions: first(&fields::versions(), 3),
        session_fields: few_sessions(),
        openers: first(&openers(mints, ServerKind::Guarded), 1),
        ..Scene::plain("heads of sessions", ServerKind::Guarded, mints.tokens.best())
    }
}

/// Credentials of every shape with every session: who is not let in learns nothing of any.
fn strangers(mints: &Mints<'_>) -> Scene {
    let plain = Scene::plain("strangers and sessions", ServerKind::Guarded, mints.tokens.grants());
    let texts: Vec<_> = plain.tokens.iter().map(|token| token.text.clone()).collect();
    let mut credentials = fields::credentials(&texts);
    // A token that may do everything, one without scopes, and every other shape.
    credentials.retain(|entry| !matches!(entry.means, CredentialMeans::Token(place) if place > 1));
    Scene {
        modes: OPENED.to_vec(),
        methods: vec![Method::POST, Method::GET, Method::DELETE],
        credentials,
        queries: vec![QUERIES[0], QUERIES[3]],
        verdicts: VERDICTS.to_vec(),
        versions: first(&fields::versions(), 3),
        lengths: [fields::small_length(), first(&fields::lengths(), 1)].concat(),
        session_fields: few_sessions(),
        states: vec![State::Ready, State::Ended],
        openers: openers(mints, ServerKind::Guarded),
        records: vec![false, true],
        ..plain
    }
    .with_messages(&Messages {
        envelopes: vec![&NO_ENVELOPE, &COMPLETE_ENVELOPE],
        ..of_messages(ordinary().into_iter().chain(HANDSHAKES.iter().take(1)).collect(), &[ONE, Id::None])
    })
}

/// Every handshake, with everything that may speak against it.
fn opened(mints: &Mints<'_>) -> Scene {
    Scene {
        servers: vec![ServerKind::Guarded, ServerKind::Open, ServerKind::Bare],
        modes: OPENED.to_vec(),
        versions: fields::versions(),
        accepts: few_accepts().into_iter().step_by(2).collect(),
        rooms: ROOMS.to_vec(),
        session_fields: first(&few_sessions(), 2),
        openers: first(&openers(mints, ServerKind::Guarded), 1),
        ..Scene::plain("sessions that are opened", ServerKind::Guarded, mints.tokens.best())
    }
    .with_messages(&Messages {
        envelopes: LEGACY_ENVELOPES.iter().take(4).chain(LEGACY_ENVELOPES.iter().skip(13)).collect(),
        ..of_messages(HANDSHAKES.iter().chain(LONG_HANDSHAKES.iter()).collect(), &[ONE, Id::None])
    })
}

fn everything_to_ask() -> Vec<&'static Operation> {
    OPERATIONS.iter().chain(LEVELS).chain(SUBSCRIPTIONS).collect()
}

/// Every operation for every grant of the request, in every revision.
fn verified(mints: &Mints<'_>) -> Scene {
    Scene {
        servers: vec![ServerKind::Guarded, ServerKind::Unscoped],
        modes: vec![Mode::Stateful],
        versions: old_versions()
            .into_iter()
            .filter(|entry| entry.means != VersionMeans::Absent)
            .step_by(2)
            .collect(),
        session_fields: ours(),
        openers: first(&openers(mints, ServerKind::Guarded), 2),
        session_revisions: OLD.to_vec(),
        ..Scene::plain("in sessions, verified", ServerKind::Guarded, some_grants(mints, 9))
    }
    .with_messages(&of_messages(everything_to_ask(), &[ONE]))
}

/// Every operation for every grant of the opener, in every revision.
fn trusted(mints: &Mints<'_>) -> Scene {
    let mut openers = of_tokens(&mints.tokens.grants());
    openers.retain(|opener| opener.grant.holds(&["mcp:use"]));
    Scene {
        modes: vec![Mode::Trusting],
        credentials: first(&fields::credentials(&[]), 2),
        versions: old_versions().into_iter().step_by(2).collect(),
        accepts: few_accepts().into_iter().step_by(2).collect(),
        session_fields: ours(),
        openers,
        session_revisions: OLD.to_vec(),
        states: vec![State::Ready, State::Subscribed],
        records: vec![false, true],
        ..Scene::plain("in sessions, trusted", ServerKind::Guarded, mints.tokens.best())
    }
    .with_messages(&of_messages(everything_to_ask(), &[ONE]))
}

/// Every page of every list in sessions.
fn pages(mints: &Mints<'_>) -> Scene {
    Scene {
        servers: vec![ServerKind::ListedByScope, ServerKind::ListedByApplication],
        modes: OPENED.to_vec(),
        chosen: first(&crate::listed::CHOSEN, 3),
        session_fields: ours(),
        versions: first(&old_versions(), 1),
        openers: first(&openers(mints, ServerKind::Guarded), 2),
        session_revisions: OLD.to_vec(),
        ..Scene::plain("pages in sessions", ServerKind::ListedByScope, mints.tokens.grants())
    }
    .with_messages(&of_messages(PAGES.iter().collect(), &[ONE]))
}

/// What handlers come to and what they tell, in every revision and state in which there is room for them.
fn outcomes(mints: &Mints<'_>) -> Scene {
    Scene {
        servers: vec![ServerKind::Guarded, ServerKind::Unscoped],
        modes: OPENED.to_vec(),
        versions: first(&old_versions(), 1),
        accepts: few_accepts(),
        outcomes: OUTCOMES.to_vec(),
        session_fields: ours(),
        states: vec![State::Ready],
        openers: vec![Opener::with_token(&mints.tokens.parties()[0])],
        session_revisions: OLD.to_vec(),
        records: vec![true],
        ..Scene::plain("outcomes in sessions", ServerKind::Guarded, mints.tokens.best())
    }
    .with_messages(&Messages {
        envelopes: LEGACY_ENVELOPES.iter().skip(2).take(2).collect(),
        ..of_messages(
            one_of_each(&["tools/call", "prompts/get", "resources/read", "completion/complete"]),
            &[ONE],
        )
    })
}

/// What the client hears of what a handler tells.
fn heard(mints: &Mints<'_>) -> Scene {
    Scene {
        outcomes: vec![HandlerOutcome::Done, HandlerOutcome::BadArguments, HandlerOutcome::Failed],
        notices: NOTICES.to_vec(),
        ..outcomes(mints)
    }
}

/// The first operation of each method.
fn one_of_each(methods: &[&str]) -> Vec<&'static Operation> {
    methods.iter().flat_map(|method| operations(&[method]).into_iter().take(1)).collect()
}

/// Batches of every two messages in the sessions that take them.
fn batches(mints: &Mints<'_>) -> Scene {
    Scene {
        servers: vec![ServerKind::Guarded, ServerKind::ListedByApplication],
        modes: OPENED.to_vec(),
        versions: first(&old_versions(), 1),
        accepts: few_accepts(),
        session_fields: ours(),
        openers: first(&openers(mints, ServerKind::Guarded), 2),
        session_revisions: vec![Revision::B],
        has_messages: false,
        batches: messages::pairs(),
        ..Scene::plain("batches in sessions", ServerKind::Guarded, some_grants(mints, 7))
    }
}

/// Batches that are refused as a whole, and what has batches or not.
fn batches_in_other_sessions(mints: &Mints<'_>) -> Scene {
    let is_of_one = |outcome: &HandlerOutcome| *outcome != HandlerOutcome::Overloaded;
    Scene {
        modes: OPENED.to_vec(),
        versions: fields::versions(),
        accepts: few_accepts(),
        session_fields: few_sessions(),
        states: vec![State::Ready, State::EndsMeanwhile],
        session_revisions: OLD.to_vec(),
        has_messages: false,
        batches: messages::flawed().into_iter().chain(messages::calls()).collect(),
        outcomes: vec![HandlerOutcome::Done, HandlerOutcome::Overloaded, HandlerOutcome::BadArguments],
        later_outcomes: OUTCOMES.into_iter().filter(is_of_one).take(4).collect(),
        ..Scene::plain("batches in other sessions", ServerKind::Open, mints.tokens.best())
    }
}

/// VER-08: what says all about itself, beside sessions.
fn modern(mints: &Mints<'_>) -> Scene {
    Scene {
        servers: vec![ServerKind::Guarded, ServerKind::Open],
        modes: OPENED.to_vec(),
        versions: fields::versions(),
        session_fields: few_sessions(),
        event_fields: few_events(mints),
        openers: first(&openers(mints, ServerKind::Guarded), 1),
        ..Scene::plain("modern beside sessions", ServerKind::Guarded, mints.tokens.best())
    }
    .with_messages(&Messages {
        envelopes: ENVELOPES.iter().take(12).collect(),
        ..of_messages(
            OPERATIONS
                .iter()
                .take(2)
                .chain(operations(&["initialize", "ping", "tools/list", "nothing"]))
                .collect(),
            &[ONE, Id::None],
        )
    })
}

/// LSE-02: who gets a stream of HTTP+SSE.
fn connected(mints: &Mints<'_>) -> Scene {
    let plain = Scene::plain("connected", ServerKind::Guarded, mints.tokens.grants());
    let texts: Vec<_> = plain.tokens.iter().map(|token| token.text.clone()).collect();
    Scene {
        servers: vec![ServerKind::Guarded, ServerKind::Open, ServerKind::Own],
        modes: [&MODES[..], &OPENED, &WITH_PATHS].concat(),
        paths: vec!["/sse"],
        methods: vec![Method::GET, Method::POST],
        queries: vec![QUERIES[0], QUERIES[3]],
        credentials: fields::credentials(&texts),
        verdicts: VERDICTS.into_iter().chain([Verdict::Accepted(0), Verdict::Rejected]).collect(),
        versions: fields::versions(),
        accepts: fields::accepts(),
        session_fields: first(&few_sessions(), 2),
        rooms: ROOMS.to_vec(),
        records: vec![false, true],
        ..plain
    }
}

/// LSE-03, LSE-04: who may send what to a session of HTTP+SSE.
fn posted(mints: &Mints<'_>) -> Scene {
    one_of_each_kind(Scene {
        servers: vec![ServerKind::Guarded],
        modes: WITH_PATHS.to_vec(),
        paths: vec!["/messages"],
        queries: first(&fields::session_queries(), 1),
        credentials: first(&fields::credentials(&[mints.tokens.best().remove(0).text]), 2),
        versions: few_versions(),
        states: vec![
            State::Ready,
            State::Fresh,
            State::Unintroduced,
            State::Busy,
            State::Full,
            State::Old,
            State::Ended,
            State::EndsMeanwhile,
            State::GoesMeanwhile,
        ],
        openers: openers(mints, ServerKind::Guarded),
        session_revisions: vec![Revision::A, Revision::B],
        ..Scene::plain("posted", ServerKind::Guarded, mints.tokens.best())
    })
}

/// LSE-08: every query that names a session, and where there are none.
fn queries(mints: &Mints<'_>) -> Scene {
    Scene {
        modes: Mode::ALL.to_vec(),
        paths: vec!["/messages"],
        methods: vec![Method::POST, Method::GET],
        queries: fields::session_queries(),
        credentials: first(&fields::credentials(&[mints.tokens.best().remove(0).text]), 2),
        versions: fields::versions(),
        session_fields: first(&few_sessions(), 2),
        lengths: [fields::small_length(), first(&fields::lengths(), 1)].concat(),
        origins: first(&fields::origins(), 2),
        openers: openers(mints, ServerKind::Guarded),
        session_revisions: vec![Revision::A],
        ..Scene::plain("queries of sessions", ServerKind::Guarded, mints.tokens.best())
    }
}

/// LSE-04: every operation and everything that handlers come to, answered on the stream.
fn outcomes_of_posted(mints: &Mints<'_>) -> Scene {
    Scene {
        servers: vec![ServerKind::Open, ServerKind::Guarded],
        modes: WITH_PATHS.to_vec(),
        paths: vec!["/messages"],
        queries: first(&fields::session_queries(), 1),
        accepts: first(&few_accepts(), 2),
        versions: first(&old_versions(), 1),
        states: vec![State::Ready, State::Unintroduced],
        openers: first(&openers(mints, ServerKind::Guarded), 2),
        session_revisions: OLD.to_vec(),
        outcomes: OUTCOMES.to_vec(),
        notices: first(&NOTICES, 2),
        ..Scene::plain("outcomes of what is posted", ServerKind::Open, some_grants(mints, 4))
    }
    .with_messages(&of_messages(everything_to_ask(), &[ONE, Id::None]))
}
