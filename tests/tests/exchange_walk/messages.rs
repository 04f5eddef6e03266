//! Bodies, part by part, each with what it means.

mod body;
mod envelope;
mod mirror;
mod operation;

pub(crate) use self::{
    body::{Flaw, IDS, Id, ONE, Special, message, specials},
    envelope::{
        COMPLETE_ENVELOPE, ENVELOPES, Envelope, EnvelopeMeans, LONG_VERSION, MODERN, Meta, NO_ENVELOPE,
        TOO_LONG_VERSION,
    },
    mirror::{METHOD_FIELDS, MethodField, NAME_FIELDS, NameField},
    operation::{
        ComesTo, MethodKind, NO_PARAMS, OPERATIONS, Operation, PAGES, PARAM_SETS, ParamSet, REGION_CALLS,
    },
};
