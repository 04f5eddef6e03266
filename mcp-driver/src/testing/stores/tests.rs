use std::future::ready;

use super::*;
use crate::stores::{MemoryEvents, MemorySessions};

/// What a store may get wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    None,
    ForgetsTheOwner,
    KnowsIssuerAndSubjectOnly,
    JoinsSubjectAndClient,
    ForgetsTheSession,
    ForgetsTheStream,
    Unbounded,
    WithTheFirst,
    OutOfOrder,
    WithoutTheLast,
    Guesses,
    Twice,
    NeverForgets,
    ForgetsAll,
    KeepsTheOldest,
}

const FAULTS: [Fault; 14] = [
    Fault::ForgetsTheOwner,
    Fault::KnowsIssuerAndSubjectOnly,
    Fault::JoinsSubjectAndClient,
    Fault::ForgetsTheSession,
    Fault::ForgetsTheStream,
    Fault::Unbounded,
    Fault::WithTheFirst,
    Fault::OutOfOrder,
    Fault::WithoutTheLast,
    Fault::Guesses,
    Fault::Twice,
    Fault::NeverForgets,
    Fault::ForgetsAll,
    Fault::KeepsTheOldest,
];

struct Faulty<S> {
    store: S,
    fault: Fault,
}

impl<S> Faulty<S> {
    fn owner(&self, owner: &Owner) -> Owner {
        let party = |issuer: &str, subject: &str, client: &str| {
            Owner::of(Some(&Principal::new(issuer, subject, client, Scopes::default(), UnixSeconds(1))))
        };
        match (self.fault, owner.party()) {
            (Fault::ForgetsTheOwner, _) => Owner::of(None),
            (Fault::KnowsIssuerAndSubjectOnly, Some((issuer, subject, _))) => party(issuer, subject, ""),
            (Fault::JoinsSubjectAndClient, Some((issuer, subject, client))) => {
                party(issuer, &format!("{subject}{client}"), "")
            }
            (_, _) => owner.clone(),
        }
    }

    fn session(&self, session: &SessionKey) -> SessionKey {
        if self.fault == Fault::ForgetsTheSession { keys()[0].clone() } else { session.clone() }
    }

    fn forgets(&self, owner: &Owner, session: &SessionKey) -> Vec<(Owner, SessionKey)> {
        match self.fault {
            Fault::NeverForgets => Vec::new(),
            Fault::ForgetsAll => keys().map(|session| (owner.clone(), session)).into(),
            _ => vec![(self.owner(owner), self.session(session))],
        }
    }
}

impl EventStore for Faulty<MemoryEvents> {
    fn append<'s>(
        &'s self,
        owner: &'s Owner,
        session: &'s SessionKey,
        stream: u64,
        sequence: u64,
        event: Bytes,
    ) -> Storing<'s, ()> {
        let stream = if self.fault == Fault::ForgetsTheStream { 0 } else { stream };
        Box::pin(async move {
            let (owner, session) = (self.owner(owner), self.session(session));
            self.store.append(&owner, &session, stream, sequence, event).await
        })
    }

    fn replay<'s>(
        &'s self,
        owner: &'s Owner,
        session: &'s SessionKey,
        stream: u64,
        after: u64,
        events_max: usize,
    ) -> Storing<'s, Option<Vec<(u64, Bytes)>>> {
        let stream = if self.fault == Fault::ForgetsTheStream { 0 } else { stream };
        let events_max = if self.fault == Fault::Unbounded { 9 } else { events_max };
        Box::pin(async move {
            let (owner, session) = (self.owner(owner), self.session(session));
            let mut found = self.store.replay(&owner, &session, stream, after, events_max).await?;
            if let Some(events) = &mut found {
                match self.fault {
                    Fault::WithTheFirst => events.insert(0, (after, Bytes::new())),
                    Fault::OutOfOrder => events.reverse(),
                    Fault::WithoutTheLast => drop(events.pop()),
                    Fault::Twice => events.extend(events.last().cloned()),
                    _ => {}
                }
            }
            if self.fault == Fault::Guesses { Ok(Some(found.unwrap_or_default())) } else { Ok(found) }
        })
    }

    fn forget<'s>(&'s self, owner: &'s Owner, session: &'s SessionKey) -> Storing<'s, ()> {
        Box::pin(async move {
            for (owner, session) in self.forgets(owner, session) {
                self.store.forget(&owner, &session).await?;
            }
            Ok(())
        })
    }
}

impl SessionStore for Faulty<MemorySessions> {
    fn save<'s>(&'s self, owner: &'s Owner, session: &'s SessionKey, record: &'s [u8]) -> Storing<'s, ()> {
        Box::pin(async move {
            let (owner, session) = (self.owner(owner), self.session(session));
            if self.fault == Fault::KeepsTheOldest && self.store.load(&owner, &session).await?.is_some() {
                return Ok(());
            }
            self.store.save(&owner, &session, record).await
        })
    }

    fn load<'s>(&'s self, owner: &'s Owner, session: &'s SessionKey) -> Storing<'s, Option<Vec<u8>>> {
        Box::pin(async move { self.store.load(&self.owner(owner), &self.session(session)).await })
    }

    fn forget<'s>(&'s self, owner: &'s Owner, session: &'s SessionKey) -> Storing<'s, ()> {
        Box::pin(async move {
            for (owner, session) in self.forgets(owner, session) {
                self.store.forget(&owner, &session).await?;
            }
            Ok(())
        })
    }
}

/// A store that is out of order.
struct Broken;

impl EventStore for Broken {
    fn append<'s>(&'s self, _: &'s Owner, _: &'s SessionKey, _: u64, _: u64, _: Bytes) -> Storing<'s, ()> {
        Box::pin(ready(Err(fmt::Error.into())))
    }

    fn replay<'s>(
        &'s self,
        _: &'s Owner,
        _: &'s SessionKey,
        _: u64,
        _: u64,
        _: usize,
    ) -> Storing<'s, Option<Vec<(u64, Bytes)>>> {
        Box::pin(ready(Ok(None)))
    }

    fn forget<'s>(&'s self, _: &'s Owner, _: &'s SessionKey) -> Storing<'s, ()> {
        Box::pin(ready(Ok(())))
    }
}

#[tokio::test]
async fn each_fault_of_a_store_is_found() {
    let events = |fault| Faulty { store: MemoryEvents::new(64, 1 << 20), fault };
    let sessions = |fault| Faulty { store: MemorySessions::new(), fault };
    assert_eq!(check_event_store(&events(Fault::None)).await, Ok(()));
    assert_eq!(check_session_store(&sessions(Fault::None)).await, Ok(()));
    for fault in FAULTS {
        if fault != Fault::KeepsTheOldest {
            assert!(check_event_store(&events(fault)).await.is_err(), "{fault:?}");
        }
        let is_of_events = matches!(
            fault,
            Fault::ForgetsTheStream
                | Fault::Unbounded
                | Fault::WithTheFirst
                | Fault::OutOfOrder
                | Fault::WithoutTheLast
                | Fault::Guesses
                | Fault::Twice
        );
        if !is_of_events {
            assert!(check_session_store(&sessions(fault)).await.is_err(), "{fault:?}");
        }
    }
    let broken = check_event_store(&Broken).await.unwrap_err();
    assert!(broken.starts_with("append: "), "{broken}");
}
