//! Scopes: what was granted, what is needed, and which grants cover which needs (RFC 6749 section
//! 3.3).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Whether a byte may stand in a scope (RFC 6749 section 3.3: %x21 / %x23-5B / %x5D-7E).
const fn is_scope_byte(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E)
}

fn is_scope(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_scope_byte)
}

/// The name of one scope. Names are compared byte for byte; nothing inside a name has a meaning.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeName(Arc<str>);

impl ScopeName {
    /// A name of one or more characters from %x21 / %x23-5B / %x5D-7E; nothing for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        is_scope(text).then(|| Self(text.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A list of scopes: what a principal was granted, or what a challenge asks for. Cheap to clone.
///
/// It is kept as the text of a `scope` parameter, valid scopes with single spaces between, and can
/// be sent as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scopes(Arc<str>);

impl Scopes {
    /// The scopes in a space-separated list. Only U+0020 separates; a piece that is no valid scope
    /// grants nothing and is left out.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self::join(text.split(' ').filter(|piece| is_scope(piece)))
    }

    /// All of these, each once.
    #[must_use]
    pub fn union<'s>(all: impl IntoIterator<Item = &'s Self>) -> Self {
        let mut names: Vec<&str> = Vec::new();
        for name in all.into_iter().flat_map(Self::iter) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        Self::join(names.into_iter())
    }

    /// Whether this scope is in the list.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.iter().any(|scope| scope == name)
    }

    /// The scopes in the order of the list.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.split(' ').filter(|scope| !scope.is_empty())
    }

    /// Whether the list is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The list with single spaces between the scopes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The pieces have to be valid scopes.
    fn join<'s>(scopes: impl Iterator<Item = &'s str>) -> Self {
        let scopes: Vec<_> = scopes.collect();
        Self(scopes.join(" ").into())
    }
}

impl Default for Scopes {
    fn default() -> Self {
        Self("".into())
    }
}

/// Which broad scopes cover which narrower ones. The relation is transitive; a cycle makes its
/// members equal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Implications {
    /// By narrower scope, as that is the side a requirement asks from.
    broader: BTreeMap<ScopeName, BTreeSet<ScopeName>>,
}

impl Implications {
    /// No scope covers another.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whoever was granted `broad` shall count as granted `narrow`.
    pub fn imply(&mut self, broad: ScopeName, narrow: ScopeName) {
        self.broader.entry(narrow).or_default().insert(broad);
    }

    /// Every scope that covers this one, itself included.
    fn covering(&self, name: &ScopeName) -> BTreeSet<ScopeName> {
        let mut covering = BTreeSet::from([name.clone()]);
        let mut unexplored = vec![name.clone()];
        // Ends: a name is explored only when it is new to the set, and there are finitely many.
        while let Some(narrow) = unexplored.pop() {
            for broad in self.broader.get(&narrow).into_iter().flatten() {
                if covering.insert(broad.clone()) {
                    unexplored.push(broad.clone());
                }
            }
        }
        covering
    }
}

/// One needed scope, and every scope that will do in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Need {
    name: ScopeName,
    covering: Box<[ScopeName]>,
}

impl Need {
    fn met_by(&self, granted: &Scopes) -> bool {
        self.covering.iter().any(|scope| granted.contains(scope.as_str()))
    }
}

/// The scopes that an operation needs, all of them. The default needs none.
///
/// Implications are resolved when a requirement is built; checking and cloning it allocates nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Requirement {
    needs: Arc<[Need]>,
    names: Arc<[ScopeName]>,
    scopes: Scopes,
}

impl Requirement {
    /// All of these scopes, or others that imply them.
    #[must_use]
    pub fn all_of(names: impl IntoIterator<Item = ScopeName>, implications: &Implications) -> Self {
        // AUTH-24: whoever holds a broad scope is not sent for the narrow one.
        Self::of(
            names
                .into_iter()
                .map(|name| Need { covering: implications.covering(&name).into_iter().collect(), name }),
        )
    }

    /// What both require together, to be named in one challenge: satisfied by exactly the grants
    /// that satisfy both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self::of(self.needs.iter().chain(other.needs.iter()).cloned())
    }

    /// Whether these grants suffice. More grants never do less.
    #[must_use]
    pub fn satisfied_by(&self, granted: &Scopes) -> bool {
        self.needs.iter().all(|need| need.met_by(granted))
    }

    /// The needed scopes as declared, each once.
    #[must_use]
    pub fn names(&self) -> &[ScopeName] {
        &self.names
    }

    /// The same names as a list that a challenge can carry.
    #[must_use]
    pub fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    /// Whether nothing is needed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.needs.is_empty()
    }

    fn of(declared: impl Iterator<Item = Need>) -> Self {
        let mut needs: Vec<Need> = Vec::new();
        let mut names: Vec<ScopeName> = Vec::new();
        for need in declared {
            if !names.contains(&need.name) {
                names.push(need.name.clone());
            }
            // Under other implications, the same name is another need.
            if !needs.contains(&need) {
                needs.push(need);
            }
        }
        Self {
            scopes: Scopes::join(names.iter().map(ScopeName::as_str)),
            needs: needs.into(),
            names: names.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Implications, Requirement, ScopeName, Scopes};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn name(text: &str) -> ScopeName {
        ScopeName::parse(text).unwrap()
    }

    fn implications(pairs: &[(&str, &str)]) -> Implications {
        let mut implications = Implications::new();
        for (broad, narrow) in pairs {
            implications.imply(name(broad), name(narrow));
        }
        implications
    }

    fn requirement(names: &[&str], pairs: &[(&str, &str)]) -> Requirement {
        Requirement::all_of(names.iter().map(|text| name(text)), &implications(pairs))
    }

    fn allows(requirement: &Requirement, granted: &str) -> bool {
        requirement.satisfied_by(&Scopes::parse(granted))
    }

    #[test]
    fn a_name_keeps_to_the_characters_of_rfc_6749() {
        for byte in 0..=u8::MAX {
            let text = format!("a{}", char::from(byte));
            let permitted = matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E);
            assert_eq!(ScopeName::parse(&text).is_some(), permitted, "{byte:#x}");
        }
        assert_eq!(ScopeName::parse(""), None);
        assert_eq!(name("mcp:tools/read").as_str(), "mcp:tools/read");
    }

    #[test]
    fn a_list_is_split_at_spaces_only() {
        let table: &[(&str, &[&str])] = &[
            ("", &[]),
            (" ", &[]),
            ("read", &["read"]),
            ("read write", &["read", "write"]),
            ("  read   write ", &["read", "write"]),
            ("read\twrite", &[]),
            ("read\nwrite admin", &["admin"]),
            ("read\u{a0}write", &[]),
            ("read\"x", &[]),
            ("read\\ write", &["write"]),
            ("read,write", &["read,write"]),
        ];
        for (text, expected) in table {
            let scopes = Scopes::parse(text);
            assert_eq!(scopes.iter().collect::<Vec<_>>(), *expected, "{text:?}");
            assert_eq!(scopes.as_str(), expected.join(" "), "{text:?}");
            assert_eq!(scopes.is_empty(), expected.is_empty(), "{text:?}");
        }
        assert_eq!(Scopes::default(), Scopes::parse(""));
    }

    #[test]
    fn membership_is_exact() {
        let scopes = Scopes::parse("read write:all");
        assert!(scopes.contains("read"));
        assert!(scopes.contains("write:all"));
        for absent in ["", " ", "READ", "rea", "readx", "write", "read write:all", ":all"] {
            assert!(!scopes.contains(absent), "{absent:?}");
        }
    }

    #[test]
    fn every_needed_scope_has_to_be_granted() {
        let both = requirement(&["read", "write"], &[]);
        assert!(allows(&both, "write other read"));
        assert!(!allows(&both, "read"));
        assert!(!allows(&both, "write"));
        assert!(!allows(&both, ""));
        assert!(!allows(&both, "readwrite"));
    }

    #[test]
    fn an_empty_requirement_is_always_satisfied() {
        for empty in [Requirement::default(), requirement(&[], &[("a", "b")])] {
            assert!(empty.is_empty());
            assert!(allows(&empty, ""));
            assert!(allows(&empty, "read"));
            assert!(empty.scopes().is_empty());
        }
    }

    #[test]
    fn a_broad_scope_covers_narrower_ones_transitively() {
        let pairs = [("admin", "write"), ("write", "read"), ("audit", "read")];
        let table = [
            ("read", "read", true),
            ("read", "write", true),
            ("read", "admin", true),
            ("read", "audit", true),
            ("write", "admin", true),
            ("write", "read", false),
            ("write", "audit", false),
            ("admin", "write read audit", false),
        ];
        for (needed, granted, expected) in table {
            let judged = allows(&requirement(&[needed], &pairs), granted);
            assert_eq!(judged, expected, "{granted} for {needed}");
        }
    }

    #[test]
    fn a_cycle_makes_its_members_equal() {
        let pairs = [("a", "b"), ("b", "c"), ("c", "a"), ("d", "d")];
        for needed in ["a", "b", "c"] {
            for granted in ["a", "b", "c"] {
                assert!(allows(&requirement(&[needed], &pairs), granted));
            }
            assert!(!allows(&requirement(&[needed], &pairs), "d"));
        }
        assert!(allows(&requirement(&["d"], &pairs), "d"));
    }

    #[test]
    fn names_are_those_declared_in_order_and_once() {
        let needed = requirement(&["write", "read", "write"], &[("admin", "read")]);
        assert_eq!(needed.names(), [name("write"), name("read")]);
        assert_eq!(needed.scopes().as_str(), "write read");

        let more = needed.union(&requirement(&["list", "read"], &[]));
        assert_eq!(more.names(), [name("write"), name("read"), name("list")]);
        assert_eq!(more.scopes().as_str(), "write read list");
        assert_eq!(needed.union(&Requirement::default()), needed);
        assert_eq!(Requirement::default().union(&needed), needed);
        assert_eq!(needed.union(&needed), needed);
    }

    fn scope() -> impl Strategy<Value = String> {
        "[a-e]"
    }

    fn scope_list() -> impl Strategy<Value = Vec<String>> {
        proptest::collection::vec(scope(), 0..5)
    }

    fn pairs() -> impl Strategy<Value = Vec<(String, String)>> {
        proptest::collection::vec((scope(), scope()), 0..8)
    }

    fn built(names: &[String], pairs: &[(String, String)]) -> Requirement {
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let pairs: Vec<_> = pairs.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        requirement(&names, &pairs)
    }

    /// The other way round: grow the grants by what they imply until nothing is added, then look
    /// for each name.
    fn expected(names: &[String], pairs: &[(String, String)], granted: &[String]) -> bool {
        let mut held: BTreeSet<&String> = granted.iter().collect();
        for _ in pairs {
            for (broad, narrow) in pairs {
                if held.contains(broad) {
                    held.insert(narrow);
                }
            }
        }
        names.iter().all(|name| held.contains(name))
    }

    proptest! {
        #[test]
        fn implications_mean_what_growing_the_grants_means(
            names in scope_list(), pairs in pairs(), granted in scope_list(),
        ) {
            let judged = allows(&built(&names, &pairs), &granted.join(" "));
            prop_assert_eq!(judged, expected(&names, &pairs, &granted));
        }

        #[test]
        fn one_more_scope_never_turns_allow_into_deny(
            names in scope_list(), pairs in pairs(), granted in scope_list(), more in "[!-~]{1,3}",
        ) {
            let needed = built(&names, &pairs);
            let granted = granted.join(" ");
            if allows(&needed, &granted) {
                let [behind, before] = [[&granted, &more], [&more, &granted]];
                prop_assert!(allows(&needed, &behind.map(String::as_str).join(" ")));
                prop_assert!(allows(&needed, &before.map(String::as_str).join(" ")));
            }
        }

        #[test]
        fn a_union_is_satisfied_exactly_when_both_parts_are(
            one in scope_list(), one_pairs in pairs(),
            two in scope_list(), two_pairs in pairs(),
            granted in scope_list(),
        ) {
            let (one, two) = (built(&one, &one_pairs), built(&two, &two_pairs));
            let granted = Scopes::parse(&granted.join(" "));
            let both = one.satisfied_by(&granted) && two.satisfied_by(&granted);
            prop_assert_eq!(one.union(&two).satisfied_by(&granted), both);
        }

        #[test]
        fn a_parsed_list_is_valid_and_parses_to_itself(text in "\\PC*|[ -~]*") {
            let scopes = Scopes::parse(&text);
            prop_assert_eq!(&Scopes::parse(scopes.as_str()), &scopes);
            for scope in scopes.iter() {
                prop_assert!(ScopeName::parse(scope).is_some());
            }
        }
    }
}
