//! Names that occur twice in one object.

use super::text::append_resolved;
use super::{Span, offset};

/// Up to this many members an object is searched for duplicates pair by pair; beyond, its names are
/// sorted.
pub(super) const PAIRWISE_MEMBERS_MAX: usize = 16;

/// The text between the quotes of a name.
#[derive(Clone, Copy)]
pub(super) struct Name {
    pub(super) start: u32,
    pub(super) length: u32,
}

impl Name {
    #[inline(always)]
    pub(super) fn of(self, body: &[u8]) -> &[u8] {
        let start = self.start as usize;
        body.get(start..start + self.length as usize).unwrap_or_default()
    }

    pub(super) const fn quoted(self) -> Span {
        // There is a quote on either side.
        Span { start: self.start - 1, end: self.start + self.length + 1 }
    }
}

/// The first of `names` that equals an earlier one. They come in the order of the body; that order
/// may be lost.
#[inline(always)]
pub(super) fn first_repeated(body: &[u8], names: &mut [Name], escaped: bool) -> Option<Name> {
    if escaped {
        first_repeated_resolved(body, names)
    } else if names.len() > PAIRWISE_MEMBERS_MAX || any_repeated(body, names) {
        first_repeated_sorted(body, names)
    } else {
        None
    }
}

#[inline(always)]
fn any_repeated(body: &[u8], names: &[Name]) -> bool {
    let mut rest = names;
    while let [name, others @ ..] = rest {
        for other in others {
            if name.length == other.length && name.of(body) == other.of(body) {
                return true;
            }
        }
        rest = others;
    }
    false
}

#[inline(never)]
fn first_repeated_sorted(body: &[u8], names: &mut [Name]) -> Option<Name> {
    names.sort_unstable_by(|one, other| (one.of(body), one.start).cmp(&(other.of(body), other.start)));
    first_adjacent(names, |one, other| one.of(body) == other.of(body), |name| *name)
}

/// The same, with escapes resolved: into one buffer, so that many short names do not cost an
/// allocation each.
#[cold]
fn first_repeated_resolved(body: &[u8], names: &[Name]) -> Option<Name> {
    struct Resolved {
        value: Span,
        name: Name,
    }
    let mut values = Vec::new();
    let mut resolved = Vec::with_capacity(names.len());
    for name in names {
        let start = offset(values.len());
        // Every name was read as a string before it came here, and a value is never longer than its
        // escaped form.
        append_resolved(&mut values, name.of(body))?;
        resolved.push(Resolved { value: Span { start, end: offset(values.len()) }, name: *name });
    }
    let value = |of: &Resolved| of.value.of(&values);
    resolved
        .sort_unstable_by(|one, other| (value(one), one.name.start).cmp(&(value(other), other.name.start)));
    first_adjacent(&resolved, |one, other| value(one) == value(other), |of| of.name)
}

/// Of the elements of `sorted` that are `same` as the one before them, the name that comes first in
/// the body.
fn first_adjacent<T>(sorted: &[T], same: impl Fn(&T, &T) -> bool, name: impl Fn(&T) -> Name) -> Option<Name> {
    let repeated = sorted.windows(2).filter_map(|pair| match pair {
        [one, other] if same(one, other) => Some(name(other)),
        _ => None,
    });
    repeated.min_by_key(|name| name.start)
}
