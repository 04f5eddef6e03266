//! The calls that run in a session, and what they have asked the client.

use std::collections::VecDeque;

use super::{
    question::Answer,
    stream::{Needs, Terms},
};
use crate::{auth::scope::Requirement, jsonrpc::RawId, time::Tick};

/// Names a call in its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub(super) u64);

/// Names a question of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AskId(pub(super) u64);

/// What a call has to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Directive {
    /// The client answered.
    Answer(AskId, Answer),
    /// Stop: the client cancelled the call, or the session is over. Nothing more is sent for it.
    Cancel,
}

/// A call that is about to run.
pub(crate) struct Beginning {
    pub(crate) request: RawId,
    pub(crate) deadline: Tick,
    /// What of scopes it needs whatever its arguments: whoever gets its answer later needs that too.
    pub(crate) needs: Option<Requirement>,
}

/// A call that runs.
pub(super) struct RunningCall {
    pub(super) id: CallId,
    /// The first call of the request that it belongs to.
    pub(super) group: CallId,
    pub(super) request: RawId,
    pub(super) terms: Terms,
    /// What it and the others of its group need.
    pub(super) needs: Needs,
    /// When it is over at the latest, whatever its driver does.
    pub(super) deadline: Tick,
    /// Where its messages go, once there is something.
    pub(super) stream: Option<u64>,
    pub(super) is_cancelled: bool,
    pub(super) answers: VecDeque<(AskId, Answer)>,
}

/// A question that is not answered.
pub(super) struct OpenAsk {
    pub(super) id: AskId,
    pub(super) call: CallId,
    pub(super) deadline: Tick,
}
