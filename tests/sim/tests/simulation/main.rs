//! Whole servers in worlds that are drawn from seeds: clients of every era, connections that stall and break,
//! stores, issuers and handlers that fail, clocks that jump. Laws hold in all of them.
//!
//! `SIM_SEEDS` says how many, `SIM_FIRST` from which on. A seed that fails says how to run it alone.

#![allow(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

mod client;
mod connection;
mod handlers;
mod idle;
mod issuer;
mod ledger;
mod listener;
mod log;
mod plan;
mod stores;
mod story;
mod world;

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use mcp_sim::{Allocated, Counting};

use self::{issuer::Keys, world::Summary};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Worlds in an ordinary run of the tests.
const SEEDS_DEFAULT: u64 = 2_000;

/// Each has its own worlds.
const THREADS: usize = 2;

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

/// The world of a seed, after which nothing is left of it.
fn check(seed: u64, keys: &Arc<Keys>) -> Summary {
    let before = Allocated::now();
    let summary = world::run(seed, keys);
    if Allocated::now() == before {
        return summary;
    }
    // Something may have been made once for all worlds. What is left a second time is a leak.
    let before = Allocated::now();
    world::run(seed, keys);
    assert_eq!(Allocated::now() - before, Allocated { blocks: 0, bytes: 0 }, "memory is left");
    summary
}

fn check_aloud(seed: u64, keys: &Arc<Keys>) -> Summary {
    match catch_unwind(AssertUnwindSafe(|| check(seed, keys))) {
        Ok(summary) => summary,
        Err(panic) => {
            eprintln!(
                "seed {seed} fails. Again: SIM_SEED={seed} cargo test -p mcp-sim --test simulation replay"
            );
            resume_unwind(panic)
        }
    }
}

#[test]
fn the_laws_hold_in_every_world() {
    ledger::quiet_panics();
    let first = number("SIM_FIRST").unwrap_or(0);
    let end = first.saturating_add(number("SIM_SEEDS").unwrap_or(SEEDS_DEFAULT));
    let next = AtomicU64::new(first);
    let calls = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let keys = Arc::new(Keys::new());
                tracing::subscriber::with_default(log::Warnings, || {
                    loop {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= end {
                            break;
                        }
                        calls.fetch_add(check_aloud(seed, &keys).calls, Ordering::Relaxed);
                    }
                });
            });
        }
    });
    assert!(calls.into_inner() > end.saturating_sub(first), "something has to happen");
}

/// The world of `SIM_SEED`, and what is said there; without it, that of the first seed, in silence.
#[test]
fn replay() {
    ledger::quiet_panics();
    let keys = Arc::new(Keys::new());
    let seed = number("SIM_SEED");
    if seed.is_some() {
        story::begin();
    }
    let seed = seed.unwrap_or(0);
    let summary = tracing::subscriber::with_default(log::Warnings, || check_aloud(seed, &keys));
    println!("seed {seed}: {} calls in {} s", summary.calls, summary.micros / 1_000_000);
}
