//! Sessions against a reference model.
//!
//! A session of each older revision is driven as a driver drives it, through real exchanges, by commands: what a
//! client sends, what handlers do, what becomes of connections, time, and a store that answers when it likes.
//! Beside it runs a reference that is written as plainly as it can be (`reference`); after each command both have
//! to agree (`steps`). What clients see is also judged by laws of which the reference knows nothing (`laws`).
//!
//! The commands are drawn by proptest, in the tests here, or spelt by the bytes of a file: [`Story::read`] and
//! [`Tale::read`].
//!
//! `SESSION_MODEL_CASES` says how many stories the tests have; the ordinary run has enough to reach every bound.

#![allow(clippy::expect_used, clippy::panic, reason = "a model says what is wrong by panicking")]
#![allow(clippy::needless_pass_by_value, reason = "what is sent and compared is made on the spot")]

mod command;
#[cfg(test)]
mod event_ids;
mod laws;
mod machine;
mod reader;
mod reference;
mod server;
mod settled;
mod steps;
mod stored;
#[cfg(test)]
mod table;
#[cfg(test)]
mod tests;

use self::machine::Machine;
pub use self::{command::Story, reference::is_event_id, stored::Tale};

impl Story {
    /// Has all of it happen, to the machine and to the reference.
    ///
    /// # Errors
    /// Where they do not agree, or where what the client saw breaks a law: after which command, and what.
    pub fn tell(&self) -> Result<(), String> {
        let engine = server::engine(self);
        let mut machine = Machine::open(&engine, self);
        for (place, command) in self.commands.iter().enumerate() {
            steps::step(&mut machine, command)
                .and_then(|()| settled::compare(&mut machine))
                .map_err(|error| format!("{place} {command:?}: {error}"))?;
        }
        settled::at_the_end(&mut machine)?;
        machine.transcript.judge(self.kept())
    }
}
