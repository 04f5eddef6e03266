//! What clients say and hear in a world that is run alone.

use std::cell::Cell;

thread_local! {
    static IS_TOLD: Cell<bool> = const { Cell::new(false) };
}

/// From now on the story of this thread is told.
pub(crate) fn begin() {
    IS_TOLD.set(true);
}

/// One sentence of it.
pub(crate) fn tell(sentence: impl FnOnce() -> String) {
    if IS_TOLD.get() {
        eprintln!("{}", sentence());
    }
}
