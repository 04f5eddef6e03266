//! The files of `scenarios/`.

use std::{fs, path::PathBuf};

use mcp_tests::scenario::Scenario;

/// All scenarios with the names of their files, in the order of these names.
pub(crate) fn files() -> Vec<(String, Scenario)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let entries = fs::read_dir(folder).expect("the folder of the scenarios");
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "scenario"))
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).expect("a scenario");
            let scenario = Scenario::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            (name, scenario)
        })
        .collect();
    files.sort_by(|(first, _), (second, _)| first.cmp(second));
    files
}

/// Those that are to be played: with `SCENARIO` in the environment, the ones whose name begins with it.
pub(crate) fn wanted() -> Vec<(String, Scenario)> {
    let wanted = std::env::var("SCENARIO").unwrap_or_default();
    let mut files = files();
    files.retain(|(name, _)| name.starts_with(&wanted));
    files
}
