//! What a client does next.

use serde_json::json;

use super::{
    Around, Client, Era,
    call::{Call, Cancel},
    exchange::{Exchange, Role, is_plain},
    requests::{MODERN, Request, handshake, metadata, notification, request},
};
use crate::{
    connection::{Connection, Reading, Sending},
    handlers::{Act, How},
    issuer::Flaw,
    story,
};

const REVISIONS: [&str; 3] = ["2025-11-25", "2025-06-18", "2025-03-26"];

/// Calls that a client has running at once.
const CALLS_MAX: usize = 4;

impl Client {
    /// Does the next thing, if it is time for it.
    pub(super) fn act(&mut self, around: &mut Around<'_>) -> bool {
        if around.now < self.next || self.is_leaving {
            return false;
        }
        let running = self.exchanges.iter().filter(|exchange| !exchange.role.is_endless()).count();
        if running >= CALLS_MAX {
            self.next = around.now.after_micros(500_000);
            return false;
        }
        self.next = around.now.after_micros(*self.draw.pick(&[0, 10_000, 800_000, 2_500_000]));
        if self.left == 0 {
            self.leave(around);
            return true;
        }
        self.left = self.left.saturating_sub(1);
        match self.era {
            Era::Modern | Era::Stateless => self.act_stateless(around),
            Era::Session | Era::Older => self.act_in_session(around),
        }
        true
    }

    fn act_stateless(&mut self, around: &mut Around<'_>) {
        if self.draw.percent(85) {
            self.call(around);
        } else {
            self.ask(around);
        }
    }

    fn act_in_session(&mut self, around: &mut Around<'_>) {
        let Some(session) = &self.session else { return self.open(around) };
        if !session.is_ready {
            // What has to come first has not come.
            self.left = self.left.saturating_add(1);
            self.next = around.now.after_micros(1_000_000);
            if session.may_be_over(around.now) || !self.is_opening() {
                self.lose_session();
                self.left = self.left.saturating_sub(1);
            }
            return;
        }
        match self.draw.below(100) {
            0..60 => self.call(around),
            60..72 => self.cancel(around),
            72..84 if self.era == Era::Session => self.listen(around),
            84..90 if around.plan.thieves => self.steal(around),
            90..94 => self.delete(around),
            _ => self.ask(around),
        }
    }

    /// Whether a handshake, or the stream that it goes over, is under way.
    fn is_opening(&self) -> bool {
        self.exchanges.iter().any(|exchange| matches!(exchange.role, Role::Open | Role::Stream | Role::Tell))
    }

    fn flaw(&mut self, around: &Around<'_>) -> Flaw {
        if around.plan.bad_tokens && self.draw.percent(15) {
            *self.draw.pick(&[Flaw::Absent, Flaw::Expired, Flaw::Elsewhere, Flaw::Forged])
        } else {
            Flaw::None
        }
    }

    /// A request for the endpoint, or where a client of 2024-11-05 posts, with the fields of its era.
    fn post(&self, message: &serde_json::Value) -> Request {
        let (target, fields) = match (&self.session, self.era) {
            (Some(session), Era::Older) => (session.target.as_deref().unwrap_or("/mcp"), None),
            (Some(session), _) => ("/mcp", Some(session)),
            (None, _) => ("/mcp", None),
        };
        let request = Request::post(target, message);
        match (fields, self.era) {
            (Some(session), _) => {
                let request = request.field("Mcp-Session-Id", &session.id);
                request.field("MCP-Protocol-Version", session.revision)
            }
            (None, Era::Modern) => {
                let method = message["method"].as_str().unwrap_or_default();
                let request = request.field("MCP-Protocol-Version", MODERN).field("Mcp-Method", method);
                match message["params"]["name"].as_str() {
                    Some(name) => request.field("Mcp-Name", name),
                    None => request,
                }
            }
            (None, Era::Stateless) => request.field("MCP-Protocol-Version", "2025-11-25"),
            (None, Era::Session | Era::Older) => request,
        }
    }

    /// Calls a tool.
    fn call(&mut self, around: &mut Around<'_>) {
        let nonce = around.ledger.nonce();
        let act = Act::draw(&mut self.draw, around.plan, nonce);
        let is_guarded = self.draw.percent(20);
        let (id, flaw) = (self.id(), self.flaw(around));
        let name = if is_guarded { "guarded" } else { "act" };
        let meta = match self.era {
            Era::Modern => metadata(id),
            Era::Stateless | Era::Session | Era::Older => json!({"progressToken": id}),
        };
        let params = json!({"name": name, "arguments": act.arguments(), "_meta": meta});
        let request = self.post(&request(id, "tools/call", &params));
        let in_session = matches!(self.era, Era::Session | Era::Older);
        let place = self.calls.len();
        self.calls.push(Call::new(id, act, is_guarded, flaw, around.now, in_session));
        if !self.begin(request, Role::Call(place), flaw, id, around)
            && let Some(call) = self.calls.last_mut()
        {
            call.excuse = Some("no connection");
        }
        if act.how == How::EndSession
            && let Some(session) = &mut self.session
        {
            session.is_ended = true;
        }
    }

    /// Asks for something that no handler has a part in.
    fn ask(&mut self, around: &mut Around<'_>) {
        let (id, flaw) = (self.id(), self.flaw(around));
        let params = if self.era == Era::Modern { json!({"_meta": metadata(id)}) } else { json!({}) };
        let request = self.post(&request(id, "tools/list", &params));
        self.begin(request, Role::Ask, flaw, id, around);
    }

    /// Opens a session, or the stream of 2024-11-05.
    fn open(&mut self, around: &mut Around<'_>) {
        if self.is_opening() {
            self.left = self.left.saturating_add(1);
            self.next = around.now.after_micros(1_000_000);
            return;
        }
        let (id, flaw) = (self.id(), self.flaw(around));
        if self.era == Era::Older {
            self.begin(Request::get("/sse"), Role::Stream, flaw, id, around);
            return;
        }
        let revision = *self.draw.pick(&REVISIONS);
        let request = self.post(&handshake(id, revision));
        self.begin(request, Role::Open, flaw, id, around);
    }

    /// Says something that is only accepted.
    pub(super) fn tell(&mut self, message: &serde_json::Value, role: Role, around: &mut Around<'_>) {
        let request = self.post(message);
        self.begin(request, role, Flaw::None, 0, around);
    }

    pub(super) fn initialized(&mut self, around: &mut Around<'_>) {
        self.tell(&notification("notifications/initialized", &json!({})), Role::Tell, around);
    }

    fn cancel(&mut self, around: &mut Around<'_>) {
        let running =
            |call: &Call| !call.is_settled() && call.cancel == Cancel::No && call.flaw == Flaw::None;
        let Some(place) = self.calls.iter().position(running) else { return };
        let Some(call) = self.calls.get_mut(place) else { return };
        call.cancel = Cancel::Sent { was_running: around.ledger.is_running(call.act.nonce) };
        let message = notification("notifications/cancelled", &json!({"requestId": call.id}));
        self.tell(&message, Role::Cancel(place), around);
    }

    fn listen(&mut self, around: &mut Around<'_>) {
        if self.exchanges.iter().any(|exchange| exchange.role == Role::Listen) {
            return;
        }
        let Some(session) = &self.session else { return };
        let mut request = Request::get("/mcp").field("Mcp-Session-Id", &session.id);
        request = request.field("MCP-Protocol-Version", session.revision);
        if let Some((stream, place)) = session.listened
            && self.draw.percent(50)
        {
            request = request.field("Last-Event-ID", &format!("{stream}-{place}"));
        }
        let flaw = self.flaw(around);
        self.begin(request, Role::Listen, flaw, 0, around);
    }

    fn delete(&mut self, around: &mut Around<'_>) {
        let Some(session) = self.session.as_mut().filter(|_| self.era == Era::Session) else { return };
        session.is_ended = true;
        let request = Request::new("DELETE", "/mcp").field("Mcp-Session-Id", &session.id);
        let request = request.field("MCP-Protocol-Version", session.revision);
        self.begin(request, Role::Delete, Flaw::None, 0, around);
    }

    /// Tries a session of somebody else.
    fn steal(&mut self, around: &mut Around<'_>) {
        let others: Vec<String> = around
            .known
            .iter()
            .filter(|(_, owner)| *owner != self.subject)
            .map(|(id, _)| id.clone())
            .collect();
        if others.is_empty() {
            return;
        }
        let id = self.draw.pick(&others).clone();
        let of = |request: Request| {
            request.field("Mcp-Session-Id", &id).field("MCP-Protocol-Version", "2025-11-25")
        };
        let ping = request(1, "ping", &json!({}));
        let request = match self.draw.below(4) {
            0 => of(Request::get("/mcp")),
            1 => of(Request::new("DELETE", "/mcp")),
            2 => of(Request::get("/mcp")).field("Last-Event-ID", "1-1"),
            _ => of(Request::post("/mcp", &ping)),
        };
        self.begin(request, Role::Theft, Flaw::None, 1, around);
    }

    /// Comes back for the rest of calls, and gives answers whose time has come; whether there was anything to do.
    pub(super) fn come_back(&mut self, around: &mut Around<'_>) -> bool {
        let mut was_busy = false;
        for place in 0..self.calls.len() {
            let Some(call) = self.calls.get_mut(place) else { continue };
            if call.resume_at.is_none_or(|at| at > around.now) {
                continue;
            }
            was_busy = true;
            call.resume_at = None;
            let last = call.last;
            let Some((session, (stream, event))) = self.session.as_ref().zip(last) else { continue };
            let request = Request::get("/mcp").field("Mcp-Session-Id", &session.id);
            let request = request.field("MCP-Protocol-Version", session.revision);
            let request = request.field("Last-Event-ID", &format!("{stream}-{event}"));
            if !self.begin(request, Role::Resume(place), Flaw::None, 0, around)
                && let Some(call) = self.calls.get_mut(place)
            {
                call.excuse = Some("no connection");
            }
        }
        while let Some(place) = self.answers.iter().position(|(at, _)| *at <= around.now) {
            was_busy = true;
            let (_, id) = self.answers.swap_remove(place);
            let message = if self.draw.percent(80) {
                json!({"jsonrpc": "2.0", "id": id, "result": {"roots": []}})
            } else {
                json!({"jsonrpc": "2.0", "id": id, "error": {"code": -1, "message": "no"}})
            };
            self.tell(&message, Role::Answer(id), around);
        }
        was_busy
    }

    /// Sends a request; whether there is a connection for it.
    fn begin(&mut self, request: Request, role: Role, flaw: Flaw, id: u64, around: &mut Around<'_>) -> bool {
        let plan = around.plan;
        let used = if plan.reuses && self.draw.percent(60) { self.idle.pop() } else { None };
        let used = used.filter(|end| !end.is_closed());
        let is_used = used.is_some();
        let Some(end) = used.or_else(|| around.listener.connect(around.executor, plan, &mut self.draw))
        else {
            return false;
        };
        let chunks = self.draw.percent(20).then(|| self.draw.below(200).saturating_add(1));
        let bytes = request.token(self.token(flaw, around).as_deref()).bytes(chunks);
        story::tell(|| {
            let text = String::from_utf8_lossy(&bytes);
            format!("{:?} {} {role:?} says {text}", around.now, self.subject)
        });
        let is_call = matches!(role, Role::Call(_) | Role::Resume(_) | Role::Ask);
        let sending =
            if is_call { Sending::draw(&mut self.draw, plan, bytes.len()) } else { Sending::AtOnce };
        let reading = if is_call { Reading::draw(&mut self.draw, plan) } else { Reading::All };
        let is_plain = is_plain(bytes.len(), sending, reading);
        let patience = match role {
            Role::Listen | Role::Theft => Some(self.draw.within(100_000..=20_000_000)),
            Role::Stream if self.draw.percent(30) => Some(self.draw.within(1_000_000..=30_000_000)),
            _ if !is_plain => Some(self.draw.within(20_000_000..=60_000_000)),
            Role::Call(_) | Role::Resume(_) | Role::Ask if plan.cuts && self.draw.percent(30) => {
                Some(self.draw.within(0..=3_000_000))
            }
            _ => None,
        };
        let is_guarded = match role {
            Role::Call(place) => self.calls.get(place).is_some_and(|call| call.is_guarded),
            _ => false,
        };
        let in_session = self.session.is_some() && role != Role::Theft && role != Role::Open;
        self.exchanges.push(Exchange {
            connection: Connection::new(end, bytes, sending, reading, is_used),
            role,
            flaw,
            is_guarded,
            in_session,
            begun: around.now,
            cut_at: patience.map(|micros| around.now.after_micros(micros)),
            head: None,
            last: None,
            id,
            is_plain: is_plain && patience.is_none(),
        });
        true
    }

    /// Ends what goes on without end, once everything else is over, and goes.
    fn leave(&mut self, around: &mut Around<'_>) {
        let is_waiting = self.calls.iter().any(|call| !call.is_settled())
            || self.exchanges.iter().any(|exchange| !exchange.role.is_endless());
        if is_waiting {
            self.next = around.now.after_micros(1_000_000);
            self.judge_waiting(around);
            return;
        }
        if self.era == Era::Session
            && self.session.as_ref().is_some_and(|session| !session.is_ended)
            && self.draw.percent(50)
        {
            self.delete(around);
        }
        for exchange in self.exchanges.iter_mut().filter(|exchange| exchange.role.is_endless()) {
            exchange.cut_at = Some(around.now);
        }
        self.idle.clear();
        self.is_leaving = true;
    }
}
