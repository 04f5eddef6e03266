//! Bodies, part by part, each with what it means.

mod batch;
mod body;
mod envelope;
mod handshake;
mod mirror;
mod operation;

pub(crate) use self::{
    batch::{Batch, BatchFlaw, Element, calls, flawed, ordinary, pairs, triples},
    body::{Flaw, IDS, Id, ONE, Special, message, specials},
    envelope::{
        COMPLETE_ENVELOPE, ENVELOPES, Envelope, EnvelopeMeans, LEGACY_ENVELOPES, LONG_VERSION, MODERN, Meta,
        NO_ENVELOPE, TOO_LONG_VERSION,
    },
    handshake::{HANDSHAKES, LONG_HANDSHAKES},
    mirror::{METHOD_FIELDS, MethodField, NAME_FIELDS, NameField},
    operation::{
        ComesTo, LEVELS, MethodKind, NO_PARAMS, OPERATIONS, Operation, PAGES, PARAM_SETS, ParamSet,
        REGION_CALLS, SUBSCRIPTIONS,
    },
};
