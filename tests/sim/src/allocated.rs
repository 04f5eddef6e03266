//! What a thread has allocated and not given back, in a program whose allocator counts:
//!
//! ```
//! #[global_allocator]
//! static ALLOCATOR: mcp_sim::Counting = mcp_sim::Counting;
//! ```

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    ops::Sub,
};

/// Allocations that are alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allocated {
    /// How many there are.
    pub blocks: i64,
    /// How many bytes were asked for.
    pub bytes: i64,
}

impl Allocated {
    /// Those of this thread. What another thread frees is counted there.
    #[must_use]
    pub fn now() -> Self {
        ALIVE.get()
    }
}

impl Sub for Allocated {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self { blocks: self.blocks - before.blocks, bytes: self.bytes - before.bytes }
    }
}

thread_local! {
    static ALIVE: Cell<Allocated> = const { Cell::new(Allocated { blocks: 0, bytes: 0 }) };
}

fn count(blocks: i64, bytes: i64) {
    let alive = ALIVE.get();
    ALIVE.set(Allocated { blocks: alive.blocks + blocks, bytes: alive.bytes + bytes });
}

/// No allocation is larger than [`isize::MAX`].
fn bytes(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// The allocator of the operating system, which counts.
#[derive(Debug)]
pub struct Counting;

// SAFETY: everything is left to the system's allocator.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, bytes(layout.size()));
        // SAFETY: the caller keeps the contract of this very function.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-1, -bytes(layout.size()));
        // SAFETY: the caller keeps the contract of this very function.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(0, bytes(size) - bytes(layout.size()));
        // SAFETY: the caller keeps the contract of this very function.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Allocated, Counting};

    #[global_allocator]
    static ALLOCATOR: Counting = Counting;

    #[test]
    fn what_is_given_back_counts_no_more() {
        let before = Allocated::now();
        let mut kept: Vec<u8> = Vec::with_capacity(100);
        assert_eq!(Allocated::now() - before, Allocated { blocks: 1, bytes: 100 });
        kept.reserve_exact(1_000);
        assert_eq!(Allocated::now() - before, Allocated { blocks: 1, bytes: 1_000 });
        drop(kept);
        assert_eq!(Allocated::now(), before);
    }
}
