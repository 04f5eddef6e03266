//! What both have to agree on after each command, and at the end.

use crate::{
    machine::Machine,
    steps::{Compared, read, same},
};

/// After a command.
pub(crate) fn compare(machine: &mut Machine<'_>) -> Compared {
    machine.drain_effects()?;
    same("over", machine.reference.is_over(), machine.session.is_over())?;
    if !machine.session.is_over() {
        same("idle", machine.reference.is_idle(), machine.session.is_idle())?;
    }
    nobody_sleeps_who_would_get_something(machine)?;
    nothing_is_late(machine)
}

fn nobody_sleeps_who_would_get_something(machine: &Machine<'_>) -> Compared {
    for (number, wire) in machine.wires.iter().enumerate() {
        if wire.is_open && wire.sleeps && machine.reference.has_news(number) {
            return Err(format!("connection {number} was not woken"));
        }
    }
    for (number, handler) in machine.handlers.iter().enumerate() {
        if handler.reply.is_some() && handler.sleeps && machine.reference.would_hear(number) {
            return Err(format!("handler {number} was not woken"));
        }
    }
    Ok(())
}

/// A deadline is no later than the next thing that time brings.
fn nothing_is_late(machine: &Machine<'_>) -> Compared {
    let Some(due) = machine.reference.due() else { return Ok(()) };
    let deadline =
        machine.session.next_deadline(machine.now()).ok_or_else(|| format!("{due} is forgotten"))?;
    if deadline.0 <= due { Ok(()) } else { Err(format!("deadline: due at {due}, named {}", deadline.0)) }
}

/// Everything that waits is read: it is within the bounds, and it is what the reference has.
pub(crate) fn at_the_end(machine: &mut Machine<'_>) -> Compared {
    (0..machine.wires.len()).try_for_each(|wire| read(machine, wire, usize::MAX))
}
