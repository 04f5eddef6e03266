//! What the walk over all exchanges is made with. It has a package of its own because it is the only test that is
//! slow unless it is optimised.

pub mod draw;
