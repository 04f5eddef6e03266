//! What a store of events or sessions has to do, as tests of any.

use std::fmt;

use bytes::Bytes;
use mcp_proto::{
    Principal, UnixSeconds,
    auth::scope::Scopes,
    session::{Owner, SessionId},
};

use crate::stores::{EventStore, SessionKey, SessionStore, Storing};

/// Owners that differ in one part each, or in where one part ends, and nobody.
fn owners() -> [Owner; 6] {
    let owner = |issuer, subject, client| {
        Owner::of(Some(&Principal::new(issuer, subject, client, Scopes::default(), UnixSeconds(1))))
    };
    [
        owner("https://a.example", "alice", "app"),
        owner("https://b.example", "alice", "app"),
        owner("https://a.example", "bob", "app"),
        owner("https://a.example", "alice", "other"),
        owner("https://a.example", "alic", "eapp"),
        Owner::of(None),
    ]
}

fn keys() -> [SessionKey; 2] {
    [1, 2].map(|byte| SessionKey::of(&SessionId::from_entropy(&[byte; 32])))
}

/// Tests a store of events: that each owner and each session has its own, that a replay is exactly what follows
/// an event, in order and bounded, that an event can be appended again, and that what is forgotten is gone. The
/// store has to be empty, able to keep four events of a session, and is empty again in the end.
///
/// # Errors
/// What is wrong.
pub async fn check_event_store(store: &impl EventStore) -> Result<(), String> {
    let ([first, ..], [one, other]) = (owners(), keys());
    for owner in &owners() {
        for session in &keys() {
            let found = did("replay", store.replay(owner, session, 0, 0, 9)).await?;
            same("nothing is there at first", &found, &None)?;
            did("forget", store.forget(owner, session)).await?;
        }
    }
    // An event says whose it is.
    let event = |owner: &Owner, session: &SessionKey, text: &str| format!("{owner:?} {session} {text}");
    for owner in &owners() {
        for session in &keys() {
            for (stream, sequence) in [(0, 0), (1, 0), (0, 10), (0, 1)] {
                let event = event(owner, session, &format!("{stream}-{sequence}"));
                did("append", store.append(owner, session, stream, sequence, event.into())).await?;
            }
        }
    }
    let again = store.append(&first, &one, 0, 1, event(&first, &one, "0-1").into());
    did("append again", again).await?;
    for owner in &owners() {
        for session in &keys() {
            let expected = |stream: u64, numbers: &[u64]| -> Option<Vec<(u64, Bytes)>> {
                let events = numbers.iter().map(|sequence| {
                    (*sequence, event(owner, session, &format!("{stream}-{sequence}")).into())
                });
                Some(events.collect())
            };
            for (stream, after, events_max, expected) in [
                (0, 0, 9, expected(0, &[1, 10])),
                (0, 0, 2, expected(0, &[1, 10])),
                (0, 0, 1, expected(0, &[1])),
                (0, 0, 0, expected(0, &[])),
                (0, 1, 9, expected(0, &[10])),
                (0, 10, 9, expected(0, &[])),
                (1, 0, 9, expected(1, &[])),
                (0, 2, 9, None),
                (0, 11, 9, None),
                (1, 1, 9, None),
                (2, 0, 9, None),
            ] {
                let found = did("replay", store.replay(owner, session, stream, after, events_max)).await?;
                same(format_args!("what follows {stream}-{after} of {owner:?}"), &found, &expected)?;
            }
        }
    }
    did("forget", store.forget(&first, &one)).await?;
    did("forget again", store.forget(&first, &one)).await?;
    let gone = did("replay", store.replay(&first, &one, 0, 0, 9)).await?;
    same("what is forgotten is gone", &gone, &None)?;
    let others = owners().into_iter().skip(1).map(|owner| (owner, one.clone())).chain([(first, other)]);
    for (owner, session) in others {
        let left = did("replay", store.replay(&owner, &session, 0, 1, 9)).await?;
        let expected = Some(vec![(10, event(&owner, &session, "0-10").into())]);
        same(format_args!("what is left to {owner:?}"), &left, &expected)?;
    }
    for owner in &owners() {
        for session in &keys() {
            did("forget", store.forget(owner, session)).await?;
        }
    }
    Ok(())
}

/// Tests a store of sessions: that each owner and each session has its own record, that the newest is there, and
/// that what is forgotten is gone. The store has to be empty, and is empty again in the end.
///
/// # Errors
/// What is wrong.
pub async fn check_session_store(store: &impl SessionStore) -> Result<(), String> {
    let ([first, ..], [one, _]) = (owners(), keys());
    let record = |owner: &Owner, session: &SessionKey| format!("{owner:?} {session}\0\u{ff}").into_bytes();
    for owner in &owners() {
        for session in &keys() {
            same("nothing is there at first", &did("load", store.load(owner, session)).await?, &None)?;
            did("save", store.save(owner, session, b"an older one, and a longer one".as_slice())).await?;
            did("save again", store.save(owner, session, &record(owner, session))).await?;
        }
    }
    for owner in &owners() {
        for session in &keys() {
            let found = did("load", store.load(owner, session)).await?;
            same(format_args!("the newest of {owner:?}"), &found, &Some(record(owner, session)))?;
        }
    }
    did("forget", store.forget(&first, &one)).await?;
    did("forget again", store.forget(&first, &one)).await?;
    for owner in &owners() {
        for session in &keys() {
            let is_gone = *owner == first && *session == one;
            let expected = (!is_gone).then(|| record(owner, session));
            let found = did("load", store.load(owner, session)).await?;
            same(format_args!("what is left to {owner:?}"), &found, &expected)?;
            did("forget", store.forget(owner, session)).await?;
        }
    }
    Ok(())
}

async fn did<T>(what: &str, storing: Storing<'_, T>) -> Result<T, String> {
    storing.await.map_err(|error| format!("{what}: {}", error.detail()))
}

fn same<T: PartialEq + fmt::Debug>(what: impl fmt::Display, found: &T, expected: &T) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{what}: {expected:?} expected, {found:?} found")) }
}

#[cfg(test)]
mod tests;
