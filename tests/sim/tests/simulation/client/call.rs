//! One call of a tool, and the laws that hold for its answer.

use mcp_driver::proto::Tick;
use serde_json::{Value, json};

use crate::{
    handlers::{Act, How},
    issuer::Flaw,
    ledger::Ledger,
    plan::Plan,
};

/// A call as its client knows it.
#[derive(Debug)]
pub(crate) struct Call {
    /// The id of the request, which others use too, and its progress token.
    pub(crate) id: u64,
    pub(crate) act: Act,
    pub(crate) is_guarded: bool,
    pub(crate) flaw: Flaw,
    pub(crate) begun: Tick,
    pub(crate) in_session: bool,
    /// The last event of its stream.
    pub(crate) last: Option<(u64, u64)>,
    /// When its client comes back for the rest.
    pub(crate) resume_at: Option<Tick>,
    told: u64,
    pub(crate) is_answered: bool,
    /// What it asked its client last.
    pub(crate) asked: Option<u64>,
    /// The server has taken what its client answered.
    pub(crate) has_its_answer: bool,
    /// The session that it was in has ended.
    pub(crate) is_ended: bool,
    pub(crate) cancel: Cancel,
    /// The client has given up on it, for a reason that is none of the server's faults.
    pub(crate) excuse: Option<&'static str>,
}

/// What the client has done to cancel a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cancel {
    No,
    /// It has said so; whether the handler was running by then.
    Sent {
        was_running: bool,
    },
    /// The server has taken notice; whether the handler was running all the while.
    Known {
        was_running: bool,
    },
}

impl Call {
    pub(crate) fn new(
        id: u64,
        act: Act,
        is_guarded: bool,
        flaw: Flaw,
        begun: Tick,
        in_session: bool,
    ) -> Self {
        Self {
            id,
            act,
            is_guarded,
            flaw,
            begun,
            in_session,
            last: None,
            resume_at: None,
            told: 0,
            is_answered: false,
            asked: None,
            has_its_answer: false,
            is_ended: false,
            cancel: Cancel::No,
            excuse: None,
        }
    }

    /// How often its handler has told how far it is, as far as its client knows.
    pub(crate) fn told(&self) -> u64 {
        self.told
    }

    /// Whether nothing more is expected of it.
    pub(crate) fn is_settled(&self) -> bool {
        self.is_answered || self.excuse.is_some()
    }

    /// The server says how far it is. Messages for people came with 2025-03-26.
    pub(crate) fn hear_progress(
        &mut self,
        params: &Value,
        subject: &str,
        has_messages: bool,
        ledger: &Ledger,
    ) {
        let nonce = self.act.nonce;
        assert!(!self.is_answered, "call {nonce}: progress behind the answer");
        let progress = params["progress"].as_f64().unwrap_or_default();
        let told = self.told.saturating_add(1).max(progress as u64);
        let is_late = self.act.how == How::Linger;
        let message =
            if is_late { format!("{subject}:{nonce}:late") } else { self.act.message(subject, told) };
        let message = if has_messages { json!(message) } else { Value::Null };
        assert_eq!(params["message"], message, "call {nonce}");
        if is_late {
            return;
        }
        assert_eq!(progress, told as f64, "call {nonce}: behind {}", self.told);
        let said = ledger.entry(nonce).map_or(0, |entry| entry.told);
        assert!(told <= said, "call {nonce}: {told} was never said");
        self.told = told;
    }

    /// The server answers with a message.
    pub(crate) fn hear_answer(&mut self, message: &Value, subject: &str, ledger: &Ledger, plan: &Plan) {
        let nonce = self.act.nonce;
        assert!(!self.is_answered, "call {nonce} is answered twice: {message}");
        self.is_answered = true;
        let entry = ledger.entry(nonce);
        let is_cancelled = self.cancel == Cancel::Known { was_running: true };
        assert!(!is_cancelled, "call {nonce} is answered though it was cancelled: {message}");
        if let Some(text) = message["result"]["content"][0]["text"].as_str() {
            if message["result"]["isError"] == true {
                assert_eq!(self.act.how, How::Ask, "call {nonce}: {message}");
                return;
            }
            assert_eq!(text, self.act.text(subject), "call {nonce}");
            assert!(entry.is_some_and(|entry| entry.is_complete), "call {nonce} has not returned");
            assert_ne!(self.act.how, How::Panic, "call {nonce}");
            assert!(self.act.how != How::Ask || self.in_session, "call {nonce} asked nobody");
            return;
        }
        let error = message["error"]["message"].as_str().unwrap_or_default();
        let expected = match (self.act.how, error) {
            (How::Panic, "Internal error") => entry.is_some(),
            // A handler that waits for its client to read has the time that all have.
            (how, "The call took too long") => {
                matches!(how, How::Hang | How::HangAndPanic) || how.tells() || how == How::EndSession
            }
            (_, "The request was cancelled") => self.cancel != Cancel::No || plan.stop.is_some(),
            (_, _) => plan.is_crowded,
        };
        assert!(expected, "call {nonce}, {:?}: {message}", self.act.how);
    }
}
