//! Lists of which a caller gets to see only a part, by what the request proves and by nothing else (STL-06).

use super::{Exchange, Step, batch::Place};
use crate::{
    auth::principal::Principal,
    catalog::{Listed, Listing},
    engine::Visibility,
    exchange::Caller,
    jsonrpc::{self, AnswerId, RawId},
    refusal::{ParamsFault, Refusal},
};

/// What a list is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ItemKind {
    /// Tools, by name.
    Tool,
    /// Prompts, by name.
    Prompt,
    /// Resources, by URI.
    Resource,
    /// Resource templates, by template.
    Template,
}

/// A list that was asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct List<'e> {
    listing: &'e Listing,
    kind: ItemKind,
    /// The position of the item after which to go on.
    after: Option<usize>,
}

/// A list is waiting for the application to say what of it this caller gets to see.
#[derive(Debug)]
#[cfg_attr(feature = "enumerate", derive(Clone))]
pub struct Filter<'e> {
    exchange: Exchange<'e>,
    id: RawId,
    list: List<'e>,
    /// Where the answer goes, if it is one of several.
    place: Option<Place<'e>>,
}

impl<'e> List<'e> {
    pub(super) fn new(listing: &'e Listing, kind: ItemKind, after: Option<usize>) -> Self {
        Self { listing, kind, after }
    }

    /// Asks the application, if it has a say. In a batch the answer has its place.
    pub(super) fn begin(self, exchange: Exchange<'e>, id: RawId, place: Option<Place<'e>>) -> Step<'e> {
        let filter = Filter { exchange, id, list: self, place };
        match filter.exchange.engine.visibility() {
            Visibility::Everything | Visibility::ByScope => filter.resolve(|_| true),
            Visibility::ByApplication => Step::Filter(Box::new(filter)),
        }
    }

    /// The page. A cursor that names what is hidden is as unknown as one that names nothing: it would
    /// tell that there is something.
    fn page(self, exchange: &Exchange<'_>, mut shows: impl FnMut(&str) -> bool) -> Result<Vec<u8>, Refusal> {
        let principal = exchange.caller.as_ref().map(Caller::principal);
        let auth = exchange.engine.auth();
        let mut is_visible = |item: &Listed| auth.permits(principal, item.needs()) && shows(item.name());
        let hidden = |position| self.listing.item(position).is_none_or(|item| !is_visible(item));
        if self.after.is_some_and(hidden) {
            return Err(Refusal::InvalidParams(ParamsFault::Cursor));
        }
        Ok(self.listing.page_after(self.after, exchange.manner.revision, is_visible))
    }
}

impl<'e> Filter<'e> {
    /// Who asks. `None` on a server without authentication.
    #[must_use]
    pub fn caller(&self) -> Option<&Caller> {
        self.exchange.caller.as_ref()
    }

    /// Who asks, by identity.
    #[must_use]
    pub fn principal(&self) -> Option<&Principal> {
        self.caller().map(Caller::principal)
    }

    /// What the list is of.
    #[must_use]
    pub fn kind(&self) -> ItemKind {
        self.list.kind
    }

    /// Goes on. `shows` is asked about items that the caller has the scopes for, by name, until a
    /// page is full.
    pub fn resolve(self, shows: impl FnMut(&str) -> bool) -> Step<'e> {
        let Self { exchange, id, list, place } = self;
        let page = list.page(&exchange, shows);
        match (page, place) {
            (Ok(page), None) => exchange.answer(jsonrpc::result(&id, &page)),
            (Ok(page), Some(place)) => place.fill(exchange, jsonrpc::result(&id, &page)),
            (Err(refusal), None) => exchange.refuse(refusal, &AnswerId::Known(id)),
            (Err(refusal), Some(place)) => {
                let body = refusal.entry(id, exchange.manner.revision);
                place.fill(exchange, body)
            }
        }
    }
}
