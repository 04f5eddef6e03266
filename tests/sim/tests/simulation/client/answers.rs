//! What a client hears, and the laws that hold for it.

use mcp_sim::{event_reader::Event, http1::Head};
use serde_json::Value;

use super::{
    Around, Client, Era, PATIENCE,
    call::Cancel,
    exchange::{Exchange, Role},
    requests::handshake,
    session::{Session, event_id},
};
use crate::{connection::Item, handlers::How, issuer::Flaw};

impl Client {
    /// Something came of the exchange at this place.
    pub(super) fn hear(&mut self, place: usize, item: Item, around: &mut Around<'_>) {
        match item {
            Item::Head(head) => self.hear_head(place, head, around),
            Item::Event(event) => self.hear_event(place, event, around),
            Item::Body(body) => self.hear_body(place, &body, around),
            Item::End => {}
            Item::Closed => self.hear_close(place, around),
        }
    }

    fn hear_head(&mut self, place: usize, head: Head, around: &mut Around<'_>) {
        let Some(exchange) = self.exchanges.get_mut(place) else { return };
        assert!(exchange.head.is_none(), "two heads");
        let (plan, role, status) = (around.plan, exchange.role, head.status);
        let is_session_over = plan.loses_sessions()
            || self.session.as_ref().is_none_or(|session| session.may_be_over(around.now));
        // A call ends with nothing behind what was seen of it when it is cancelled, and where too many run without
        // their clients.
        let is_ended_unheard = match role {
            Role::Resume(call) => {
                let call = self.calls.get(call);
                plan.is_crowded || call.is_some_and(|call| call.cancel != Cancel::No)
            }
            _ => false,
        };
        let is_expected = match status {
            200 | 202 => {
                exchange.flaw == Flaw::None && role != Role::Theft && (!exchange.is_guarded || self.is_admin)
            }
            401 => exchange.flaw != Flaw::None || plan.fetches_keys,
            403 => exchange.is_guarded && !self.is_admin,
            404 => role == Role::Theft || (exchange.in_session && is_session_over),
            400 => !exchange.is_plain || is_ended_unheard,
            408 => !exchange.is_plain,
            // A stream that is taken up again counts while its last connection is not known to be gone.
            429 => plan.is_crowded,
            503 => {
                let opens = matches!(role, Role::Open | Role::Stream);
                plan.is_crowded || plan.fetches_keys || (opens && plan.no_entropy.is_some())
            }
            _ => false,
        };
        assert!(
            is_expected,
            "{role:?} of {} with a token with the flaw {:?} is answered {status}",
            self.subject, exchange.flaw
        );
        if status == 401 {
            let challenge = head.field("www-authenticate").unwrap_or_default();
            assert!(challenge.contains("resource_metadata="), "{challenge}");
        }
        if role == Role::Open && status == 200 {
            let id = head.field("mcp-session-id").expect("a session").to_owned();
            around.known.push((id.clone(), self.subject.clone()));
            self.session = Some(Session::new(id, "2025-11-25", None, around.now));
        } else {
            assert_eq!(head.field("mcp-session-id"), None, "{role:?} is given a session");
        }
        if let (Role::Cancel(call), 202) = (role, status)
            && let Some(call) = self.calls.get_mut(call)
        {
            let is_running = around.ledger.is_running(call.act.nonce);
            call.cancel = Cancel::Known {
                was_running: is_running && call.cancel == Cancel::Sent { was_running: true },
            };
        }
        if let (Role::Answer(id), 202) = (role, status) {
            let asked = self.calls.iter_mut().filter(|call| call.asked == Some(id));
            asked.for_each(|call| call.has_its_answer = true);
        }
        exchange.head = Some(head);
    }

    fn hear_event(&mut self, place: usize, event: Event, around: &mut Around<'_>) {
        let Some(exchange) = self.exchanges.get_mut(place) else { return };
        let (role, subject) = (exchange.role, self.subject.clone());
        if let Some(id) = &event.id {
            let id = event_id(id);
            let session = self.session.as_mut().expect("events have ids in sessions");
            assert!(session.events.insert(id), "event {id:?} came twice");
            if let Some((stream, last)) = exchange.last {
                assert!(stream == id.0 && last < id.1, "event {id:?} came behind {stream}-{last}");
            }
            exchange.last = Some(id);
            match role {
                Role::Call(call) | Role::Resume(call) => {
                    let call = self.calls.get_mut(call).expect("a call");
                    match call.last {
                        Some((stream, last)) if stream == id.0 => {
                            assert!(last < id.1, "event {id:?} came behind {stream}-{last}");
                            call.last = Some(id);
                        }
                        // Nothing is left of its stream.
                        Some(_) => call.excuse = Some("evicted"),
                        None => call.last = Some(id),
                    }
                }
                Role::Listen => session.listened = Some(id),
                _ => unreachable!("{role:?} is answered with events"),
            }
        } else {
            let in_session = matches!(self.era, Era::Session);
            assert!(!in_session || event.data.is_none(), "an event without an id: {event:?}");
        }
        let Some(data) = event.data.filter(|data| !data.is_empty()) else { return };
        if event.kind.as_deref() == Some("endpoint") {
            return self.hear_endpoint(data, around);
        }
        let message: Value = serde_json::from_str(&data).expect("a message");
        self.hear_message(&message, role, &subject, around);
    }

    fn hear_endpoint(&mut self, target: String, around: &mut Around<'_>) {
        let id = target.split_once("sessionId=").expect("a session").1.to_owned();
        around.known.push((id.clone(), self.subject.clone()));
        self.session = Some(Session::new(id, "2024-11-05", Some(target), around.now));
        let id = self.id();
        self.tell(&handshake(id, "2024-11-05"), Role::Tell, around);
    }

    fn hear_message(&mut self, message: &Value, role: Role, subject: &str, around: &mut Around<'_>) {
        let own = match role {
            Role::Call(call) | Role::Resume(call) => Some(call),
            _ => None,
        };
        match message["method"].as_str() {
            Some("notifications/progress") => {
                let token = message["params"]["progressToken"].as_u64();
                let has_messages = self.era != Era::Older;
                let call = self.about(token, own, message);
                call.hear_progress(&message["params"], subject, has_messages, around.ledger);
            }
            Some("roots/list") => {
                let id = message["id"].as_u64().expect("a number");
                if let Some(call) = own.and_then(|call| self.calls.get_mut(call)) {
                    call.asked = Some(id);
                    assert_eq!(call.act.how, How::Ask, "call {}: {message}", call.act.nonce);
                }
                let wait = *self.draw.pick(&[0, 100_000, 4_000_000, 8_000_000]);
                self.answers.push((around.now.after_micros(wait), id));
            }
            Some("notifications/tools/list_changed") => {
                assert_eq!(own, None, "a change on the stream of a call");
            }
            Some("notifications/cancelled") => {}
            Some(_) => unreachable!("{message}"),
            None => self.hear_response(message, own, role, subject, around),
        }
    }

    fn hear_response(
        &mut self,
        message: &Value,
        own: Option<usize>,
        role: Role,
        subject: &str,
        around: &mut Around<'_>,
    ) {
        if role == Role::Stream {
            let is_call = self.calls.iter().any(|call| Some(call.id) == message["id"].as_u64());
            if !is_call {
                if message["result"]["protocolVersion"].is_string() {
                    self.greeted(around);
                }
                return;
            }
        }
        let id = message["id"].as_u64();
        let (ledger, plan) = (around.ledger, around.plan);
        let call = self.about(id, own, message);
        call.hear_answer(message, subject, ledger, plan);
    }

    /// The call that a message is about, which has to be the one whose stream it is on.
    fn about(&mut self, id: Option<u64>, own: Option<usize>, message: &Value) -> &mut super::Call {
        let is_older = self.era == Era::Older;
        let place = match own {
            Some(place) => Some(place),
            None if is_older => self.calls.iter().position(|call| Some(call.id) == id),
            None => None,
        };
        let call = place.and_then(|place| self.calls.get_mut(place));
        let call = call.unwrap_or_else(|| unreachable!("on a stream of no call: {message}"));
        assert_eq!(id, Some(call.id), "on the stream of call {}: {message}", call.act.nonce);
        call
    }

    fn hear_body(&mut self, place: usize, body: &[u8], around: &mut Around<'_>) {
        let Some(exchange) = self.exchanges.get(place) else { return };
        let Some(head) = &exchange.head else { return };
        let (role, status, id, subject) = (exchange.role, head.status, exchange.id, self.subject.clone());
        if status != 200 {
            return;
        }
        match role {
            Role::Call(_) => {
                let message: Value = serde_json::from_slice(body).expect("a message");
                self.hear_message(&message, role, &subject, around);
            }
            Role::Open => {
                let message: Value = serde_json::from_slice(body).expect("a message");
                assert_eq!(message["id"], id, "{message}");
                let revision = message["result"]["protocolVersion"].as_str().unwrap_or_default();
                if let Some(session) = &mut self.session {
                    session.revision = if revision == "2025-11-25" {
                        "2025-11-25"
                    } else if revision == "2025-06-18" {
                        "2025-06-18"
                    } else {
                        "2025-03-26"
                    };
                }
                self.greeted(around);
            }
            Role::Ask => {
                let message: Value = serde_json::from_slice(body).expect("a message");
                assert_eq!(message["id"], id, "{message}");
                assert!(message["result"]["tools"].is_array(), "{message}");
            }
            _ => {}
        }
    }

    /// The handshake is answered.
    fn greeted(&mut self, around: &mut Around<'_>) {
        if let Some(session) = &mut self.session {
            session.is_ready = true;
        }
        self.initialized(around);
    }

    /// The connection has gone in the middle of an answer.
    fn hear_close(&self, place: usize, around: &Around<'_>) {
        let Some(exchange) = self.exchanges.get(place) else { return };
        let is_expected = !exchange.is_plain
            || !around.listener.is_open()
            || (exchange.connection.is_used && exchange.head.is_none());
        assert!(
            is_expected,
            "the connection of {:?} of {} is closed, head {:?}",
            exchange.role,
            self.subject,
            exchange.head.as_ref().map(|head| head.status)
        );
    }

    /// An exchange is over, however it ended.
    pub(super) fn ended(&mut self, exchange: &Exchange, around: &Around<'_>) {
        let status = exchange.head.as_ref().map(|head| head.status);
        match exchange.role {
            Role::Call(call) | Role::Resume(call) => self.call_ended(call, exchange, status, around),
            Role::Stream => {
                self.lose_session();
            }
            Role::Delete if status == Some(200) => {
                self.calls.iter_mut().filter(|call| call.in_session).for_each(|call| call.is_ended = true);
                self.lose_session();
            }
            _ if exchange.in_session && status == Some(404) => self.lose_session(),
            _ => {}
        }
    }

    fn call_ended(&mut self, place: usize, exchange: &Exchange, status: Option<u16>, around: &Around<'_>) {
        let is_older = self.era == Era::Older;
        let has_session = self.session.is_some();
        let wait = self.draw.within(0..=500_000);
        let Some(call) = self.calls.get_mut(place) else { return };
        if call.is_settled() {
            return;
        }
        match status {
            Some(200) => {}
            Some(202) if is_older => return,
            Some(404) => call.excuse = Some("session over"),
            Some(_) => call.excuse = Some("refused"),
            None => {}
        }
        if call.is_settled() {
            if status == Some(404) {
                self.lose_session();
            }
            return;
        }
        let is_cancelled = call.cancel != Cancel::No;
        if !call.in_session {
            assert!(
                !exchange.is_plain || !around.listener.is_open() || exchange.connection.is_used,
                "call {} ended without an answer",
                call.act.nonce
            );
            call.excuse = Some("its client has left");
        } else if is_cancelled {
            call.excuse = Some("cancelled");
        } else if !has_session || call.act.how == How::EndSession {
            call.excuse = Some("session over");
        } else if call.last.is_some() && !is_older {
            // Until its answer comes, or nothing is left to come back to.
            assert!(
                around.now < call.begun.after_micros(PATIENCE),
                "call {} is never answered",
                call.act.nonce
            );
            call.resume_at = Some(around.now.after_micros(wait));
        } else {
            assert!(
                !exchange.is_plain
                    || !around.listener.is_open()
                    || exchange.connection.is_used
                    || around.plan.loses_sessions()
                    || self.session.as_ref().is_none_or(|session| session.may_be_over(around.now)),
                "call {} ended without an answer or a way to get it",
                call.act.nonce
            );
            call.excuse = Some("nothing to come back to");
        }
    }

    /// The session is over, and whatever ran in it.
    pub(super) fn lose_session(&mut self) {
        self.session = None;
        self.answers.clear();
        for call in self.calls.iter_mut().filter(|call| call.in_session && !call.is_answered) {
            call.excuse.get_or_insert("session over");
            call.resume_at = None;
        }
        // What names it is about nothing any more.
        for exchange in &mut self.exchanges {
            if exchange.in_session || exchange.role == Role::Stream {
                exchange.connection.cut();
                exchange.is_plain = false;
            }
        }
    }

    /// Fails when something is waited for that will never come.
    pub(super) fn judge_waiting(&mut self, around: &Around<'_>) {
        let is_open = around.listener.is_open();
        for call in self.calls.iter_mut().filter(|call| !call.is_settled()) {
            let is_late = call.begun.after_micros(PATIENCE) <= around.now;
            assert!(
                !is_late || !is_open || call.cancel != Cancel::No,
                "call {}, {:?}, of {} is never answered",
                call.act.nonce,
                call.act.how,
                self.subject
            );
            if is_late || (!is_open && call.resume_at.is_none() && self.exchanges.is_empty()) {
                call.excuse = Some("the server has stopped");
            }
        }
    }
}
