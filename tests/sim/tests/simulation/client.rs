//! A client: it does one thing after another and several at a time, and believes nothing.

mod acts;
mod answers;
mod call;
mod exchange;
mod promptness;
mod requests;
mod session;

use mcp_driver::proto::{Tick, UnixSeconds};
use mcp_sim::{ClientEnd, Executor, draw::Draw};

pub(crate) use self::requests::{MODERN, Request, metadata, request};
use self::{call::Call, exchange::Exchange, session::Session};
use crate::{
    idle::SUBJECTS,
    issuer::{Flaw, Keys, token},
    ledger::Ledger,
    listener::Listener,
    plan::Plan,
    story,
};

/// Which protocol a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Era {
    /// 2026-07-28.
    Modern,
    /// An older one without sessions.
    Stateless,
    /// An older one with a session.
    Session,
    /// HTTP+SSE of 2024-11-05.
    Older,
}

/// One client.
pub(crate) struct Client {
    subject: String,
    is_admin: bool,
    era: Era,
    draw: Draw,
    /// What it still means to do.
    left: usize,
    /// When it does the next thing.
    next: Tick,
    ids: u64,
    exchanges: Vec<Exchange>,
    calls: Vec<Call>,
    session: Option<Session>,
    /// Connections that can be used again.
    idle: Vec<ClientEnd>,
    /// Answers to questions, and when they are given.
    answers: Vec<(Tick, u64)>,
    is_leaving: bool,
}

/// The world around a client.
pub(crate) struct Around<'w> {
    pub(crate) now: Tick,
    pub(crate) unix: UnixSeconds,
    pub(crate) plan: &'w Plan,
    pub(crate) ledger: &'w Ledger,
    pub(crate) keys: &'w Keys,
    /// Which keys the issuer signs with.
    pub(crate) generation: usize,
    pub(crate) listener: &'w mut Listener,
    pub(crate) executor: &'w mut Executor,
    /// Ids of sessions, and whose they are.
    pub(crate) known: &'w mut Vec<(String, String)>,
}

/// How long a client waits for what has to come, in microseconds: longer than any session lasts.
const PATIENCE: u64 = 200_000_000;

impl Client {
    pub(crate) fn new(mut draw: Draw, era: Era, plan: &Plan) -> Self {
        Self {
            subject: (*draw.pick(&SUBJECTS)).to_owned(),
            is_admin: draw.percent(50),
            era,
            left: plan.actions,
            next: Tick(draw.within(0..=3_000_000)),
            draw,
            ids: 0,
            exchanges: Vec::new(),
            calls: Vec::new(),
            session: None,
            idle: Vec::new(),
            answers: Vec::new(),
            is_leaving: false,
        }
    }

    /// Does what it can; whether there was anything.
    pub(crate) fn turn(&mut self, around: &mut Around<'_>) -> bool {
        let mut was_busy = false;
        let mut items = Vec::new();
        for place in (0..self.exchanges.len()).rev() {
            let Some(exchange) = self.exchanges.get_mut(place) else { continue };
            was_busy |= exchange.connection.pump(around.now, &mut items);
            for item in items.drain(..) {
                story::tell(|| {
                    let role = self.exchanges.get(place).map(|exchange| exchange.role);
                    format!("{:?} {} {role:?} hears {item:?}", around.now, self.subject)
                });
                self.hear(place, item, around);
            }
            was_busy |= self.look_after(place, around);
        }
        was_busy |= self.come_back(around);
        was_busy | self.act(around)
    }

    /// When it does something by itself.
    pub(crate) fn wakes_at(&self, now: Tick) -> Option<Tick> {
        let exchanges = self.exchanges.iter().flat_map(|exchange| {
            let late = (!exchange.role.is_endless()).then(|| exchange.begun.after_micros(PATIENCE));
            [exchange.connection.wakes_at(), exchange.cut_at, late]
        });
        let calls = self.calls.iter().map(|call| call.resume_at);
        let answers = self.answers.iter().map(|(at, _)| Some(*at));
        let own = (self.left > 0 || !self.is_leaving).then_some(self.next);
        exchanges.chain(calls).chain(answers).chain([own]).flatten().filter(|at| *at > now).min()
    }

    /// Whether it has done everything, and has heard what it had to.
    pub(crate) fn is_done(&self) -> bool {
        self.is_leaving && self.exchanges.is_empty()
    }

    fn id(&mut self) -> u64 {
        self.ids = self.ids.saturating_add(1);
        self.ids
    }

    fn token(&self, flaw: Flaw, around: &Around<'_>) -> Option<String> {
        token(around.keys, around.generation, around.unix, &self.subject, self.is_admin, flaw)
    }

    /// Breaks off what is to be, and fails where an answer is late.
    fn look_after(&mut self, place: usize, around: &Around<'_>) -> bool {
        let Some(exchange) = self.exchanges.get_mut(place) else { return false };
        if exchange.connection.is_over() {
            let mut exchange = self.exchanges.swap_remove(place);
            if around.plan.reuses
                && let Some(end) = exchange.connection.take_end()
            {
                self.idle.push(end);
            }
            self.ended(&exchange, around);
            return true;
        }
        if exchange.cut_at.is_some_and(|at| at <= around.now) {
            exchange.connection.cut();
            let exchange = self.exchanges.swap_remove(place);
            self.ended(&exchange, around);
            return true;
        }
        let is_late = exchange.begun.after_micros(PATIENCE) <= around.now;
        assert!(
            !is_late || !exchange.is_plain || exchange.role.is_endless(),
            "{:?} of {} is not answered, begun at {:?}, head {:?}",
            exchange.role,
            self.subject,
            exchange.begun,
            exchange.head.as_ref().map(|head| head.status)
        );
        if is_late && !exchange.role.is_endless() {
            exchange.connection.cut();
        }
        false
    }
}
