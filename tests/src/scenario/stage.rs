//! What a player brings: a server that runs, and ways to it.

use std::{
    io::{self, Read, Write},
    sync::mpsc::Receiver,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use mcp_driver::UnixSeconds;

use super::Sighting;

/// How long anything may take that a scenario waits for.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A connection to the server. Reads that last longer than [`PATIENCE`] have to fail as timed out.
pub trait Connection: Read + Write {}

impl<C: Read + Write> Connection for C {}

/// A server of a scenario that runs somewhere. Whoever can connect has a stage: the other methods are for what only
/// some of them can do, and any function that connects is one.
pub trait Stage {
    /// Connects to the server.
    ///
    /// # Errors
    /// When it does not accept.
    fn connect(&mut self) -> io::Result<Box<dyn Connection>>;

    /// What a handler reports next; nothing where none does in time.
    fn sighting(&mut self, sightings: &Receiver<Sighting>) -> Option<Sighting> {
        sightings.recv_timeout(PATIENCE).ok()
    }

    /// The clock of the wall, as the server reads it.
    fn now(&self) -> UnixSeconds {
        let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        UnixSeconds(elapsed.as_secs())
    }

    /// Tells the server to stop.
    ///
    /// # Errors
    /// Where nobody can tell it.
    fn stop(&mut self) -> Result<(), String> {
        Err("this server cannot be stopped".to_owned())
    }

    /// Waits until the server has stopped.
    ///
    /// # Errors
    /// When it does not.
    fn stopped(&mut self) -> Result<(), String> {
        Err("this server cannot be stopped".to_owned())
    }

    /// Lets time pass.
    ///
    /// # Errors
    /// Where time is not its own.
    fn pass(&mut self, _: Duration) -> Result<(), String> {
        Err("time cannot be moved here".to_owned())
    }
}

impl<C, F> Stage for F
where
    C: Connection + 'static,
    F: FnMut() -> io::Result<C>,
{
    fn connect(&mut self) -> io::Result<Box<dyn Connection>> {
        Ok(Box::new(self()?))
    }
}
