//! How two transcripts differ, for whoever has to find out why.

/// Equal lines that are shown before a difference.
const CONTEXT: usize = 4;

/// Lines that are shown of each side of a difference.
const SHOWN: usize = 12;

/// The first difference between two texts, with what stands before it.
pub(crate) fn diff(old: &str, new: &str) -> String {
    let old: Vec<&str> = old.lines().collect();
    let new: Vec<&str> = new.lines().collect();
    let same = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let rest_old = &old[same..];
    let rest_new = &new[same..];
    let tail = rest_old.iter().rev().zip(rest_new.iter().rev()).take_while(|(old, new)| old == new).count();
    let shown = |mark: char, lines: &[&str]| -> String {
        let lines = &lines[..lines.len().saturating_sub(tail)];
        lines.iter().take(SHOWN).map(|line| format!("{mark} {line}\n")).collect()
    };
    let context: String =
        old[same.saturating_sub(CONTEXT)..same].iter().map(|line| format!("  {line}\n")).collect();
    format!("{context}{}{}", shown('-', rest_old), shown('+', rest_new))
}

#[test]
fn the_first_difference_is_shown_with_what_stands_before_it() {
    assert_eq!(diff("a\nb\nc\nd\ne\nf\ng", "a\nb\nc\nd\ne\nX\nY\ng"), "  b\n  c\n  d\n  e\n- f\n+ X\n+ Y\n");
    assert_eq!(diff("a\nb", "a"), "  a\n- b\n");
    assert_eq!(diff("", "a"), "+ a\n");
}
