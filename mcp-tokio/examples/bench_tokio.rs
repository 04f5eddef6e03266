//! The server that benchmarks measure: `mcp_examples::bench` on tokio.

use mcp_examples::{Failure, bench::Bench};
use tokio::runtime::Builder;

fn main() -> Result<(), Failure> {
    let bench = Bench::begin();
    let server = bench.server()?;
    let mut builder = match bench.threads() {
        1 => Builder::new_current_thread(),
        threads => {
            let mut builder = Builder::new_multi_thread();
            builder.worker_threads(threads);
            builder
        }
    };
    builder.enable_all().build()?.block_on(async {
        // In a task, as the main future of a current-thread runtime is polled at more cost.
        let serving = tokio::spawn(mcp_tokio::serve(server, bench.address()));
        Ok(serving.await??)
    })
}
