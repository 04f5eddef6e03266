//! The sessions that a server has.

mod cell;
mod chores;
mod ended;
mod handle;
mod opening;
mod storing;
mod table;

pub use self::handle::{SessionHandle, Sessions};
pub(crate) use self::{
    cell::{Opener, Visited},
    storing::Stores,
    table::Table,
};
