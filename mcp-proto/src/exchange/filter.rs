//! Lists of which a caller gets to see only a part.

use super::{Exchange, Step};
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
}

impl<'e> List<'e> {
    pub(super) fn new(listing: &'e Listing, kind: ItemKind, after: Option<usize>) -> Self {
        Self { listing, kind, after }
    }

    pub(super) fn begin(self, exchange: Exchange<'e>, id: RawId) -> Step<'e> {
        match exchange.engine.visibility() {
            Visibility::Everything | Visibility::ByScope => self.answer(exchange, id, |_| true),
            Visibility::ByApplication => Step::Filter(Box::new(Filter { exchange, id, list: self })),
        }
    }

    /// A cursor that names what is hidden is as unknown as one that names nothing: it would tell
    /// that there is something.
    fn answer(self, exchange: Exchange<'e>, id: RawId, mut shows: impl FnMut(&str) -> bool) -> Step<'e> {
        let principal = exchange.caller.as_ref().map(Caller::principal);
        let auth = exchange.engine.auth();
        let mut is_visible = |item: &Listed| auth.permits(principal, item.needs()) && shows(item.name());
        let hidden = |position| self.listing.item(position).is_none_or(|item| !is_visible(item));
        if self.after.is_some_and(hidden) {
            return exchange.refuse(Refusal::InvalidParams(ParamsFault::Cursor), &AnswerId::Known(id));
        }
        let page = self.listing.page_after(self.after, is_visible);
        let mut out = jsonrpc::begin_result(&id, page.len().saturating_add(1));
        out.extend_from_slice(&page);
        jsonrpc::end_result(&mut out);
        exchange.answer(out)
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
        self.list.answer(self.exchange, self.id, shows)
    }
}
