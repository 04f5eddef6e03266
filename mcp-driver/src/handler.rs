//! From a typed function to something that a table can hold.

use std::{collections::BTreeMap, future::Future, pin::Pin, sync::Arc};

use bytes::Bytes;
use http::HeaderMap;
use mcp_proto::{
    Outcome,
    exchange::{Caller, ClientFacts, CompletionInput},
    uri_template::Variables,
};

use crate::{
    context::Context, held::Held, interrupt::Interrupt, peer::ClientCertificate, recognise::CallerData,
    sessions::Visited,
};

/// A handler that runs.
pub(crate) type Running = Pin<Box<dyn Future<Output = Outcome> + Send>>;

pub(crate) type ToolFn = Box<dyn Fn(Bytes, &mut CallParts) -> Running + Send + Sync>;
pub(crate) type PromptFn = Box<dyn Fn(BTreeMap<String, String>, &mut CallParts) -> Running + Send + Sync>;
pub(crate) type ReadFn = Box<dyn Fn(Box<str>, Variables, &mut CallParts) -> Running + Send + Sync>;
pub(crate) type CompleteFn = Box<dyn Fn(CompletionInput, &mut CallParts) -> Running + Send + Sync>;

/// What typed arguments of a handler are made from. A [`Context`] is only built for handlers that
/// take one.
pub struct CallParts {
    pub(crate) held: Arc<Held>,
    pub(crate) caller: Option<Caller>,
    pub(crate) value: Option<CallerData>,
    pub(crate) client: ClientFacts,
    pub(crate) headers: HeaderMap,
    pub(crate) certificate: Option<ClientCertificate>,
    pub(crate) session: Option<Visited>,
    pub(crate) context: Option<Context>,
}

impl CallParts {
    pub(crate) fn context(&mut self) -> Context {
        self.context
            .get_or_insert_with(|| {
                Context::new(
                    Arc::clone(&self.held),
                    self.caller.clone(),
                    self.value.clone(),
                    self.client.clone(),
                    self.headers.clone(),
                    self.certificate.clone(),
                    self.session.clone(),
                )
            })
            .clone()
    }
}

/// Something about the call that a handler takes as a typed argument. A client cannot supply it:
/// it comes from the verified token and the server, never from the tool's arguments.
pub trait FromCall: Sized + Send + 'static {
    /// Whether it only exists where callers authenticate. A server without authentication refuses
    /// to be built with a handler that takes it.
    const NEEDS_CALLER: bool = false;

    /// Takes it from the call.
    ///
    /// # Errors
    /// When the call does not have it; the handler is then not run.
    fn from_call(parts: &mut CallParts) -> Result<Self, Interrupt>;
}

/// The verified caller. A server without authentication refuses to be built with a handler that
/// takes it; take `Option<Caller>` to serve both.
impl FromCall for Caller {
    const NEEDS_CALLER: bool = true;

    fn from_call(parts: &mut CallParts) -> Result<Self, Interrupt> {
        parts.caller.clone().ok_or_else(|| Interrupt::tool("This needs an authenticated caller"))
    }
}

impl FromCall for Option<Caller> {
    fn from_call(parts: &mut CallParts) -> Result<Self, Interrupt> {
        Ok(parts.caller.clone())
    }
}

impl FromCall for Context {
    fn from_call(parts: &mut CallParts) -> Result<Self, Interrupt> {
        Ok(parts.context())
    }
}

impl FromCall for ClientFacts {
    fn from_call(parts: &mut CallParts) -> Result<Self, Interrupt> {
        Ok(parts.client.clone())
    }
}
