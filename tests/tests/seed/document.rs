//! The document and the tests say the same: the same rows with the same verdicts.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Verdicts by row.
type Verdicts = BTreeMap<String, String>;

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/seed")
}

fn document() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/seed-compatibility.md");
    fs::read_to_string(path).expect("the document")
}

/// The rows that a test is about: `row_26_d26_an_empty_batch` is about two.
fn rows(name: &str) -> Vec<String> {
    let is_row = |part: &&str| {
        let number = part.strip_prefix(|letter: char| letter.is_ascii_lowercase()).unwrap_or(part);
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    };
    name.split('_').take_while(is_row).map(str::to_uppercase).collect()
}

/// The name of the test that begins on this line, after `row_`.
fn test_name(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn row_")?.split_once('(')
}

/// What the tests say: the first line of each one's documentation.
fn tested() -> Verdicts {
    let mut verdicts = Verdicts::new();
    for file in fs::read_dir(here()).expect("the tests") {
        let text = fs::read_to_string(file.expect("a file").path()).expect("text");
        let mut verdict = None;
        for line in text.lines() {
            if let Some(said) = line.strip_prefix("/// ") {
                verdict = verdict.or(said.strip_suffix('.'));
            } else if let Some((name, _)) = test_name(line) {
                let verdict = verdict.take().unwrap_or_else(|| panic!("{name} has no verdict"));
                for row in rows(name) {
                    let before = verdicts.insert(row.clone(), verdict.to_owned());
                    assert_eq!(before, None, "two tests are about {row}");
                }
            } else if !line.starts_with('#') {
                verdict = None;
            }
        }
    }
    verdicts
}

/// The tables of rows: their cells, of which the first is the row's name.
fn documented() -> Vec<Vec<String>> {
    let text = document();
    let (_, tables) = text.split_once("\n## Row by row\n").expect("the tables");
    let cells = |line: &str| -> Vec<String> {
        line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect()
    };
    let lines = tables.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| Row"));
    let lines = lines.filter(|line| !line.starts_with("| ---"));
    lines.map(cells).collect()
}

#[test]
fn each_row_has_a_test_and_each_test_a_row() {
    let documented: Verdicts = documented()
        .into_iter()
        .map(|cells| {
            let [row, _, _, _, verdict, _] = cells.as_slice() else { panic!("{cells:?}") };
            (row.clone(), verdict.clone())
        })
        .collect();
    assert!(documented.len() > 130, "{}", documented.len());
    let tested = tested();
    let (of_document, of_tests): (BTreeSet<_>, BTreeSet<_>) =
        (documented.iter().collect(), tested.iter().collect());
    let without_test: Vec<_> = of_document.difference(&of_tests).collect();
    let without_row: Vec<_> = of_tests.difference(&of_document).collect();
    assert!(without_test.is_empty() && without_row.is_empty(), "{without_test:?} {without_row:?}");
}

#[test]
fn a_row_that_differs_says_why() {
    let rows: BTreeSet<String> = documented().into_iter().map(|cells| cells[0].clone()).collect();
    for cells in documented() {
        let (row, verdict, why) = (&cells[0], &cells[4], &cells[5]);
        if verdict == "Same" {
            continue;
        }
        assert!(verdict.starts_with("Better: ") || verdict.starts_with("Other: "), "{verdict}");
        let (_, reasons) = verdict.split_once(": ").expect("a reason");
        let names_rows = reasons.split(", ").all(|reason| rows.contains(reason));
        assert!(names_rows || !why.is_empty(), "{row} does not say why");
    }
}

#[test]
fn a_row_stands_in_one_table() {
    let mut seen = BTreeSet::new();
    for cells in documented() {
        assert!(seen.insert(cells[0].clone()), "{} stands twice", cells[0]);
    }
}
