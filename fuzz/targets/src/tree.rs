//! JSON as `serde_json` reads it, with nothing left out: members keep their order and their repetitions, numbers
//! their spelling, and nothing is too deep. What the core's own readers say is held against it.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// How many containers may be inside one another before a tree is not looked at any further.
pub(crate) const LEVELS_MAX: usize = 400;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tree<'t> {
    /// As it was written.
    pub(crate) text: &'t str,
    pub(crate) node: Node<'t>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node<'t> {
    Null,
    Bool(bool),
    Number,
    String(String),
    Array(Vec<Tree<'t>>),
    Object(Vec<(String, Tree<'t>)>),
}

/// Why there is no tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoTree {
    /// Not UTF-8, or not one value by the grammar of RFC 8259.
    Grammar,
    /// By the grammar; but a string in it, or a name, has half a pair of surrogates.
    Surrogate,
    /// More than [`LEVELS_MAX`] levels.
    Deep,
}

impl<'t> Tree<'t> {
    pub(crate) fn read(json: &'t [u8]) -> Result<Self, NoTree> {
        let whole: &RawValue = serde_json::from_slice(json).map_err(|_| NoTree::Grammar)?;
        Self::of(whole.get(), LEVELS_MAX)
    }

    fn of(text: &'t str, levels: usize) -> Result<Self, NoTree> {
        let levels = levels.checked_sub(1).ok_or(NoTree::Deep)?;
        let node = match text.as_bytes().first() {
            Some(b'{') => {
                let members: Members<'t> = serde_json::from_str(text).map_err(|_| NoTree::Surrogate)?;
                let members = members.0.into_iter();
                let member =
                    |(name, value): (String, &'t RawValue)| Ok((name, Self::of(value.get(), levels)?));
                Node::Object(members.map(member).collect::<Result<_, _>>()?)
            }
            Some(b'[') => {
                let elements: Vec<&'t RawValue> = serde_json::from_str(text).map_err(|_| NoTree::Grammar)?;
                let elements = elements.into_iter().map(|element| Self::of(element.get(), levels));
                Node::Array(elements.collect::<Result<_, _>>()?)
            }
            Some(b'"') => Node::String(serde_json::from_str(text).map_err(|_| NoTree::Surrogate)?),
            Some(b'n') => Node::Null,
            Some(b't' | b'f') => Node::Bool(text == "true"),
            Some(_) => Node::Number,
            None => return Err(NoTree::Grammar),
        };
        Ok(Self { text, node })
    }

    /// Containers that are open at once where most are.
    pub(crate) fn depth(&self) -> usize {
        match &self.node {
            Node::Array(elements) => 1 + elements.iter().map(Self::depth).max().unwrap_or(0),
            Node::Object(members) => 1 + members.iter().map(|(_, value)| value.depth()).max().unwrap_or(0),
            Node::Null | Node::Bool(_) | Node::Number | Node::String(_) => 0,
        }
    }

    /// Values, containers and what is in them.
    pub(crate) fn values(&self) -> u32 {
        1 + match &self.node {
            Node::Array(elements) => elements.iter().map(Self::values).sum(),
            Node::Object(members) => members.iter().map(|(_, value)| value.values()).sum(),
            Node::Null | Node::Bool(_) | Node::Number | Node::String(_) => 0,
        }
    }

    /// Whether an object in it has a name twice, and at which depth the outermost one is that has.
    pub(crate) fn repeats_at(&self) -> Option<u32> {
        match &self.node {
            Node::Array(elements) => {
                elements.iter().filter_map(Self::repeats_at).min().map(|depth| depth + 1)
            }
            Node::Object(members) => {
                let is_first = |place: usize, name: &String| {
                    members.iter().position(|(other, _)| other == name) == Some(place)
                };
                if !members.iter().enumerate().all(|(place, (name, _))| is_first(place, name)) {
                    return Some(1);
                }
                members.iter().filter_map(|(_, value)| value.repeats_at()).min().map(|depth| depth + 1)
            }
            Node::Null | Node::Bool(_) | Node::Number | Node::String(_) => None,
        }
    }

    /// The members of an object.
    pub(crate) fn members(&self) -> Option<&[(String, Self)]> {
        match &self.node {
            Node::Object(members) => Some(members),
            _ => None,
        }
    }

    /// A member of an object; the first of that name.
    pub(crate) fn member(&self, name: &str) -> Option<&Self> {
        self.members()?.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    pub(crate) fn string(&self) -> Option<&str> {
        match &self.node {
            Node::String(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn elements(&self) -> Option<&[Self]> {
        match &self.node {
            Node::Array(elements) => Some(elements),
            _ => None,
        }
    }

    /// A string, or an array of nothing but strings.
    pub(crate) fn one_or_more(&self) -> Option<Vec<&str>> {
        match &self.node {
            Node::String(text) => Some(vec![text]),
            Node::Array(elements) => elements.iter().map(Self::string).collect(),
            _ => None,
        }
    }
}

/// The same, if `serde_json` can hold it as well: it has a limit for levels, and one for numbers.
pub(crate) fn readable_object(json: &[u8]) -> Option<Tree<'_>> {
    unambiguous_object(json).filter(|_| serde_json::from_slice::<serde_json::Value>(json).is_ok())
}

/// An object that can be read in one way only: no name twice at any depth.
pub(crate) fn unambiguous_object(json: &[u8]) -> Option<Tree<'_>> {
    let tree = Tree::read(json).ok()?;
    (tree.members().is_some() && tree.repeats_at().is_none()).then_some(tree)
}

struct Members<'t>(Vec<(String, &'t RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}
