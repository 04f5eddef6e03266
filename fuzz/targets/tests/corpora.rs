//! Every committed input of every target, on a stable compiler; and that no target is without inputs or without a
//! fuzzer.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::{
    collections::BTreeSet,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use mcp_fuzz_targets::TARGETS;

/// The longest input that is committed, in bytes: a corpus is to be read, and to be quick.
const INPUT_BYTES_MAX: u64 = 8 * 1024;

/// The most that all corpora together may have, in bytes: everybody who clones the repository gets them.
const CORPORA_BYTES_MAX: u64 = 3 << 20;

fn of_fuzz(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn files(directory: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(of_fuzz(directory)).unwrap_or_else(|error| panic!("{directory}: {error}"));
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

fn stems(directory: &str) -> BTreeSet<String> {
    let stem = |path: &PathBuf| path.file_stem().expect("a name").to_str().expect("in UTF-8").to_owned();
    files(directory).iter().map(stem).collect()
}

#[test]
fn every_input_is_passed() {
    let mut failed = Vec::new();
    for (name, run) in TARGETS {
        let inputs = files(&format!("corpus/{name}"));
        assert!(!inputs.is_empty(), "the corpus of {name} is empty");
        for path in inputs {
            let input = fs::read(&path).expect("an input");
            if catch_unwind(AssertUnwindSafe(|| run(&input))).is_err() {
                failed.push(path);
            }
        }
    }
    assert!(failed.is_empty(), "these fail, in this order; what they said is above: {failed:#?}");
}

#[test]
fn inputs_are_short_and_few() {
    let mut all = 0;
    for (name, _) in TARGETS {
        for path in files(&format!("corpus/{name}")) {
            let bytes = fs::metadata(&path).expect("an input").len();
            assert!(bytes <= INPUT_BYTES_MAX, "{} has {bytes} bytes", path.display());
            all += bytes;
        }
    }
    assert!(all <= CORPORA_BYTES_MAX, "the corpora have {all} bytes");
}

#[test]
fn every_target_has_a_fuzzer_and_a_corpus() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(stems("fuzz_targets"), targets);
    assert_eq!(stems("corpus"), targets);
    let manifest = fs::read_to_string(of_fuzz("Cargo.toml")).expect("a manifest");
    for name in targets {
        let fuzzer = fs::read_to_string(of_fuzz(&format!("fuzz_targets/{name}.rs"))).expect("a fuzzer");
        assert!(fuzzer.contains(&format!("run(\"{name}\", input)")), "{name} runs another target");
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name} is not built");
    }
}
