//! The server that benchmarks measure, on one thread: `mcp_examples::bench` on smol.

use std::sync::Arc;

use mcp_examples::{Failure, bench::Bench};
use mcp_smol::SmolRuntime;
use smol::Executor;

fn main() -> Result<(), Failure> {
    let bench = Bench::begin();
    let server = bench.server()?;
    let executor = Arc::new(Executor::new());
    let runtime = SmolRuntime::on(Arc::clone(&executor));
    // In a task, so that a connection that has something to do does not wake whoever accepts.
    let serving = executor.spawn(runtime.serve(server, bench.address()));
    Ok(smol::block_on(executor.run(serving))?)
}
