//! What is kept of a session beyond the server that it was opened on.

use serde::{Deserialize, Serialize};

use super::{
    Lifecycle, Session, Subscription, calls::CallId, info::SessionInfo, outbox::Outbox, owner::Owner,
};
use crate::{
    engine::Engine, exchange::LogLevel, revision::Revision, session::policy::SessionAuth, time::Now,
};

/// A session without what runs in it: another server can take it over. Holds no id and no credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Issuer, subject and client.
    owner: Option<[Box<str>; 3]>,
    revision: String,
    capabilities: Box<str>,
    client: Box<str>,
    is_ready: bool,
    log_level: String,
    subscriptions: Vec<Box<str>>,
    opened: u64,
    /// How often it was taken over: its streams have other numbers each time.
    epoch: u32,
}

impl Session {
    /// What is to be kept of it now.
    #[must_use]
    pub fn record(&self) -> Record {
        Record {
            owner: self
                .info
                .owner
                .party()
                .map(|(issuer, subject, client)| [issuer, subject, client].map(Into::into)),
            revision: self.info.revision.as_str().to_owned(),
            capabilities: self.info.capabilities.clone(),
            client: self.info.client.clone(),
            is_ready: self.state == Lifecycle::Ready,
            log_level: self.level.as_str().to_owned(),
            subscriptions: self.subscriptions.iter().map(|subscription| subscription.uri.clone()).collect(),
            opened: self.opened_unix,
            epoch: self.epoch,
        }
    }

    /// Takes a session over. `None` where it is past its time, or its record is not one that this server can
    /// serve: sessions whose later requests bring no credentials are not taken over.
    #[must_use]
    pub fn restore(record: Record, engine: &Engine, now: Now) -> Option<Self> {
        let policy = engine.sessions()?;
        if policy.auth != SessionAuth::EveryRequest {
            return None;
        }
        let revision =
            Revision::from_name(record.revision.as_bytes()).filter(|revision| !revision.is_modern())?;
        let age_micros = now.unix.0.saturating_sub(record.opened).saturating_mul(1_000_000);
        let left_micros = policy.life_micros.checked_sub(age_micros).filter(|left| *left > 0)?;
        let subscriptions = record.subscriptions.into_iter().take(policy.subscriptions_max);
        let epoch = record.epoch.checked_add(1)?;
        let info = SessionInfo {
            owner: record.owner.map_or_else(Owner::nobody, Owner::named),
            revision,
            capabilities: record.capabilities,
            client: record.client,
        };
        let mut session = Self::new(info, engine, policy, None, now);
        session.state = if record.is_ready { Lifecycle::Ready } else { Lifecycle::Opened };
        session.level = LogLevel::from_name(&record.log_level)?;
        // What is not offered any more is not told of any more.
        let found = |uri: Box<str>| Some(Subscription { needs: engine.catalog().subscribable(&uri)?, uri });
        for Subscription { uri, needs } in subscriptions.filter_map(found) {
            session.subscribe(uri, needs);
        }
        session.opened_unix = record.opened;
        session.ends = now.tick.after_micros(left_micros);
        session.epoch = epoch;
        session.outbox = Outbox::new(epoch);
        session.next_call = CallId(0);
        session.save();
        Some(session)
    }
}
