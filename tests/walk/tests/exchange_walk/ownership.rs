//! Laws about who may use a session, whatever the table says.

use mcp_proto::{Engine, Response, Step};

use crate::{
    answer::Answer,
    case::{Case, Content, Pretence},
    drive::{Run, drive, drive_without_credentials},
    fields::OURS,
    laws::{Kept, is_accepted, law},
    messages::{ComesTo, EnvelopeMeans},
    table::is_handshake,
};

/// Law 6: to who may not use a session it is one that never was, to the last byte; and it is to all
/// others.
pub(crate) fn foreign_is_unknown(
    engine: &Engine,
    case: &Case<'_>,
    run: &Run<'_>,
    response: &Response,
) -> Kept {
    if run.kept.is_none() || case.has_session() {
        return Ok(());
    }
    let (_, unknown) = case.pretending(Pretence::NoSession, || drive(engine, case, None));
    law(unknown == *response, "law 6: a session that is not to be used is told from one that never was")
}

/// Law 10: what says that it is of 2026-07-28 meets nobody who knows of sessions, and where there are
/// none, nothing does.
pub(crate) fn modern_knows_no_sessions(case: &Case<'_>, run: &Run<'_>) -> Kept {
    // The two paths of HTTP+SSE are of no use to it; and a handshake is one, whatever the head says (DT-53).
    let is_on_old_path = case.mode().has_old_paths() && case.path() != "/mcp";
    let says_otherwise = || !case.version().is_modern() || (run.kept.is_none() && is_handshake(case));
    let may_meet = case.mode().keeps_sessions() && (is_on_old_path || says_otherwise());
    law(run.session_steps == 0 || may_meet, "law 10: a session for who knows of none")?;
    let is_message = || matches!(case.content(), Content::Message) && !is_handshake(case);
    let is_modern = || is_message() && case.envelope().means != EnvelopeMeans::None;
    law(!run.has_used_session || !is_modern(), "law 10: a modern message did something to a session")
}

/// Law 15: an id is told to who opened the session, and to nobody else.
pub(crate) fn told_to_the_opener_alone(case: &Case<'_>, run: &Run<'_>, answer: &Answer) -> Kept {
    let told = answer.field(&http::HeaderName::from_static("mcp-session-id"));
    let is_header = run.opened.is_some() && case.path() == "/mcp";
    law(told == is_header.then_some(OURS.as_str()), "law 15: an id that was not just given out")?;
    let is_endpoint = run.opened.is_some() && case.path() == "/sse";
    let is_in_body = String::from_utf8_lossy(&answer.body).contains(OURS.as_str());
    law(is_in_body == is_endpoint, "law 15: an id in a body")
}

/// Law 16: nothing is opened for who is not let in, nor for anything but a handshake that is good.
pub(crate) fn opened_for_good_reason(case: &Case<'_>, run: &Run<'_>) -> Kept {
    let Some((session, owner)) = &run.opened else {
        return Ok(());
    };
    law(is_accepted(case), "law 16: a session was opened for who is not let in")?;
    law(owner == session.info().owner(), "law 16: a session of somebody else was opened")?;
    let party = case.party().map(|party| party.parts());
    law(owner.party() == party, "law 16: a session was opened for somebody else")?;
    let is_good = || {
        is_handshake(case)
            && matches!(case.operation().comes_to, ComesTo::Handshake { is_good: true, .. })
            && !matches!(case.id(), crate::messages::Id::None | crate::messages::Id::Bad(_))
    };
    law(case.path() == "/sse" || is_good(), "law 16: a session was opened without a handshake")
}

/// Law 17: who has not said who they are is told nothing about sessions.
pub(crate) fn strangers_learn_nothing(case: &Case<'_>, run: &Run<'_>) -> Kept {
    let is_known = || case.is_trusted() || is_accepted(case);
    law(run.session_steps == 0 || is_known(), "law 17: a stranger got as far as sessions")
}

/// Law 18: a request may do what its own token says, whatever the session was opened with; and where
/// nobody asks for tokens, whatever token is sent.
pub(crate) fn of_this_request(engine: &Engine, case: &Case<'_>, run: &Run<'_>, response: &Response) -> Kept {
    if run.kept.is_none() || !case.server().asks_for_callers() {
        return Ok(());
    }
    if case.is_trusted() {
        if case.query().has_token {
            return Ok(());
        }
        // Nothing is read before the session is found that would say who sends it.
        let step = drive_without_credentials(engine, case);
        return law(matches!(step, Step::FindSession(_)), "law 18: somebody was asked about a token");
    }
    // There, a session is over with what it was opened with, whoever asks for it.
    if case.mode().trusts_sessions() {
        return Ok(());
    }
    for (place, other) in case.openers().iter().enumerate() {
        if place != case.opener_place() && other.party == case.opener().party {
            let (_, answered) = case.pretending(Pretence::Opener(place), || drive(engine, case, None));
            law(answered == *response, "law 18: what the session was opened with made a difference")?;
        }
    }
    Ok(())
}

/// Law 19: what may not use a session leaves it as it was; and a session is not ended but by its owner.
pub(crate) fn left_as_it_was(case: &Case<'_>, run: &Run<'_>, response: &Response) -> Kept {
    let Some((kept, used)) = &run.kept else {
        return Ok(());
    };
    let is_used = kept.session.last_used() != *used;
    let may_use = case.has_session() || (case.is_trusted() && case.has_expired_with_opener());
    law(may_use || !is_used || kept.session.is_over(), "law 19: a session was used by who may not")?;
    if kept.session.is_over() && case.state().is_found() && !case.state().goes_meanwhile() {
        let is_over_with_opener = case.has_expired_with_opener();
        let is_ended = case.has_session() && *case.method() == http::Method::DELETE;
        law(is_ended || is_over_with_opener, "law 19: a session was ended by who may not, or did not ask")?;
        law(is_over_with_opener || response.status == 200, "law 19: a session was ended in silence")?;
    }
    Ok(())
}
