//! What the fuzzers assert.
