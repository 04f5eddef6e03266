//! What lists show to whom.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{case::Case, scene::Shows};

/// A list that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum List {
    Tools,
    Prompts,
    Resources,
    Templates,
}

impl List {
    pub(crate) const ALL: [Self; 4] = [Self::Tools, Self::Prompts, Self::Resources, Self::Templates];
}

/// What the application shows, by name.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Chosen {
    Everything,
    Only(&'static [&'static str]),
}

pub(crate) const CHOSEN: [Chosen; 5] = [
    Chosen::Everything,
    Chosen::Only(&[]),
    Chosen::Only(&["write", "region", "secret", "file:///b", "vault://{id}"]),
    Chosen::Only(&["echo", "greet", "file:///a", "note://{id}"]),
    Chosen::Only(&["echo", "read", "region", "Echo"]),
];

impl Chosen {
    pub(crate) fn shows(self, name: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Only(names) => names.contains(&name),
        }
    }
}

/// An item, with the scopes that using it needs.
type Item = (&'static str, &'static [&'static str]);

impl List {
    /// Everything that a server with a full catalog has, in order.
    pub(crate) fn items(self) -> &'static [Item] {
        match self {
            Self::Tools => {
                &[("echo", &[]), ("write", &["files:write"]), ("read", &["files:read"]), ("region", &[])]
            }
            Self::Prompts => &[("greet", &[]), ("secret", &["prompts:secret"])],
            Self::Resources => &[("file:///a", &[]), ("file:///b", &["files:read"])],
            Self::Templates => &[("note://{id}", &[]), ("vault://{id}", &["vault:read"])],
        }
    }

    /// The member of a result that has the items.
    pub(crate) fn member(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Prompts => "prompts",
            Self::Resources => "resources",
            Self::Templates => "resourceTemplates",
        }
    }
}

/// Whether the caller gets to see an item.
fn is_visible(case: &Case<'_>, (name, needs): Item) -> bool {
    match case.server().shows() {
        Shows::Everything => true,
        Shows::Permitted => case.holds(needs),
        Shows::PermittedAndChosen => case.holds(needs) && case.chosen().shows(name),
    }
}

/// Whether a cursor names something that the caller does not get to see: to this caller, it was
/// never given out (PAGE-07).
pub(crate) fn is_hidden(case: &Case<'_>, list: List, cursor: Option<&str>) -> bool {
    cursor.is_some_and(|cursor| list.items().iter().any(|item| item.0 == cursor && !is_visible(case, *item)))
}

/// What one answer has of a list: the places of its items, and where it goes on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) items: Vec<usize>,
    pub(crate) next: Option<String>,
}

/// PAGE-01, PAGE-03: the items behind the cursor, as many as come at once.
pub(crate) fn expected_page(case: &Case<'_>, list: List, cursor: Option<&str>) -> Page {
    let all = list.items();
    let start = cursor.map_or(0, |cursor| {
        1 + all.iter().position(|(name, _)| *name == cursor).expect("a cursor of the scene names an item")
    });
    let mut items: Vec<_> = (start..all.len()).filter(|place| is_visible(case, all[*place])).collect();
    let count = case.server().page_items();
    let has_more = items.len() > count;
    items.truncate(count);
    let next = items.last().filter(|_| has_more).map(|place| URL_SAFE_NO_PAD.encode(all[*place].0));
    Page { items, next }
}
