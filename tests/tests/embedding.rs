//! The examples of embedding stay as short as the guide to runtimes says. That they serve, the scenarios show.

/// The whole server without a runtime.
const BLOCKING: &str = include_str!("../../mcp-proto/examples/blocking.rs");
/// The driver on a runtime of one's own.
const OS_THREADS: &str = include_str!("../../mcp-driver/examples/os_threads.rs");

/// The most lines of each, and of what stands between the driver and the operating system in the second.
const LINES_MAX: usize = 59;

/// Lines that are neither blank nor comments.
fn lines(source: &str) -> usize {
    let is_code = |line: &&str| !line.is_empty() && !line.starts_with("//");
    source.lines().map(str::trim).filter(is_code).count()
}

#[test]
fn a_server_without_a_runtime_has_less_than_sixty_lines() {
    let count = lines(BLOCKING);
    assert!((40..=LINES_MAX).contains(&count), "{count} lines");
}

#[test]
fn a_runtime_of_ones_own_takes_less_than_sixty_lines() {
    let (_, glue) = OS_THREADS.split_once("/// Time begins at this moment.").unwrap_or_default();
    let count = lines(glue);
    assert!((40..=LINES_MAX).contains(&count), "{count} lines");
}

#[test]
fn blanks_and_comments_are_no_lines() {
    assert_eq!(lines("\n//! a\n  // b\n\nfn c() {}\n    /// d\n}\n"), 2);
}
