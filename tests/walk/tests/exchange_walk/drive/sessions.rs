//! What a driver does about sessions.

use mcp_proto::{
    Engine, Response, Step,
    exchange::{FindSession, OpenSession, SessionStream, UseSession},
    response::Payload,
    session::{Crowded, SessionId},
};

use super::Run;
use crate::{
    case::Case,
    fields::{ENTROPY, SessionMeans},
    scene::{Room, State},
    sessions::{self, Kept},
};

/// Looks a session up by its id alone: whose it is, the machine has to see.
pub(super) fn find<'e>(
    engine: &'e Engine,
    case: &Case<'_>,
    run: &mut Run<'e>,
    find: FindSession<'e>,
) -> Step<'e> {
    run.session_steps += 1;
    let is_ours = find.id().is_some_and(|id| *id == SessionId::from_entropy(&ENTROPY));
    assert_eq!(is_ours, case.session_named() == SessionMeans::Ours, "the id is read as it is written");
    let owner = find.owner().map(|owner| owner.party().map(owned));
    let expected = (!case.is_trusted()).then(|| case.party().map(|party| owned(party.parts())));
    assert_eq!(owner, expected, "who uses a session");
    let mut kept = (is_ours && !case.pretends_no_session()).then(|| Kept::open(engine, case));
    let used = kept.as_ref().map(|kept| kept.session.last_used());
    let step = find.resolve(kept.as_mut().map(|kept| &mut kept.session), case.now());
    run.kept = kept.zip(used);
    step
}

/// Comes back with the session that was found before, unless it has gone.
pub(super) fn resume<'e>(case: &Case<'_>, run: &mut Run<'e>, usage: UseSession<'e>) -> Step<'e> {
    run.session_steps += 1;
    run.has_used_session = true;
    let mut session = run.kept.as_mut().map(|(kept, _)| &mut kept.session);
    match (case.state(), &mut session) {
        (State::EndsMeanwhile, Some(session)) => session.end(),
        (State::GoesMeanwhile, session) => *session = None,
        (_, _) => {}
    }
    usage.resolve(session, case.now())
}

pub(super) fn open<'e>(case: &Case<'_>, run: &mut Run<'e>, open: OpenSession<'e>) -> Step<'e> {
    run.session_steps += 1;
    match case.room() {
        Room::Free => {
            let owner = open.owner();
            let id = SessionId::from_entropy(&ENTROPY);
            let (session, step) = open.open(&id, case.now()).expect("this engine keeps sessions");
            assert!(run.opened.replace((session, owner)).is_none(), "one session for one request");
            step
        }
        Room::NoneAtAll => open.refuse(Crowded::Server),
        Room::NoneOfTheirs => open.refuse(Crowded::Principal),
    }
}

/// A stream, as far as there is anything on it.
pub(super) fn stream<'e>(run: &mut Run<'e>, SessionStream { response, stream }: SessionStream) -> Step<'e> {
    assert_eq!(response.payload, Payload::Stream, "a stream has an end");
    let opened = run.opened.as_mut().map(|(session, _)| session);
    let kept = run.kept.as_mut().map(|(kept, _)| &mut kept.session);
    let session = opened.or(kept).expect("a stream is one of a session");
    run.is_stream = true;
    let bytes = sessions::take(session, stream);
    Step::Respond(Response { payload: Payload::Whole(bytes.into()), ..response })
}

/// What an exchange has put on the stream on which all answers go, where there is one.
pub(super) fn hear(run: &mut Run<'_>) {
    if let Some((kept, _)) = &mut run.kept
        && let Some(stream) = kept.stream
    {
        run.on_stream = kept.take(stream);
    }
}

fn owned((issuer, subject, client): (&str, &str, &str)) -> (String, String, String) {
    (issuer.to_owned(), subject.to_owned(), client.to_owned())
}
