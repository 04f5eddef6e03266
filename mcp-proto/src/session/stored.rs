//! What an event looks like while somebody else keeps it: the scopes that whoever is sent it needs, and the message.

use bytes::Bytes;

use crate::auth::scope::{Implications, Requirement, ScopeName, Scopes};

/// Scopes have no line ends, so the first one is behind them.
const SEPARATOR: u8 = b'\n';

/// The form in which an event is kept.
pub(super) fn write<'n>(needs: impl Iterator<Item = &'n Requirement>, message: &[u8]) -> Bytes {
    let scopes = Scopes::union(needs.map(Requirement::scopes));
    let scopes = scopes.as_str().as_bytes();
    let mut kept = Vec::with_capacity(scopes.len().saturating_add(message.len()).saturating_add(1));
    kept.extend_from_slice(scopes);
    kept.push(SEPARATOR);
    kept.extend_from_slice(message);
    kept.into()
}

/// What is needed, and the message; empty for an event that says nothing. `None`: this is not what was kept.
///
/// Which broader scopes would do was not kept: whoever has one of those and not the scope itself is not sent it.
pub(super) fn read(kept: &Bytes) -> Option<(Requirement, Bytes)> {
    let end = memchr::memchr(SEPARATOR, kept)?;
    let text = std::str::from_utf8(kept.get(..end)?).ok()?;
    // What is no scope would otherwise be needed by nobody.
    let scopes = Some(Scopes::parse(text)).filter(|scopes| scopes.as_str() == text)?;
    let names: Option<Vec<ScopeName>> = scopes.iter().map(ScopeName::parse).collect();
    let needs = Requirement::all_of(names?, &Implications::new());
    Some((needs, kept.slice(end.saturating_add(1)..)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(names: &[&str]) -> Requirement {
        let names = names.iter().map(|name| ScopeName::parse(name).expect("a scope"));
        Requirement::all_of(names, &Implications::new())
    }

    #[test]
    fn what_is_kept_reads_back() {
        for all in [&[][..], &[needs(&[])], &[needs(&["mcp"])], &[needs(&["mcp"]), needs(&["mcp", "admin"])]]
        {
            for message in ["", "{}", "{\n}"] {
                let (read, text) = read(&write(all.iter(), message.as_bytes())).expect("what was kept");
                assert_eq!(text, message.as_bytes());
                for granted in ["", "mcp", "admin", "mcp admin"] {
                    let granted = Scopes::parse(granted);
                    let expected = all.iter().all(|needs| needs.satisfied_by(&granted));
                    assert_eq!(read.satisfied_by(&granted), expected, "{all:?} {granted:?}");
                }
            }
        }
    }

    #[test]
    fn anything_else_is_nothing() {
        for kept in ["", "{}", "\"a\"\n{}", "a\u{e9}\n{}"] {
            assert_eq!(read(&Bytes::from(kept)), None, "{kept:?}");
        }
    }
}
