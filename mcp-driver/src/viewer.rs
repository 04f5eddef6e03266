//! Who looks at a list, and what of it an application shows.

use std::{
    any::Any,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use mcp_proto::{
    Principal, Step,
    exchange::{Filter, ItemKind},
};

/// Who looks at a list.
#[derive(Clone, Copy)]
pub struct Viewer<'v> {
    principal: Option<&'v Principal>,
    value: Option<&'v (dyn Any + Send + Sync)>,
}

impl<'v> Viewer<'v> {
    /// Who it is; `None` on a server without authentication.
    #[must_use]
    pub fn principal(&self) -> Option<&'v Principal> {
        self.principal
    }

    /// The value that the application's verifier gave the caller, if it has this type.
    #[must_use]
    pub fn value<T: Any>(&self) -> Option<&'v T> {
        self.value?.downcast_ref()
    }
}

/// One item of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListedItem<'i> {
    /// What it is.
    pub kind: ItemKind,
    /// Its name; of a resource the URI, of a template the template.
    pub name: &'i str,
}

type Shows = dyn Fn(&Viewer<'_>, ListedItem<'_>) -> bool + Send + Sync;

/// The function that says what of a list somebody gets to see.
#[derive(Clone)]
pub(crate) struct ListFilter(Arc<Shows>);

impl ListFilter {
    pub(crate) fn new(shows: impl Fn(&Viewer<'_>, ListedItem<'_>) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(shows))
    }

    /// Goes on with what the application shows. An item about which it panics is hidden.
    pub(crate) fn apply<'e>(&self, filter: Filter<'e>, value: Option<&(dyn Any + Send + Sync)>) -> Step<'e> {
        let caller = filter.caller().cloned();
        let principal = caller.as_ref().map(mcp_proto::exchange::Caller::principal);
        let (viewer, kind) = (Viewer { principal, value }, filter.kind());
        filter.resolve(|name| {
            let shows = || (self.0)(&viewer, ListedItem { kind, name });
            catch_unwind(AssertUnwindSafe(shows)).unwrap_or_else(|_| {
                tracing::error!("the list filter panicked");
                false
            })
        })
    }
}

impl fmt::Debug for ListFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ListFilter(..)")
    }
}
