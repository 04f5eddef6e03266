//! The server that benchmarks measure: `mcp_examples::bench` on smol.

use std::{future::pending, sync::Arc, thread};

use mcp_examples::{Failure, bench::Bench};
use mcp_smol::SmolRuntime;
use smol::{Executor, future::FutureExt as _};

fn main() -> Result<(), Failure> {
    let bench = Bench::begin();
    let server = bench.server()?;
    let executor = Arc::new(Executor::new());
    for _ in 1..bench.threads() {
        let executor = Arc::clone(&executor);
        thread::spawn(move || smol::block_on(executor.run(pending::<()>())));
    }
    let runtime = SmolRuntime::on(Arc::clone(&executor));
    // In a task, so that a connection that has something to do does not wake whoever accepts.
    let serving = executor.spawn(runtime.serve(server, bench.address()));
    // A thread that is alone needs no queue of its own, to which `run` moves tasks for others to take from.
    let alone = async {
        loop {
            executor.tick().await;
        }
    };
    match bench.threads() {
        1 => smol::block_on(serving.or(alone))?,
        _ => smol::block_on(executor.run(serving))?,
    }
    Ok(())
}
