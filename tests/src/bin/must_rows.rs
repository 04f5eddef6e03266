//! Which of the rules that bind a server the code cites: `must_rows REQUIREMENTS`, the specification's requirements as
//! tables of rows with an identifier and a level.
//!
//! Every rule that says MUST has to be cited in the code, where it is enforced or tested, or to stand in
//! `tests/rows_not_ours.txt` with the reason for which it is nobody's to meet here; never both.
#![allow(clippy::print_stdout, reason = "what it prints is what it is for")]

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    fs, io,
    path::Path,
    process::ExitCode,
};

/// What is searched for citations, below the root of the workspace.
const CRATES: [&str; 6] = ["mcp-proto", "mcp-driver", "mcp-tokio", "mcp-smol", "examples", "tests"];

/// Rows that are not ours to meet, one in a line: `JR-01 reason`.
const NOT_OURS: &str = "tests/rows_not_ours.txt";

/// A document with fewer rows that say MUST is not the one that is meant.
const MUST_ROWS_MIN: usize = 250;

/// A row's family and number, as in `JR-01`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct RowId(String, u16);

impl std::fmt::Display for RowId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{:02}", self.0, self.1)
    }
}

impl RowId {
    fn parse(text: &str) -> Option<Self> {
        let (family, number) = text.split_once('-')?;
        let is_family = family.len() > 1
            && family.starts_with(|c: char| c.is_ascii_uppercase())
            && family.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
        let is_number = matches!(number.len(), 2 | 3) && number.bytes().all(|byte| byte.is_ascii_digit());
        (is_family && is_number).then_some(())?;
        Some(Self(family.to_owned(), number.parse().ok()?))
    }
}

/// Whether the row says MUST: by its level, or in a part of its own (`S …; M: …`).
fn says_must(cells: &[&str]) -> bool {
    let words = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect()
    };
    cells.iter().any(|cell| words(cell).contains(&"M".to_owned()))
}

/// The rows of the tables, and whether each says MUST.
fn rows(requirements: &str) -> BTreeMap<RowId, bool> {
    requirements
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.strip_prefix("| ")?.split(" | ").collect();
            let (id, rest) = cells.split_first()?;
            Some((RowId::parse(id)?, says_must(rest)))
        })
        .collect()
}

/// The rows that a text cites: `JR-01`, and every row from the first to the last in `JR-01 to JR-03`.
fn cited(text: &str) -> BTreeSet<RowId> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let mut rows = BTreeSet::new();
    let mut before: Option<RowId> = None;
    let mut is_range = false;
    for word in text.split_whitespace() {
        for part in word.split(|c| !is_part(c)).filter(|part| !part.is_empty()) {
            let row = RowId::parse(part);
            if let (true, Some(first), Some(last)) = (is_range, &before, &row)
                && first.0 == last.0
            {
                rows.extend((first.1..last.1).map(|number| RowId(first.0.clone(), number)));
            }
            // A comment may go on in the next line.
            is_range = part == "to" && (before.is_some() || is_range);
            rows.extend(row.clone());
            before = if is_range { before } else { row };
        }
    }
    rows
}

/// The rows that are listed as not ours.
///
/// # Errors
/// A line that is no row with a reason, or a row that stands twice.
fn listed(text: &str) -> Result<BTreeSet<RowId>, String> {
    let mut rows = BTreeSet::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let row = line.split_once(' ').filter(|(_, reason)| !reason.trim().is_empty());
        let row =
            row.and_then(|(row, _)| RowId::parse(row)).ok_or(format!("no row with a reason: {line}"))?;
        if !rows.insert(row) {
            return Err(format!("listed twice: {line}"));
        }
    }
    Ok(rows)
}

/// What is wrong with the list and the citations, in words.
fn judge(rows: &BTreeMap<RowId, bool>, cited: &BTreeSet<RowId>, listed: &BTreeSet<RowId>) -> Vec<String> {
    let musts = rows.iter().filter(|(_, must)| **must).map(|(row, _)| row);
    let lost = musts.filter(|row| !cited.contains(row) && !listed.contains(row));
    let mut faults: Vec<String> = lost.map(|row| format!("{row} is neither cited nor listed")).collect();
    faults.extend(listed.intersection(cited).map(|row| format!("{row} is listed as not ours, but cited")));
    let is_must = |row: &RowId| rows.get(row).copied().unwrap_or_default();
    faults
        .extend(listed.iter().filter(|row| !is_must(row)).map(|row| format!("{row} is listed, but no MUST")));
    let families: BTreeSet<&String> = rows.keys().map(|row| &row.0).collect();
    let unknown = cited.iter().filter(|row| families.contains(&row.0) && !rows.contains_key(row));
    faults.extend(unknown.map(|row| format!("{row} is cited, but does not exist")));
    faults
}

/// What all Rust files below a directory cite.
fn cited_below(directory: &Path, rows: &mut BTreeSet<RowId>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            cited_below(&path, rows)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with(file!()) {
            rows.extend(cited(&fs::read_to_string(&path)?));
        }
    }
    Ok(())
}

fn run(requirements: &Path) -> Result<bool, Box<dyn Error>> {
    let rows = rows(&fs::read_to_string(requirements)?);
    let musts = rows.values().filter(|must| **must).count();
    if musts < MUST_ROWS_MIN {
        return Err(format!("only {musts} rows say MUST").into());
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut cited = BTreeSet::new();
    for directory in CRATES.map(|name| root.join(name)).iter().filter(|path| path.is_dir()) {
        cited_below(directory, &mut cited)?;
    }
    let listed = listed(&fs::read_to_string(root.join(NOT_OURS))?)?;
    let faults = judge(&rows, &cited, &listed);
    faults.iter().for_each(|fault| println!("{fault}"));
    println!("{musts} rows say MUST; {} are not ours; {} faults", listed.len(), faults.len());
    Ok(faults.is_empty())
}

fn main() -> ExitCode {
    let Some(requirements) = std::env::args_os().nth(1) else {
        println!("usage: must_rows REQUIREMENTS");
        return ExitCode::from(2);
    };
    match run(Path::new(&requirements)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("{}: {error}", requirements.to_string_lossy());
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str) -> BTreeSet<RowId> {
        text.split(' ').filter_map(RowId::parse).collect()
    }

    #[test]
    fn a_row_says_must_by_its_level_or_in_a_part_of_its_own() {
        let rows = rows(
            "| ID | Lvl | Rev | Rule |\n| XX-01 | M | A | One. |\n| XX-02 | S | A | Two. |\n\
             | XX-03 | S→M | A | Three. |\n| XX-04 | S | A | Four; M: five. |\nXX-05 | M | no row |\n",
        );
        let musts: BTreeSet<_> = rows.iter().filter(|(_, must)| **must).map(|(row, _)| row.clone()).collect();
        assert_eq!(musts, ids("XX-01 XX-03 XX-04"));
        assert_eq!(rows.len(), 4);
    }

    #[test]
    fn a_range_cites_what_is_between_and_other_text_nothing() {
        let text = "/// XX-01 to\n/// XX-03, YY-10 (ZZ-07). UTF-8, sha-256x, XX-05 to YY-07; \"XX-11/what\" 2026-07-28";
        assert_eq!(cited(text), ids("XX-01 XX-02 XX-03 YY-10 ZZ-07 XX-05 YY-07 XX-11"));
    }

    #[test]
    fn what_is_lost_cited_and_listed_or_unknown_is_told() {
        let rows = rows("| XX-01 | M |\n| XX-02 | M |\n| XX-03 | M |\n| XX-04 | S |\n| XX-05 | M |\n");
        let faults = judge(&rows, &ids("XX-01 XX-03 XX-09 YY-01"), &ids("XX-03 XX-04 XX-05 XX-08"));
        assert_eq!(
            faults,
            [
                "XX-02 is neither cited nor listed",
                "XX-03 is listed as not ours, but cited",
                "XX-04 is listed, but no MUST",
                "XX-08 is listed, but no MUST",
                "XX-09 is cited, but does not exist",
            ]
        );
        assert!(judge(&rows, &ids("XX-01 XX-02 XX-03 XX-04"), &ids("XX-05")).is_empty());
    }

    #[test]
    fn every_line_of_the_list_is_a_row_with_a_reason() {
        assert_eq!(listed("# why\n\nXX-01 a reason\n"), Ok(ids("XX-01")));
        for wrong in ["XX-01", "XX-01 ", "reason XX-01", "XX-01 a\nXX-01 b"] {
            assert!(listed(wrong).is_err(), "{wrong}");
        }
    }
}
