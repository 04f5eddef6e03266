//! The server that benchmarks measure, on one thread: `mcp_examples::bench` on tokio.

use mcp_examples::{Failure, bench::Bench};

fn main() -> Result<(), Failure> {
    let bench = Bench::begin();
    let server = bench.server()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // In a task, as the main future of a current-thread runtime is polled at more cost.
        let serving = tokio::spawn(mcp_tokio::serve(server, bench.address()));
        Ok(serving.await??)
    })
}
