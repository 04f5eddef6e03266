//! The strict reader of bodies against `serde_json`.
//!
//! Both accept the same texts, but for what the strict reader refuses on purpose: half a pair of surrogates
//! anywhere, and more than [`DEPTH_MAX`] containers inside one another. What it tells of a text that it accepts,
//! where the members on the watched path are, what they are, how many values there are and whether a name is
//! repeated, is held against a plain reading too.

use mcp_proto::jsonrpc::strict::{DEPTH_MAX, Document, Fault, Kind, Value, Visitor, read, unescape};

use crate::tree::{NoTree, Node, Tree};

/// The members whose own members are watched, as those of a request are.
const WATCHED: [&str; 4] = ["params", "_meta", "", "a"];

/// Reads the input as a body.
pub(crate) fn run(input: &[u8]) {
    let mut told = Told::default();
    let document = read(input, &mut told);
    match (Tree::read(input), document) {
        (Ok(tree), Ok(document)) => agree(input, &tree, &document, &told),
        (Ok(tree), Err(fault)) => {
            assert_eq!(fault, Fault::TooDeep, "a reason that serde_json knows nothing of");
            assert!(tree.depth() > DEPTH_MAX, "{} levels are too deep", tree.depth());
        }
        (Err(NoTree::Grammar), Err(Fault::NotUtf8)) => assert!(std::str::from_utf8(input).is_err()),
        (Err(NoTree::Grammar), Err(fault)) => {
            assert!(std::str::from_utf8(input).is_ok(), "what is no UTF-8 is not called so");
            assert_ne!(fault, Fault::TooLong);
        }
        (Err(NoTree::Surrogate), Err(Fault::Syntax | Fault::TooDeep)) => {}
        (Err(NoTree::Deep), Err(fault)) => assert!(matches!(fault, Fault::TooDeep | Fault::Syntax)),
        (Err(why), document) => panic!("{why:?} is read as {document:?}"),
    }
}

/// What a visitor was told: depth, name, and the value once it was complete.
#[derive(Debug, Default)]
struct Told {
    members: Vec<(u32, String, Option<Value>)>,
}

impl Visitor for Told {
    fn enter(&mut self, depth: u32, name: &[u8]) -> bool {
        let name = std::str::from_utf8(name).expect("names are UTF-8");
        self.members.push((depth, name.to_owned(), None));
        WATCHED.contains(&name)
    }

    fn leave(&mut self, depth: u32, value: Value) {
        let announced = self.members.iter_mut().rev().find(|(entered, _, _)| *entered == depth);
        let (_, _, left) = announced.expect("what is left was entered");
        assert!(left.replace(value).is_none(), "a value is complete twice");
    }
}

fn agree(input: &[u8], tree: &Tree<'_>, document: &Document, told: &Told) {
    assert!(tree.depth() <= DEPTH_MAX, "{} levels are read", tree.depth());
    same(input, tree, document.root);
    assert_eq!(document.values, tree.values(), "how many values");
    let depth = document.duplicate.map(|duplicate| duplicate.depth);
    assert_eq!(depth, tree.repeats_at(), "where a name is repeated");
    if let Some(duplicate) = document.duplicate {
        let name: String = serde_json::from_slice(duplicate.name.of(input)).expect("a name is a string");
        assert!(is_repeated(tree, &name, duplicate.depth), "{name:?} is not repeated");
    }
    let mut expected = Vec::new();
    watched(tree, 1, &mut expected);
    assert_eq!(told.members.len(), expected.len(), "how many members there are to tell of");
    for ((depth, name, value), (expected_depth, expected_name, expected)) in told.members.iter().zip(expected)
    {
        assert_eq!((*depth, name.as_str()), (expected_depth, expected_name));
        same(input, expected, value.expect("each value is complete"));
    }
}

fn same(input: &[u8], tree: &Tree<'_>, value: Value) {
    assert_eq!(value.span.of(input), tree.text.as_bytes(), "where a value is");
    let is_kind = match (&tree.node, value.kind) {
        (Node::Null, Kind::Null) | (Node::Bool(_), Kind::Bool) => true,
        (Node::Array(_), Kind::Array) | (Node::Object(_), Kind::Object) => true,
        (Node::Number, Kind::Integer) => !tree.text.contains(['.', 'e', 'E']),
        (Node::Number, Kind::Number) => tree.text.contains(['.', 'e', 'E']),
        (Node::String(_), Kind::String) => !tree.text.contains('\\'),
        (Node::String(_), Kind::EscapedString) => tree.text.contains('\\'),
        _ => false,
    };
    assert!(is_kind, "{:?} is taken for {:?}", tree.text, value.kind);
    assert_eq!(unescape(input, value).as_deref(), tree.string(), "what a string says");
}

/// The members of the watched objects, in the order in which they begin.
fn watched<'t>(tree: &'t Tree<'t>, depth: u32, found: &mut Vec<(u32, &'t str, &'t Tree<'t>)>) {
    for (name, value) in tree.members().unwrap_or_default() {
        found.push((depth, name, value));
        if WATCHED.contains(&name.as_str()) {
            watched(value, depth + 1, found);
        }
    }
}

/// Whether some object at this depth has the name twice.
fn is_repeated(tree: &Tree<'_>, name: &str, depth: u32) -> bool {
    let inside = |value: &Tree<'_>| depth > 1 && is_repeated(value, name, depth - 1);
    match &tree.node {
        Node::Object(members) if depth == 1 => members.iter().filter(|(known, _)| known == name).count() > 1,
        Node::Object(members) => members.iter().any(|(_, value)| inside(value)),
        Node::Array(elements) => elements.iter().any(inside),
        Node::Null | Node::Bool(_) | Node::Number | Node::String(_) => false,
    }
}
