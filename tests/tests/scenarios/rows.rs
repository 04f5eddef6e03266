//! What has to be shown by some file: every answer that a client can get, and every row of the comparison with the
//! seed.

use std::{collections::BTreeSet, fs, path::PathBuf};

use mcp_tests::scenario::Scenario;

/// The numbers of the decision table (`DT-`) by what they are about.
const DECISIONS: [(&str, u32, u32); 5] = [
    ("before the body: target, Host, Origin, verb, credentials, media type, size, Accept", 1, 12),
    ("what a body is: JSON, a request, an id, a batch", 20, 35),
    ("which revision a request is of", 40, 65),
    ("a request of 2026-07-28, gate after gate, and what else that revision has", 70, 99),
    ("older revisions: handshake, sessions, streams, the older transport", 110, 139),
];

/// Decisions that no client gets to see, and why.
const UNSEEN_DECISIONS: [(&str, &str); 4] = [
    ("DT-80", "no method that is served needs a capability by its structure"),
    ("DT-84", "no state is given out that a client could bring back"),
    ("DT-89", "results are typed: none that breaks the rules can be made"),
    ("DT-98", "nothing can be listened to in 2026-07-28"),
];

/// Rows of the comparison that show in no byte, and why.
const UNSEEN_ROWS: [(&str, &str); 9] = [
    ("M4", "how often the callback is asked"),
    ("11", "other values do not compile"),
    ("S5", "what handlers are given"),
    ("S11", "what handlers are given"),
    ("X3", "what is in logs"),
    ("D7", "how long something takes"),
    ("D11", "a server that is not built"),
    ("D18", "what handlers are given"),
    ("D23", "another process"),
];

/// The first cells of the rows of the comparison with the seed.
fn rows_of_the_seed() -> BTreeSet<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/seed-compatibility.md");
    let text = fs::read_to_string(path).expect("the comparison with the seed");
    let cells = text.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let is_row = |cell: &&str| {
        let digits = cell.trim_start_matches(|letter: char| letter.is_ascii_uppercase());
        cell.len() <= 3 && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    cells.filter(is_row).map(str::to_owned).collect()
}

fn decisions() -> BTreeSet<String> {
    DECISIONS
        .into_iter()
        .flat_map(|(_, first, last)| first..=last)
        .map(|row| format!("DT-{row:02}"))
        .collect()
}

/// What is wrong with what the files say that they show.
fn complaints(known: &BTreeSet<String>, unseen: &[&str], shown: &BTreeSet<String>) -> Vec<String> {
    let unseen: BTreeSet<String> = unseen.iter().map(|row| (*row).to_owned()).collect();
    let missing = known.difference(shown).filter(|row| !unseen.contains(*row));
    let missing = missing.map(|row| format!("{row} is shown by no file"));
    let odd = unseen.difference(known).map(|row| format!("{row} is no row"));
    let both = unseen.intersection(shown).map(|row| format!("{row} is shown after all"));
    missing.chain(odd).chain(both).collect()
}

/// Complaints about these scenarios.
pub(crate) fn check(files: &[(String, Scenario)]) -> Vec<String> {
    let shown: BTreeSet<String> = files.iter().flat_map(|(_, scenario)| scenario.rows.clone()).collect();
    let (decisions, seed) = (decisions(), rows_of_the_seed());
    assert!(seed.len() > 150, "{} rows of the comparison were found", seed.len());
    let mut complaints = [
        complaints(&decisions, &UNSEEN_DECISIONS.map(|(row, _)| row), &shown),
        complaints(&seed, &UNSEEN_ROWS.map(|(row, _)| row), &shown),
    ]
    .concat();
    let unknown = shown.iter().filter(|row| !decisions.contains(*row) && !seed.contains(*row));
    complaints.extend(unknown.map(|row| format!("{row} is no row")));
    complaints
}

#[test]
fn a_row_that_is_missing_unknown_or_shown_after_all_is_noticed() {
    let set = |rows: &[&str]| -> BTreeSet<String> { rows.iter().map(|row| (*row).to_owned()).collect() };
    let known = set(&["DT-01", "DT-02", "DT-03"]);
    assert_eq!(complaints(&known, &["DT-03"], &set(&["DT-01", "DT-02"])), Vec::<String>::new());
    assert_eq!(complaints(&known, &["DT-03"], &set(&["DT-01"])), ["DT-02 is shown by no file"]);
    assert_eq!(complaints(&known, &["DT-04"], &known), ["DT-04 is no row"]);
    assert_eq!(complaints(&known, &["DT-03"], &known), ["DT-03 is shown after all"]);
}
