//! What has happened by the time that nobody has anything to do before time passes. No timer is needed for any of it,
//! so that none can make up for somebody who was not woken.

use mcp_driver::proto::Tick;

use super::{
    Client, Era,
    call::{Call, Cancel},
    exchange::{Exchange, Role},
};
use crate::{ledger::Ledger, plan::Plan};

impl Client {
    /// Nobody has anything to do until time passes.
    pub(crate) fn judge_idle(&self, now: Tick, is_open: bool, plan: &Plan, ledger: &Ledger) {
        self.judge_cancelled(ledger);
        self.judge_handlers(now, ledger);
        if !ledger.is_anybody_busy() {
            self.judge_abandoned(ledger);
            if is_open {
                self.exchanges.iter().for_each(|exchange| self.judge_answer(exchange, plan, ledger));
            }
        }
    }

    /// What the server knows to be cancelled does not run, unless it waits for a client that does not read.
    fn judge_cancelled(&self, ledger: &Ledger) {
        for (place, call) in self.calls.iter().enumerate() {
            if call.cancel == (Cancel::Known { was_running: true }) && ledger.is_running(call.act.nonce) {
                let is_held = self.of(place).any(|exchange| !exchange.is_plain);
                assert!(is_held, "call {} runs though it is cancelled", call.act.nonce);
            }
        }
    }

    /// A handler that waits for nobody has ended when its time has come, and one that was told what it asked for
    /// does not wait any more.
    fn judge_handlers(&self, now: Tick, ledger: &Ledger) {
        for call in &self.calls {
            let nonce = call.act.nonce;
            let Some(entry) = ledger.entry(nonce).filter(|entry| entry.is_alive) else { continue };
            let is_late = call.act.ends(entry.begun).is_some_and(|end| end <= now);
            assert!(!is_late, "call {nonce}, {:?}, of {:?} does not end", call.act.how, entry.begun);
            assert!(!call.has_its_answer, "call {nonce} waits for what it was told");
        }
    }

    /// Without a session a call ends when its client leaves, and with one when the session does.
    fn judge_abandoned(&self, ledger: &Ledger) {
        for (place, call) in self.calls.iter().enumerate() {
            let is_abandoned = if call.in_session { call.is_ended } else { self.of(place).next().is_none() };
            let is_running = is_abandoned && ledger.is_running(call.act.nonce);
            assert!(!is_running, "call {} runs though nobody waits for it", call.act.nonce);
        }
    }

    /// A request that has come is answered at once, unless a handler has to do it, and then as soon as that has, with
    /// all that it has said.
    fn judge_answer(&self, exchange: &Exchange, plan: &Plan, ledger: &Ledger) {
        let connection = &exchange.connection;
        if !connection.is_sent() || !connection.reads_all() || connection.is_over() {
            return;
        }
        let call = match exchange.role {
            Role::Listen | Role::Stream => {
                assert!(exchange.head.is_some(), "{:?} of {} is not open", exchange.role, self.subject);
                return;
            }
            Role::Call(place) | Role::Resume(place) if self.era != Era::Older => self.calls.get(place),
            Role::Call(_)
            | Role::Resume(_)
            | Role::Open
            | Role::Tell
            | Role::Answer(_)
            | Role::Cancel(_)
            | Role::Delete
            | Role::Theft
            | Role::Ask => None,
        };
        let entry = call.and_then(|call| ledger.entry(call.act.nonce)).filter(|entry| entry.is_alive);
        let told = entry.map(|entry| entry.told);
        assert!(told.is_some(), "{:?} of {} has to wait for its answer", exchange.role, self.subject);
        // What a session has no room for any more is never heard of.
        if !plan.few_events {
            assert_eq!(
                told,
                call.map(Call::told),
                "{:?} of {} has to wait for it",
                exchange.role,
                self.subject
            );
        }
    }

    /// What is about the call at this place.
    fn of(&self, place: usize) -> impl Iterator<Item = &Exchange> {
        self.exchanges.iter().filter(
            move |exchange| matches!(exchange.role, Role::Call(call) | Role::Resume(call) if call == place),
        )
    }
}
