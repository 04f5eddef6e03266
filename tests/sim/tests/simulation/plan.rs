//! What a seed lets happen. Each enables some of the faults and leaves out the others, so that they meet in all
//! combinations, and each is also seen without those that would hide it.

use mcp_driver::proto::Tick;
use mcp_sim::draw::Draw;

/// One world.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) clients: usize,
    /// What each client does before it leaves.
    pub(crate) actions: usize,
    /// The issuer's keys are fetched, and not given.
    pub(crate) fetches_keys: bool,
    /// The issuer changes its keys at these moments.
    pub(crate) rotations: Vec<Tick>,
    pub(crate) fetch_fails: bool,
    /// The wall clock is set at these moments, by so many seconds.
    pub(crate) jumps: Vec<(Tick, i64)>,
    /// The catalog is replaced at these moments.
    pub(crate) replacements: Vec<Tick>,
    /// The server is told to stop.
    pub(crate) stop: Option<Tick>,
    pub(crate) has_event_store: bool,
    pub(crate) has_session_store: bool,
    pub(crate) store_delays: bool,
    pub(crate) store_fails: bool,
    pub(crate) store_hangs: bool,
    /// Sessions keep few events.
    pub(crate) few_events: bool,
    /// There is room for few sessions, calls and streams.
    pub(crate) is_crowded: bool,
    /// Bytes that are under way in each direction of a connection.
    pub(crate) capacity: usize,
    /// The server reads and writes in pieces.
    pub(crate) pieces: Option<usize>,
    pub(crate) bodies: Bodies,
    pub(crate) readers: Readers,
    pub(crate) handlers: Handlers,
    /// Some requests have bad tokens.
    pub(crate) bad_tokens: bool,
    /// Some clients try the sessions of others.
    pub(crate) thieves: bool,
    /// Clients may break connections off.
    pub(crate) cuts: bool,
    /// Clients may use a connection again.
    pub(crate) reuses: bool,
    /// There are no random bytes from the first moment to the second.
    pub(crate) no_entropy: Option<(Tick, Tick)>,
}

/// How clients may send what they send.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bodies {
    pub(crate) dribble: bool,
    pub(crate) stall: bool,
    pub(crate) abort: bool,
}

/// How clients may read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Readers {
    pub(crate) slow: bool,
    pub(crate) stop: bool,
}

/// What handlers may do beside answering.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Handlers {
    pub(crate) panic: bool,
    pub(crate) hang: bool,
    pub(crate) ask: bool,
    pub(crate) flood: bool,
    pub(crate) linger: bool,
    pub(crate) end_session: bool,
}

const SECOND: u64 = 1_000_000;

impl Plan {
    /// What the seed says.
    pub(crate) fn draw(draw: &mut Draw) -> Self {
        let fetches_keys = draw.percent(40);
        let stop = draw.percent(20).then(|| Tick(draw.within(0..=40 * SECOND)));
        Self {
            clients: draw.below(4).saturating_add(1),
            actions: draw.below(6).saturating_add(2),
            fetches_keys,
            rotations: if fetches_keys && draw.percent(50) { moments(draw) } else { Vec::new() },
            fetch_fails: fetches_keys && draw.percent(30),
            jumps: if draw.percent(20) {
                moments(draw).into_iter().map(|at| (at, jump(draw))).collect()
            } else {
                Vec::new()
            },
            replacements: if draw.percent(25) { moments(draw) } else { Vec::new() },
            stop,
            has_event_store: draw.percent(30),
            has_session_store: draw.percent(30),
            store_delays: draw.percent(50),
            store_fails: draw.percent(25),
            store_hangs: draw.percent(10),
            few_events: draw.percent(25),
            is_crowded: draw.percent(15),
            capacity: *draw.pick(&[256, 4 << 10, 64 << 10]),
            pieces: draw.percent(30).then(|| *draw.pick(&[7, 100, 2_000])),
            bodies: Bodies { dribble: draw.percent(30), stall: draw.percent(20), abort: draw.percent(20) },
            readers: Readers { slow: draw.percent(30), stop: draw.percent(20) },
            handlers: Handlers {
                panic: draw.percent(30),
                hang: draw.percent(30),
                ask: draw.percent(50),
                flood: draw.percent(30),
                linger: draw.percent(30),
                end_session: draw.percent(20),
            },
            bad_tokens: draw.percent(40),
            thieves: draw.percent(40),
            cuts: draw.percent(50),
            reuses: draw.percent(50),
            no_entropy: draw.percent(10).then(|| interval(draw)),
        }
    }

    /// Whether a session may end that nobody has ended.
    pub(crate) fn loses_sessions(&self) -> bool {
        (self.has_event_store && (self.store_fails || self.store_hangs))
            || self.is_crowded
            || self.few_events
            || self.stop.is_some()
    }
}

fn moments(draw: &mut Draw) -> Vec<Tick> {
    let count = draw.below(3).saturating_add(1);
    let mut moments: Vec<Tick> = (0..count).map(|_| Tick(draw.within(0..=30 * SECOND))).collect();
    moments.sort_unstable();
    moments
}

fn interval(draw: &mut Draw) -> (Tick, Tick) {
    let from = Tick(draw.within(0..=10 * SECOND));
    (from, from.after_micros(draw.within(1..=10 * SECOND)))
}

fn jump(draw: &mut Draw) -> i64 {
    *draw.pick(&[-86_400, -3_600, -1, 1, 3_600, 86_400])
}
