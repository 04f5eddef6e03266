//! A list rendered once, when the catalog is built, and served in pages.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{content::Caching, render};

/// The rendered items of one kind, in the order they were added (TOOL-03).
#[derive(Debug)]
pub(crate) struct Listing {
    member: &'static str,
    items: Vec<Item>,
    page_items: usize,
    hints: Caching,
    server: Box<[u8]>,
    /// The result that a request without cursor gets.
    first_page: Vec<u8>,
}

#[derive(Debug)]
struct Item {
    name: Box<str>,
    json: Vec<u8>,
}

impl Listing {
    /// `items` are names and their JSON text; `page_items` is at least 1.
    pub(super) fn new(
        member: &'static str,
        items: Vec<(Box<str>, Vec<u8>)>,
        page_items: usize,
        hints: Caching,
        server: &[u8],
    ) -> Self {
        let items = items.into_iter().map(|(name, json)| Item { name, json }).collect();
        let mut listing = Self {
            member,
            items,
            page_items: page_items.max(1),
            hints,
            server: server.into(),
            first_page: Vec::new(),
        };
        listing.first_page = listing.page_from(0);
        listing
    }

    /// The `result` of a list request (PAGE-01). `None`: the cursor is not one of ours.
    ///
    /// A cursor names the last item of the page before, so that it means the same on every
    /// instance and after the list has grown (PAGE-07).
    pub(crate) fn page(&self, cursor: Option<&str>) -> Option<std::borrow::Cow<'_, [u8]>> {
        let Some(cursor) = cursor else {
            return Some(self.first_page.as_slice().into());
        };
        let name = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let last = self.items.iter().position(|item| item.name.as_bytes() == name)?;
        Some(self.page_from(last.saturating_add(1)).into())
    }

    fn page_from(&self, start: usize) -> Vec<u8> {
        let rest = self.items.get(start..).unwrap_or_default();
        let page = rest.get(..self.page_items).unwrap_or(rest);
        let next = (page.len() < rest.len())
            .then(|| page.last())
            .flatten()
            .map(|last| URL_SAFE_NO_PAD.encode(last.name.as_bytes()));
        let items = page.iter().map(|item| item.json.as_slice());
        render::page(self.member, items, next.as_deref(), self.hints, &self.server)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn listing(count: usize, page_items: usize) -> Listing {
        let items =
            (0..count).map(|n| (format!("item {n}").into(), format!("{{\"n\":{n}}}").into_bytes())).collect();
        Listing::new("tools", items, page_items, Caching::default(), b"\"s\":{}")
    }

    fn walk(listing: &Listing) -> Vec<Vec<u64>> {
        let mut pages = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let page = listing.page(cursor.as_deref()).expect("a cursor of ours");
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
    fn cursors_that_we_did_not_give_out_are_refused() {
        let listing = listing(3, 1);
        let foreign = URL_SAFE_NO_PAD.encode("item 9");
        for cursor in ["", "AA==", "not base64!", foreign.as_str()] {
            assert!(listing.page(Some(cursor)).is_none(), "{cursor}");
        }
    }
}
