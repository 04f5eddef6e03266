//! A list rendered once, when the catalog is built, and served in pages.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{
    auth::scope::Requirement,
    content::Caching,
    render::{self, Form},
    revision::Revision,
};

/// The rendered items of one kind, in the order they were added (TOOL-03).
#[derive(Debug)]
pub(crate) struct Listing {
    items: Vec<Listed>,
    layout: Layout,
    /// The result that a request without cursor gets, for each revision that is served.
    first_pages: PerRevision,
}

/// How a list is cut into pages and framed.
#[derive(Debug)]
pub(super) struct Layout {
    /// The name of the list.
    pub(super) member: &'static str,
    pub(super) page_items: usize,
    /// The same on every page (PAGE-06).
    pub(super) hints: Caching,
    /// See [`Form::server`].
    pub(super) server: Box<[u8]>,
}

/// One item of a list.
#[derive(Debug, PartialEq)]
pub(crate) struct Listed {
    name: Box<str>,
    json: PerRevision,
    needs: Requirement,
}

/// JSON text as each revision that is served has it.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct PerRevision([Vec<u8>; Revision::ALL.len()]);

impl PerRevision {
    pub(crate) fn new(served: &[Revision], mut render: impl FnMut(Revision) -> Vec<u8>) -> Self {
        Self(Revision::ALL.map(
            |revision| {
                if served.contains(&revision) { render(revision) } else { Vec::new() }
            },
        ))
    }

    pub(crate) fn of(&self, revision: Revision) -> &[u8] {
        self.0.get(revision as usize).map_or(&[], Vec::as_slice)
    }
}

impl Listed {
    pub(super) fn new(name: Box<str>, json: PerRevision, needs: Requirement) -> Self {
        Self { name, json, needs }
    }

    /// The name, or the URI.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What using it needs.
    pub(crate) fn needs(&self) -> &Requirement {
        &self.needs
    }
}

impl Listing {
    /// [`Layout::page_items`] is at least 1.
    pub(super) fn new(items: Vec<Listed>, layout: Layout, served: &[Revision]) -> Self {
        let mut listing = Self { items, layout, first_pages: PerRevision::default() };
        listing.first_pages =
            PerRevision::new(served, |revision| listing.page_after(None, revision, |_| true));
        listing
    }

    /// Whether a client that has seen the other list has seen this one. What a list item needs is part of that:
    /// it decides who sees it.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.items == other.items
    }

    /// The `result` of a list request that shows everything (PAGE-01). `None`: the cursor is not one
    /// of ours.
    pub(crate) fn page(&self, cursor: Option<&str>, revision: Revision) -> Option<Cow<'_, [u8]>> {
        let Some(cursor) = cursor else {
            return Some(self.first_pages.of(revision).into());
        };
        let last = self.position(cursor)?;
        Some(self.page_after(Some(last), revision, |_| true).into())
    }

    /// The position of the item that a cursor names: the last of the page before, so that a cursor
    /// means the same on every instance and after the list has grown (PAGE-07, STL-04).
    pub(crate) fn position(&self, cursor: &str) -> Option<usize> {
        let name = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        self.items.iter().position(|item| item.name.as_bytes() == name)
    }

    /// The item at a position.
    pub(crate) fn item(&self, position: usize) -> Option<&Listed> {
        self.items.get(position)
    }

    /// A page of what is visible behind a position, or from the beginning.
    pub(crate) fn page_after(
        &self,
        last: Option<usize>,
        revision: Revision,
        mut visible: impl FnMut(&Listed) -> bool,
    ) -> Vec<u8> {
        let Layout { member, page_items, hints, ref server } = self.layout;
        let start = last.map_or(0, |last| last.saturating_add(1));
        let rest = self.items.get(start..).unwrap_or_default().iter();
        // One more than fits tells whether there is another page.
        let mut page: Vec<&Listed> =
            rest.filter(|item| visible(item)).take(page_items.saturating_add(1)).collect();
        let is_last = page.len() <= page_items;
        page.truncate(page_items);
        let next = page.last().filter(|_| !is_last).map(|last| URL_SAFE_NO_PAD.encode(last.name.as_bytes()));
        let items = page.iter().map(|item| item.json.of(revision));
        render::page(member, items, next.as_deref(), hints, Form { revision, server })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const REVISION: Revision = Revision::V2026_07_28;

    fn listing(count: usize, page_items: usize) -> Listing {
        let item = |n| {
            let json = format!("{{\"n\":{n}}}").into_bytes();
            let json = PerRevision::new(&Revision::ALL, |_| json.clone());
            Listed::new(format!("item {n}").into(), json, Requirement::default())
        };
        let server = b"\"s\":{}".as_slice().into();
        let layout = Layout { member: "tools", page_items, hints: Caching::default(), server };
        Listing::new((0..count).map(item).collect(), layout, &Revision::ALL)
    }

    fn walk(listing: &Listing) -> Vec<Vec<u64>> {
        let mut pages = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let page = listing.page(cursor.as_deref(), REVISION).expect("a cursor of ours");
            let page: Value = serde_json::from_slice(&page).expect("JSON");
            let items = page["tools"].as_array().expect("the list");
            pages.push(items.iter().map(|item| item["n"].as_u64().expect("a number")).collect());
            match page.get("nextCursor") {
                Some(next) => cursor = next.as_str().map(Into::into),
                None => return pages,
            }
        }
    }

    #[test]
    fn pages_cover_the_list_once_and_in_order() {
        for (count, page_items, sizes) in [
            (0, 2, vec![0]),
            (1, 2, vec![1]),
            (2, 2, vec![2]),
            (3, 2, vec![2, 1]),
            (5, 2, vec![2, 2, 1]),
            (3, 1, vec![1, 1, 1]),
        ] {
            let pages = walk(&listing(count, page_items));
            assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), sizes);
            let all: Vec<u64> = pages.into_iter().flatten().collect();
            assert_eq!(all, (0..count as u64).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_page_of_what_is_visible_is_full_and_ends_where_nothing_visible_follows() {
        let listing = listing(6, 2);
        let even = |item: &Listed| item.name.ends_with(['0', '2', '4']);
        let read = |page: Vec<u8>| -> (Vec<u64>, Option<String>) {
            let page: Value = serde_json::from_slice(&page).expect("JSON");
            let items = page["tools"].as_array().expect("the list");
            let numbers = items.iter().map(|item| item["n"].as_u64().expect("a number")).collect();
            (numbers, page.get("nextCursor").and_then(Value::as_str).map(Into::into))
        };
        let (first, cursor) = read(listing.page_after(None, REVISION, even));
        assert_eq!(first, [0, 2]);
        let last = listing.position(&cursor.expect("there is more"));
        assert_eq!(last, Some(2));
        // Behind item 4 is only item 5, which is not visible.
        assert_eq!(read(listing.page_after(last, REVISION, even)), (vec![4], None));
        assert_eq!(read(listing.page_after(None, REVISION, |_| false)), (vec![], None));
    }

    #[test]
    fn cursors_that_we_did_not_give_out_are_refused() {
        let listing = listing(3, 1);
        let foreign = URL_SAFE_NO_PAD.encode("item 9");
        for cursor in ["", "AA==", "not base64!", foreign.as_str()] {
            assert!(listing.page(Some(cursor), REVISION).is_none(), "{cursor}");
        }
    }
}
