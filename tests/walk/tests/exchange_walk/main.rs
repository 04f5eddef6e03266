//! The exhaustive walk of the exchange.
//!
//! Every reachable combination of what a request of any revision can bring is driven from its head to its answer,
//! and the answer is compared with a table that is written from the specification and shares no
//! code with the core ([`table`]). On top, laws that hold for every exchange ([`laws`]).
//!
//! A fact about a request is drawn when the machine or the table first asks for it ([`case`]), so
//! that what was refused early is not multiplied by what nobody looked at; and a fact that the
//! machine forgets to look at is drawn by the table. Which facts have all their values in the same
//! exchanges is said in [`scene`].

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test says what is wrong by panicking and how much it did by printing"
)]

mod answer;
mod case;
mod catalog;
mod challenged;
mod compare;
mod drive;
mod entries;
mod eras;
mod fields;
mod handled;
mod handlers;
mod laws;
mod listed;
mod messages;
mod ownership;
mod records;
mod results;
mod scene;
mod servers;
mod sessions;
mod streams;
mod surface;
mod table;
mod tokens;

use std::{
    collections::{BTreeMap, HashSet},
    num::NonZero,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

use mcp_walk::draw;

use crate::{
    answer::{Answer, Challenges},
    case::Case,
    scene::{Mode, Scene, ServerKind},
    servers::Servers,
    table::ROWS,
    tokens::{Mint, Mints, ProofMint},
};

/// The fewest exchanges that are a walk.
const EXCHANGES_MIN: u64 = 5_000_000;
/// Of so many exchanges one is printed and repeated, besides the first of each kind.
const SAMPLE: u64 = 997;
/// So many kinds of disagreement are shown.
const SHOWN_MAX: usize = 40;
/// So many credentials of a scene are told apart when a kind of exchange is looked for.
const CREDENTIAL_KINDS: usize = 101;

/// What a walk found.
struct Tally {
    exchanges: u64,
    /// How often each row of the table applied.
    hits: Vec<u64>,
    /// By kind of disagreement: how often, and the first exchange.
    disagreements: BTreeMap<String, (u64, String)>,
}

impl Tally {
    fn new() -> Self {
        Self { exchanges: 0, hits: vec![0; ROWS.len()], disagreements: BTreeMap::new() }
    }

    fn disagree(&mut self, kind: String, case: &Case<'_>) {
        self.disagreements.entry(kind).or_insert_with(|| (0, format!("{case:?}"))).0 += 1;
    }

    fn add(&mut self, other: Self) {
        self.exchanges += other.exchanges;
        for (sum, hits) in self.hits.iter_mut().zip(other.hits) {
            *sum += hits;
        }
        for (kind, (count, exchange)) in other.disagreements {
            self.disagreements.entry(kind).or_insert((0, exchange)).0 += count;
        }
    }
}

/// Walks one scene.
fn walk(servers: &Servers, scene: &Scene) -> Tally {
    let mut tally = Tally::new();
    let mut challenges = Challenges::default();
    let mut seen = HashSet::new();
    let exchanges = draw::each(|draw| {
        let case = Case::new(scene, draw);
        let number = tally.exchanges;
        tally.exchanges += 1;
        let found = catch_unwind(AssertUnwindSafe(|| {
            exchange(servers, &case, &mut challenges, &mut tally.hits, |row| {
                seen.insert((row, case.credential_place().map(|place| place % CREDENTIAL_KINDS)))
                    || number.is_multiple_of(SAMPLE)
            })
        }));
        match found {
            Ok(kinds) => kinds.into_iter().for_each(|kind| tally.disagree(kind, &case)),
            Err(panic) => {
                println!("law 8: a panic in {case:?}");
                resume_unwind(panic);
            }
        }
    });
    assert_eq!(exchanges, tally.exchanges);
    tally
}

/// One exchange: the machine against the table, then the laws; what does not hold. `is_sample` tells
/// by the row whether to look closely.
fn exchange(
    servers: &Servers,
    case: &Case<'_>,
    challenges: &mut Challenges,
    hits: &mut [u64],
    is_sample: impl FnOnce(usize) -> bool,
) -> Vec<String> {
    let engine = servers.of(case.server(), case.records(), case.mode());
    let (run, response) = drive::drive(engine, case, None);
    let answer = Answer::new(&response);
    let place = table::lookup(case);
    let row = &ROWS[place];
    hits[place] += 1;
    let is_sample = is_sample(place);
    let as_told = compare::compare(case, place, &run, &answer, challenges, hits);
    let checks = [
        as_told.map_err(|difference| format!("row {}: {difference}", row.id)),
        records::compare_records(case, &run, &response, place)
            .map_err(|difference| format!("row {}: {difference}", row.id)),
        laws::no_call_without_accepted_facts(case, &run),
        laws::no_body_before_good_facts(case, &run, &answer),
        laws::monotone(engine, case, &run, &response),
        laws::proofs_add_nothing(engine, case, &response),
        laws::asked_about_what_is_permitted(case, &run),
        laws::challenged(case, &answer, &response, challenges),
        laws::readable_by_allowed_origins(case, row, &answer),
        laws::ends_soon(case, &run),
        eras::stateless(case, &run, &answer),
        eras::same_in_both_modes(servers.other_mode_of(case), case, &run, &response),
        eras::in_one_era(case, &run, &answer),
        eras::only_posts(case, &run, &answer),
        ownership::foreign_is_unknown(engine, case, &run, &response),
        ownership::modern_knows_no_sessions(case, &run),
        ownership::told_to_the_opener_alone(case, &run, &answer),
        ownership::opened_for_good_reason(case, &run),
        ownership::strangers_learn_nothing(case, &run),
        ownership::left_as_it_was(case, &run, &response),
        if is_sample { ownership::of_this_request(engine, case, &run, &response) } else { Ok(()) },
        if is_sample || eras::may_know_sessions(case, &run) {
            eras::deaf_to_sessions(engine, case, &run, &response)
        } else {
            Ok(())
        },
        if is_sample { laws::silent_and_deterministic(engine, case, &response, &answer) } else { Ok(()) },
    ];
    checks.into_iter().filter_map(Result::err).collect()
}

/// Walks all scenes, as many at a time as there are processors.
fn walk_all(servers: &Servers, scenes: &[Scene]) -> Tally {
    let next = AtomicUsize::new(0);
    let total = Mutex::new(Tally::new());
    let work = || {
        while let Some(scene) = scenes.get(next.fetch_add(1, Ordering::Relaxed)) {
            let start = Instant::now();
            let tally = walk(servers, scene);
            let seconds = start.elapsed().as_secs_f64();
            println!("{:>9} exchanges in {seconds:5.2} s: {}", tally.exchanges, scene.name);
            total.lock().expect("no walker panicked").add(tally);
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, NonZero::get) {
            scope.spawn(work);
        }
    });
    total.into_inner().expect("no walker panicked")
}

#[test]
fn the_machine_equals_the_table_on_every_exchange() {
    let start = Instant::now();
    let servers = Servers::new();
    let tokens = Mint::new(servers.rules());
    let in_session = scene::where_something_is_told(&tokens);
    let engine = servers.of(ServerKind::Open, false, Mode::Stateful);
    let (first, last) = sessions::ids_of_events(engine, &in_session);
    let mints = Mints {
        tokens,
        proofs: ProofMint(servers.proof_rules()),
        issuers: servers.issuers(),
        events: fields::event_fields(&first, &last),
    };
    let scenes = scene::scenes(&mints);
    let total = walk_all(&servers, &scenes);
    println!("{} complete exchanges in {:.1} s", total.exchanges, start.elapsed().as_secs_f64());
    for (kind, (count, exchange)) in total.disagreements.iter().take(SHOWN_MAX) {
        println!("\n{kind}\n  {count} times, first {exchange}");
    }
    assert_eq!(
        total.disagreements.len(),
        0,
        "kinds of disagreement between the machine and the specification"
    );
    let never: Vec<_> =
        ROWS.iter().zip(&total.hits).filter(|(_, hits)| **hits == 0).map(|(row, _)| row.id).collect();
    assert_eq!(never, Vec::<&str>::new(), "rows of the table that no exchange came to");
    assert!(total.exchanges >= EXCHANGES_MIN, "only {} exchanges", total.exchanges);
}
