use std::{collections::HashSet, future::poll_fn};

use super::*;
use crate::runtime::UNIX_START;

type Log = Arc<Mutex<Vec<u64>>>;

/// Eight tasks that are ready three times each.
fn order(seed: u64) -> Vec<u64> {
    let (mut executor, log) = (Executor::new(seed), Log::default());
    for task in 0..8 {
        let log = Arc::clone(&log);
        let mut left = 3;
        executor.start(poll_fn(move |cx| {
            log.lock().unwrap().push(task);
            left -= 1;
            cx.waker().wake_by_ref();
            if left == 0 { Poll::Ready(()) } else { Poll::Pending }
        }));
    }
    executor.run_until_idle();
    assert_eq!(executor.tasks(), 0);
    log.lock().unwrap().clone()
}

#[test]
fn a_seed_says_in_which_order_tasks_run() {
    let orders: HashSet<Vec<u64>> = (0..20).map(order).collect();
    assert_eq!(orders.len(), 20);
    assert!((0..20).all(|seed| order(seed) == order(seed)));
}

#[test]
fn time_stands_still_but_for_timers() {
    let mut executor = Executor::new(1);
    let (runtime, log) = (executor.runtime(), Log::default());
    for seconds in [3, 1, 2] {
        let (runtime, log) = (runtime.clone(), Arc::clone(&log));
        executor.start(async move {
            runtime.sleep_until(Tick(seconds * 1_000_000)).await;
            log.lock().unwrap().push(runtime.now().tick.0);
        });
    }
    executor.run_until_idle();
    assert_eq!((executor.tick(), executor.next_timer()), (Tick(0), Some(Tick(1_000_000))));
    executor.run_until(Tick(2_000_000));
    assert_eq!(*log.lock().unwrap(), [1_000_000, 2_000_000]);
    assert_eq!((executor.tasks(), runtime.timers()), (1, 1));
    executor.run_until(Tick(9_500_000));
    assert_eq!((executor.tasks(), runtime.timers(), log.lock().unwrap()[2]), (0, 0, 3_000_000));
    assert_eq!(runtime.now().unix.0, UNIX_START.0 + 9);
    runtime.jump_wall_clock(-100);
    assert_eq!((runtime.now().unix.0, executor.tick()), (UNIX_START.0 - 91, Tick(9_500_000)));
}

#[test]
fn a_timer_that_is_dropped_is_gone() {
    let mut executor = Executor::new(1);
    let runtime = executor.runtime();
    let task = executor.start(runtime.sleep_until(Tick(5)));
    executor.run_until_idle();
    assert_eq!((runtime.timers(), executor.is_over(task)), (1, false));
    executor.abort(task);
    assert_eq!((runtime.timers(), executor.is_over(task), executor.next_timer()), (0, true, None));
}

#[test]
fn what_tasks_spawn_runs_and_ends_with_the_executor() {
    let alive = Arc::new(());
    let mut executor = Executor::new(1);
    let (runtime, held) = (executor.runtime(), Arc::clone(&alive));
    executor.start(async move {
        let inner = runtime.clone();
        runtime.spawn(async move {
            inner.sleep_until(Tick(u64::MAX)).await;
            drop(held);
        });
    });
    executor.run_until_idle();
    assert_eq!((executor.tasks(), Arc::strong_count(&alive)), (1, 2));
    drop(executor);
    assert_eq!(Arc::strong_count(&alive), 1);
}

#[test]
fn random_bytes_come_from_the_seed() {
    let drawn = |seed| Executor::new(seed).runtime().entropy().unwrap();
    assert_eq!(drawn(1), drawn(1));
    assert_ne!(drawn(1), drawn(2));
    let executor = Executor::new(1);
    executor.runtime().set_entropy(false);
    assert_eq!(executor.runtime().entropy(), Err(mcp_driver::EntropyError));
}
