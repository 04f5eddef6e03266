//! A runtime on which everything is repeatable: virtual time, an order of tasks drawn from a seed, random bytes from
//! the same seed, and sockets in memory. No thread, no real clock, no socket.
//!
//! One thing on a server looks at the real clock: the `Date` field that hyper writes. Mask it.
//!
//! ```
//! use mcp_driver::{Auth, NoArguments, Server, Service, Tool};
//! use mcp_sim::{Executor, pipe};
//!
//! let mut executor = Executor::new(1);
//! let greet = Tool::new("greet").typed(async |_: NoArguments| "hello");
//! let server = Server::builder("greeter", "1.0.0", Auth::none()).tool(greet).build()?;
//! let service = Service::start(server, executor.runtime(), None)?;
//!
//! let (server_end, client) = pipe(64 << 10);
//! executor.start(async move { service.serve_connection(server_end, std::future::pending()).await });
//! client.write(b"GET /ping HTTP/1.1\r\nhost: localhost\r\n\r\n");
//! executor.run_until_idle();
//! assert!(client.read(usize::MAX).starts_with(b"HTTP/1.1 200 OK\r\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod allocated;
pub mod draw;
pub mod event_reader;
mod executor;
pub mod http1;
mod pipe;
mod runtime;
mod timers;

pub use self::{
    allocated::{Allocated, Counting},
    executor::{Executor, Task},
    pipe::{ClientEnd, ServerEnd, pipe, pipe_in_pieces},
    runtime::{SimRuntime, Sleep, UNIX_START},
};
