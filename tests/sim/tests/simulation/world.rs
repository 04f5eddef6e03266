//! A world from its beginning to its end.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use mcp_driver::{
    Auth, ConnectionTimeouts, Fetch, KeySource, LegacySse, MemoryEvents, MemorySessions, Mode, Runtime,
    Server, ServerLimits, Service, SessionPolicy, Timeouts, proto::Tick,
};
use mcp_sim::{Allocated, Executor, draw::Draw};

use crate::{
    client::{Around, Client, Era},
    handlers::catalog,
    idle::{Idle, Visit},
    issuer::{AUDIENCE, ISSUER, KEYS_URL, Keys, Publisher},
    ledger::Ledger,
    listener::Listener,
    log::Warnings,
    plan::Plan,
    stores::{Events, Records, Trouble},
    story,
};

/// Every session ends after this long.
pub(crate) const LIFE_MICROS: u64 = 100_000_000;

/// When the last client has long left, whatever happens: patience, and time for everything that clients do.
const OVER: Tick = Tick(900_000_000);

/// After the last client has left: the life of a session, and the longest timeout.
const AFTERWARDS: u64 = LIFE_MICROS + 60_000_000;

/// What there was of a world, for those who want to know whether anything happens in it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Summary {
    pub(crate) calls: u64,
    pub(crate) micros: u64,
}

struct World {
    plan: Plan,
    draw: Draw,
    executor: Executor,
    ledger: Ledger,
    keys: Arc<Keys>,
    current: Arc<AtomicUsize>,
    signs: usize,
    listener: Listener,
    clients: Vec<Client>,
    known: Vec<(String, String)>,
    events: Option<Events>,
    records: Option<Records>,
    replaced: usize,
    /// What the server held before anybody came.
    before: Option<Idle>,
}

/// Lets the world of a seed take its course, and fails if a law is broken there.
pub(crate) fn run(seed: u64, keys: &Arc<Keys>) -> Summary {
    drop(Warnings::take());
    let mut world = World::new(seed, keys);
    while !world.is_over() {
        world.turn();
        assert!(world.executor.tick() < OVER, "clients still wait");
    }
    world.end()
}

fn era(draw: &mut Draw, mode: Mode) -> Era {
    match (mode, draw.below(100)) {
        (Mode::Stateless, 0..50) => Era::Stateless,
        (Mode::Stateless, _) | (_, 0..20) => Era::Modern,
        (_, 20..80) => Era::Session,
        (_, _) => Era::Older,
    }
}

fn policy(plan: &Plan) -> SessionPolicy {
    let mut policy = SessionPolicy::default();
    policy.legacy_sse = Some(LegacySse::default());
    policy.life_micros = LIFE_MICROS;
    policy.idle_micros = LIFE_MICROS / 2;
    policy.ask_micros = 5_000_000;
    if plan.few_events {
        policy.events_max = 4;
    }
    if plan.is_crowded {
        (policy.sessions_max, policy.sessions_per_principal_max) = (2, 1);
        (policy.streams_max, policy.calls_max, policy.asks_max) = (1, 2, 1);
    }
    policy
}

fn limits(plan: &Plan) -> ServerLimits {
    let mut limits = ServerLimits::default();
    // What is remembered of tokens is not to hide what is left of sessions.
    limits.cached_tokens = 2;
    if plan.is_crowded {
        (limits.calls, limits.calls_per_principal) = (3, 2);
        (limits.calls_alone, limits.calls_alone_per_principal) = (1, 1);
        (limits.session_streams, limits.session_streams_per_principal) = (2, 1);
    }
    limits
}

fn timeouts() -> (Timeouts, ConnectionTimeouts) {
    let mut core = Timeouts::default();
    core.call_micros = 20_000_000;
    core.open_stream_micros = 2_000_000;
    core.heartbeat_micros = 5_000_000;
    core.body_micros = 8_000_000;
    let mut connections = ConnectionTimeouts::default();
    connections.head = Duration::from_secs(10);
    connections.write_stall = Duration::from_secs(5);
    connections.drain = Duration::from_secs(5);
    (core, connections)
}

impl World {
    fn new(seed: u64, keys: &Arc<Keys>) -> Self {
        let mut draw = Draw::new(seed);
        let plan = Plan::draw(&mut draw);
        story::tell(|| format!("{plan:?}"));
        let executor = Executor::new(draw.next());
        let (runtime, ledger, current) =
            (executor.runtime(), Ledger::default(), Arc::<AtomicUsize>::default());
        let mode = if draw.percent(80) { Mode::Stateful } else { Mode::Stateless };
        let source = if plan.fetches_keys {
            KeySource::url(KEYS_URL).expect("a URL")
        } else {
            keys.generation(0).keys()
        };
        let (core, connections) = timeouts();
        let mut builder = Server::builder("simulated", "1", Auth::from(Auth::jwt(ISSUER, AUDIENCE, source)))
            .mode(mode)
            .core_timeouts(core)
            .connection_timeouts(connections)
            .limits(limits(&plan))
            .catalog(catalog(&ledger, &runtime, 0));
        let trouble = |draw: &mut Draw| Trouble::new(&plan, draw.fork(), runtime.clone(), ledger.clone());
        let (mut events, mut records) = (None, None);
        if mode == Mode::Stateful {
            builder = builder.sessions(policy(&plan));
            if plan.has_event_store {
                let kept = Arc::new(MemoryEvents::new(256, 1 << 20));
                let store = Events { kept, trouble: trouble(&mut draw) };
                builder = builder.event_store(store.clone());
                events = Some(store);
            }
            if plan.has_session_store {
                let store = Records { kept: Arc::new(MemorySessions::new()), trouble: trouble(&mut draw) };
                builder = builder.session_store(store.clone());
                records = Some(store);
            }
        }
        let server = builder.build().expect("a server");
        let publisher = Publisher {
            keys: Arc::clone(keys),
            current: Arc::clone(&current),
            fails: plan.fetch_fails,
            runtime: runtime.clone(),
            draw: Mutex::new(draw.fork()),
            ledger: ledger.clone(),
        };
        let fetch: Arc<dyn Fetch> = Arc::new(publisher);
        let service = Service::start(server, runtime, Some(fetch)).expect("a service");
        let mut world = Self {
            plan,
            executor,
            ledger,
            keys: Arc::clone(keys),
            current,
            signs: 0,
            listener: Listener::new(service),
            clients: Vec::new(),
            known: Vec::new(),
            events,
            records,
            replaced: 0,
            draw,
            before: None,
        };
        world.before = Some(world.count_idle());
        for _ in 0..world.plan.clients {
            let client = world.client(mode);
            world.clients.push(client);
        }
        world
    }

    fn client(&mut self, mode: Mode) -> Client {
        let era = era(&mut self.draw, mode);
        Client::new(self.draw.fork(), era, &self.plan)
    }

    fn is_over(&self) -> bool {
        self.clients.iter().all(Client::is_done)
    }

    /// Lets some tasks run and the clients do something, or time pass if nobody has anything to do.
    fn turn(&mut self) {
        let mut was_busy = self.intervene();
        for _ in 0..self.draw.below(8) {
            was_busy |= self.executor.step();
        }
        let (clients, first) = (self.clients.len(), self.draw.below(self.clients.len()));
        for place in 0..clients {
            was_busy |= self.let_client(first.wrapping_add(place) % clients);
        }
        // One that has nothing to do may still have been given no chance to.
        if was_busy || self.executor.step() {
            return;
        }
        let now = self.executor.tick();
        let is_open = self.listener.is_open();
        self.clients.iter().for_each(|client| client.judge_idle(now, is_open, &self.plan, &self.ledger));
        let clients = self.clients.iter().filter_map(|client| client.wakes_at(now));
        let plan = &self.plan;
        let planned = plan.rotations.first().into_iter().chain(plan.replacements.first());
        let planned = planned.copied().chain(plan.stop).chain(plan.jumps.first().map(|(at, _)| *at));
        let entropy = plan.no_entropy.into_iter().flat_map(|(from, to)| [from, to]);
        let planned = planned.chain(entropy.filter(|at| *at > now));
        let next = clients.chain(planned).chain(self.executor.next_timer()).min();
        self.executor.advance_to(next.expect("somebody waits for a moment"));
    }

    fn let_client(&mut self, place: usize) -> bool {
        let Some(client) = self.clients.get_mut(place) else { return false };
        let now = self.executor.runtime().now();
        client.turn(&mut Around {
            now: now.tick,
            unix: now.unix,
            plan: &self.plan,
            ledger: &self.ledger,
            keys: &self.keys,
            generation: self.signs,
            listener: &mut self.listener,
            executor: &mut self.executor,
            known: &mut self.known,
        })
    }

    /// What happens to the server at its time.
    fn intervene(&mut self) -> bool {
        let (now, mut was_busy) = (self.executor.tick(), false);
        let plan = &mut self.plan;
        while plan.rotations.first().is_some_and(|at| *at <= now) {
            plan.rotations.remove(0);
            // The issuer may sign with keys that it has not published yet.
            self.signs = self.signs.saturating_add(1);
            self.current.store(self.signs, Ordering::Relaxed);
            was_busy = true;
        }
        while let Some((_, seconds)) = plan.jumps.first().filter(|(at, _)| *at <= now).copied() {
            plan.jumps.remove(0);
            self.executor.runtime().jump_wall_clock(seconds);
            was_busy = true;
        }
        while plan.replacements.first().is_some_and(|at| *at <= now) {
            plan.replacements.remove(0);
            self.replaced = self.replaced.saturating_add(1);
            let catalog = catalog(&self.ledger, &self.executor.runtime(), self.replaced);
            self.listener.server.replace(catalog).expect("a catalog");
            was_busy = true;
        }
        if let Some((from, to)) = plan.no_entropy {
            self.executor.runtime().set_entropy(now < from || to <= now);
        }
        if plan.stop.is_some_and(|at| at <= now) {
            plan.stop = None;
            self.listener.stop(&self.executor);
            was_busy = true;
        }
        self.listener.tend(&mut self.executor);
        was_busy
    }

    /// Everybody has left: what was begun ends, nothing is left, and nothing was said that nobody expects.
    fn end(mut self) -> Summary {
        let over = self.executor.tick().after_micros(AFTERWARDS);
        self.executor.run_until(over);
        self.listener.tend(&mut self.executor);
        let connections = self.listener.connections(&self.executor);
        assert_eq!(connections, 0, "connections are open");
        assert_eq!(self.listener.server.sessions().len(), 0, "sessions are open");
        assert_eq!(self.ledger.entries().alive, 0, "handlers are running");
        let unforgotten = self.ledger.entries().unforgotten;
        let events = self.events.as_ref().map_or(0, |store| store.kept.len());
        let records = self.records.as_ref().map_or(0, |store| store.kept.len());
        assert!(events.max(records) <= unforgotten, "{events} of events, {records} of records are kept");
        self.judge_warnings();
        self.judge_idle();
        let Self { listener, mut executor, ledger, .. } = self;
        drop(listener);
        executor.run_until(over.after_micros(AFTERWARDS));
        // What a store hangs at keeps the sessions' table, and whoever looks after it.
        let hanging = ledger.entries().store_busy;
        let (tasks, timers) = if hanging == 0 { (0, 0) } else { (hanging + 1, 1) };
        assert_eq!(
            (executor.tasks(), executor.runtime().timers()),
            (tasks, timers),
            "tasks or timers are left"
        );
        Summary { calls: ledger.nonce().saturating_sub(1), micros: over.0 }
    }

    /// What the server holds that nobody uses.
    fn count_idle(&mut self) -> Idle {
        // Also what it serves is the same.
        let catalog = catalog(&self.ledger, &self.executor.runtime(), 0);
        self.listener.server.replace(catalog).expect("a catalog");
        let visit = Visit {
            executor: &mut self.executor,
            listener: &self.listener,
            ledger: &self.ledger,
            keys: &self.keys,
            generation: self.signs,
        };
        visit.count()
    }

    /// A server that nobody uses any more holds what it held before anybody came, but for what a store hangs at.
    fn judge_idle(&mut self) {
        (self.clients, self.known) = (Vec::new(), Vec::new());
        self.ledger.forget();
        let (before, after) = (self.before.take().expect("it was counted"), self.count_idle());
        let hanging = self.ledger.entries().store_busy;
        assert_eq!(after.wakers, after.tasks, "wakers are kept of tasks that are over");
        assert_eq!(
            (after.tasks, after.timers),
            (before.tasks + hanging, before.timers),
            "tasks or timers are left"
        );
        if self.ledger.entries().unforgotten == 0 {
            let more = after.allocated - before.allocated;
            assert_eq!(more, Allocated { blocks: 0, bytes: 0 }, "an idle server holds memory");
        }
    }

    fn judge_warnings(&self) {
        let entries = self.ledger.entries();
        let (mut panics, mut drop_panics, mut stores, mut fetches) = (0, 0, 0, 0);
        for said in Warnings::take() {
            match said.as_str() {
                "handler panicked" => panics += 1,
                "handler panicked while it was dropped" => drop_panics += 1,
                "cannot fetch the issuer's keys" => fetches += 1,
                "event not kept, session ended"
                | "events not found, session ended"
                | "session not saved"
                | "session not found"
                | "events not forgotten"
                | "session not forgotten" => stores += 1,
                other => unreachable!("the server warns: {other}"),
            }
        }
        assert_eq!((panics, drop_panics), (entries.panics, entries.drop_panics), "panics of handlers");
        assert!(stores <= entries.store_failures, "{stores} of {} failures", entries.store_failures);
        assert!(fetches <= entries.fetch_failures, "{fetches} of {} failures", entries.fetch_failures);
    }
}
