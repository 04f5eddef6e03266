use mcp_proto::session::SessionId;

use super::*;
use crate::testing::{check_event_store, check_session_store};

fn nobody() -> (Owner, SessionKey) {
    (Owner::of(None), SessionKey::of(&SessionId::from_entropy(&[0; 32])))
}

/// What is left behind 1-0 after events of these sizes have been appended to it.
async fn left(store: &MemoryEvents, sizes: &[usize]) -> Option<Vec<u64>> {
    let (owner, session) = nobody();
    for (sequence, size) in (0..).zip(sizes) {
        store.append(&owner, &session, 1, sequence, vec![b'x'; *size].into()).await.unwrap();
    }
    let left = store.replay(&owner, &session, 1, 0, usize::MAX).await.unwrap();
    left.map(|events| events.into_iter().map(|(sequence, _)| sequence).collect())
}

#[tokio::test]
async fn memory_does_what_a_store_has_to_do() {
    let events = MemoryEvents::new(4, 1 << 20);
    assert_eq!(check_event_store(&events).await, Ok(()));
    assert_eq!((events.len(), events.is_empty()), (0, true));
    assert!(events.sessions.sessions().is_empty(), "nor is anything kept for an owner");
    assert!(check_event_store(&MemoryEvents::new(3, 1 << 20)).await.is_err());
    let sessions = MemorySessions::new();
    assert_eq!(check_session_store(&sessions).await, Ok(()));
    assert_eq!((sessions.len(), sessions.is_empty()), (0, true));
}

#[tokio::test]
async fn a_session_has_a_number_of_events_and_no_more() {
    let store = MemoryEvents::new(3, 100);
    assert_eq!(left(&store, &[1, 1, 1]).await, Some(vec![1, 2]));
    assert_eq!(left(&store, &[1, 1, 1, 1]).await, None, "the first has gone, and what follows it is a guess");
    let (owner, session) = nobody();
    let behind = store.replay(&owner, &session, 1, 1, 9).await.unwrap().unwrap();
    assert_eq!(behind.iter().map(|(sequence, _)| *sequence).collect::<Vec<_>>(), [2, 3]);
}

#[tokio::test]
async fn a_session_has_a_number_of_bytes_and_no_more() {
    assert_eq!(left(&MemoryEvents::new(9, 100), &[50, 25, 25]).await, Some(vec![1, 2]));
    assert_eq!(left(&MemoryEvents::new(9, 100), &[50, 25, 26]).await, None);
    let store = MemoryEvents::new(9, 100);
    assert_eq!(left(&store, &[60, 60, 40]).await, None);
    let (owner, session) = nobody();
    let behind = store.replay(&owner, &session, 1, 1, 9).await.unwrap().unwrap();
    assert_eq!(behind.len(), 1, "what has gone leaves room");
    let large = MemoryEvents::new(9, 100);
    assert_eq!(left(&large, &[100]).await, Some(vec![]));
    let too_large = large.append(&owner, &session, 1, 1, vec![b'x'; 101].into()).await;
    assert_eq!(too_large.unwrap_err().detail(), "the event is larger than what may be kept for a session");
    assert_eq!(left(&large, &[]).await, Some(vec![]), "it pushes nothing out");
    assert!(MemoryEvents::new(0, 100).append(&owner, &session, 1, 1, Bytes::new()).await.is_err());
}

#[tokio::test]
async fn the_oldest_goes_whatever_stream_it_is_of() {
    let store = MemoryEvents::new(3, 100);
    let (owner, session) = nobody();
    for (stream, sequence) in [(1, 0), (2, 0), (1, 1), (2, 1)] {
        store.append(&owner, &session, stream, sequence, Bytes::from_static(b"x")).await.unwrap();
    }
    assert_eq!(store.replay(&owner, &session, 1, 0, 9).await.unwrap(), None);
    let behind = store.replay(&owner, &session, 2, 0, 9).await.unwrap();
    assert_eq!(behind, Some(vec![(1, Bytes::from_static(b"x"))]));
}

#[tokio::test]
async fn an_event_appended_again_counts_once() {
    let store = MemoryEvents::new(2, 20);
    let (owner, session) = nobody();
    for (sequence, event) in [(0, "first"), (1, "second"), (1, "another"), (0, "another")] {
        store.append(&owner, &session, 1, sequence, event.into()).await.unwrap();
    }
    let behind = store.replay(&owner, &session, 1, 0, 9).await.unwrap();
    assert_eq!(behind, Some(vec![(1, Bytes::from_static(b"second"))]));
    assert_eq!(left(&store, &[5, 9]).await, Some(vec![1]), "the bytes are counted once too");
}

#[tokio::test]
async fn what_is_kept_is_not_printed() {
    let (owner, session) = nobody();
    let events = MemoryEvents::new(1, 10);
    events.append(&owner, &session, 1, 0, "secret".into()).await.unwrap();
    let sessions = MemorySessions::new();
    sessions.save(&owner, &session, b"secret").await.unwrap();
    assert_eq!(format!("{events:?}"), "MemoryEvents { sessions: 1, .. }");
    assert_eq!(format!("{sessions:?}"), "MemorySessions { sessions: 1, .. }");
    sessions.forget(&owner, &session).await.unwrap();
    events.forget(&owner, &session).await.unwrap();
    assert!(events.is_empty() && sessions.is_empty());
}
