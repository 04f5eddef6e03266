//! What changes while the server runs.

use std::sync::{
    Arc, Mutex, OnceLock, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use mcp_driver::{Catalog, Change, Interrupt, Server, schema::SchemaError};

use crate::conformance::{prompts, resources, tools};

/// Shared by the tools that change something and by what they change.
#[derive(Clone, Default)]
pub(crate) struct World(Arc<Shared>);

#[derive(Default)]
struct Shared {
    server: OnceLock<Server>,
    added: Mutex<Option<String>>,
    version: AtomicU64,
}

impl World {
    /// Everything there is, and a tool of the name that was added.
    pub(crate) fn catalog(&self, added: Option<&str>) -> Result<Catalog, SchemaError> {
        let mut catalog = tools::add_to(Catalog::new(), self)?;
        if let Some(name) = added {
            catalog = catalog.tool(tools::newcomer(name));
        }
        Ok(prompts::add_to(resources::add_to(catalog, self)))
    }

    /// From now on this server tells of changes.
    pub(crate) fn is_served_by(&self, server: &Server) {
        // There is one server in a process.
        _ = self.0.server.set(server.clone());
    }

    /// Which version of the watched resource there is.
    pub(crate) fn version(&self) -> u64 {
        self.0.version.load(Ordering::Relaxed)
    }

    pub(crate) fn change_resource(&self) -> Result<(), Interrupt> {
        self.0.version.fetch_add(1, Ordering::Relaxed);
        self.tell(&Change::ResourceUpdated(resources::WATCHED.into()))
    }

    /// Pretends that the prompts are others.
    pub(crate) fn change_prompts(&self) -> Result<(), Interrupt> {
        self.tell(&Change::PromptsChanged)
    }

    /// Has one tool more, under this name, or none more. Where that is as it was, it pretends.
    pub(crate) fn change_tools(&self, added: Option<String>) -> Result<(), Interrupt> {
        let mut present = self.0.added.lock().unwrap_or_else(PoisonError::into_inner);
        if *present == added {
            return self.tell(&Change::ToolsChanged);
        }
        let catalog = self.catalog(added.as_deref())?;
        self.server()?.replace(catalog)?;
        *present = added;
        Ok(())
    }

    fn tell(&self, change: &Change) -> Result<(), Interrupt> {
        self.server()?.sessions().notify_all(change);
        Ok(())
    }

    fn server(&self) -> Result<&Server, Interrupt> {
        self.0.server.get().ok_or_else(|| Interrupt::tool("The server has not begun yet"))
    }
}
