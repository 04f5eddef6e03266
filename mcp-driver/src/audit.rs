//! A record of each decision, for whoever has to know later who did what.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use mcp_proto::{
    Principal, Refusal, Response, UnixSeconds,
    exchange::{About, Caller},
    response::Rule,
};
use serde::{Serialize, Serializer, ser::SerializeStruct};

/// One decision: who asked for what, and whether it was allowed.
///
/// There is one for each request that was allowed or refused at the endpoint, made before a handler runs, and
/// another one when a handler demands a scope that the caller does not have
/// ([`Context::require`](crate::Context::require)). It holds no credentials. `Serialize` writes it as one flat
/// object.
#[derive(Clone, Copy)]
pub struct AuditEvent<'e> {
    at: UnixSeconds,
    about: Option<&'e About>,
    refused: Option<Rule>,
}

impl<'e> AuditEvent<'e> {
    /// When, in seconds since 1970.
    #[must_use]
    pub fn at(&self) -> UnixSeconds {
        self.at
    }

    /// Who. `None` when the request was refused before its caller was known, and where nobody authenticates.
    #[must_use]
    pub fn principal(&self) -> Option<&'e Principal> {
        self.about.and_then(About::caller).map(Caller::principal)
    }

    /// The method, such as `tools/call`, if the message was read and names one that is known.
    #[must_use]
    pub fn method(&self) -> Option<&'static str> {
        self.about.and_then(About::method).map(|method| method.as_str())
    }

    /// The tool, prompt or resource that the message names: what a client wrote, at most
    /// [`RECORDED_NAME_BYTES_MAX`](mcp_proto::exchange::RECORDED_NAME_BYTES_MAX) bytes of it.
    #[must_use]
    pub fn target(&self) -> Option<&'e str> {
        self.about.and_then(About::target)
    }

    /// Whether it was allowed.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.refused.is_none()
    }

    /// The rule that refused it, a stable name in snake case.
    #[must_use]
    pub fn rule(&self) -> Option<&'static str> {
        self.refused.map(|rule| rule.name)
    }
}

impl Serialize for AuditEvent<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let principal = self.principal();
        let mut event = serializer.serialize_struct("AuditEvent", 10)?;
        event.serialize_field("at", &self.at.0)?;
        event.serialize_field("allowed", &self.is_allowed())?;
        event.serialize_field("rule", &self.rule())?;
        event.serialize_field("method", &self.method())?;
        event.serialize_field("target", &self.target())?;
        event.serialize_field("issuer", &principal.map(Principal::issuer))?;
        event.serialize_field("subject", &principal.map(Principal::subject))?;
        event.serialize_field("client", &principal.map(Principal::client))?;
        event.serialize_field("actor", &principal.and_then(Principal::actor))?;
        event.serialize_field("scopes", &principal.map(|principal| principal.scopes().as_str()))?;
        event.end()
    }
}

impl fmt::Debug for AuditEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let principal = self.principal();
        f.debug_struct("AuditEvent")
            .field("at", &self.at.0)
            .field("rule", &self.rule())
            .field("method", &self.method())
            .field("target", &self.target())
            .field("issuer", &principal.map(Principal::issuer))
            .field("subject", &principal.map(Principal::subject))
            .field("client", &principal.map(Principal::client))
            .field("actor", &principal.and_then(Principal::actor))
            .finish()
    }
}

/// The function that is told of decisions.
#[derive(Clone)]
pub(crate) struct Audit(Arc<dyn Fn(&AuditEvent<'_>) + Send + Sync>);

impl Audit {
    pub(crate) fn new(hook: impl Fn(&AuditEvent<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(hook))
    }

    /// An answer of the endpoint that no handler had a part in. Preflights are no decisions.
    pub(crate) fn answered(&self, response: &Response, at: UnixSeconds) {
        let about = response.about.as_deref();
        let is_told_by_element = self.tell_elements(about, at) && response.rule.is_none();
        if !is_told_by_element && (about.is_some() || response.rule.is_some()) {
            self.tell(&AuditEvent { at, about, refused: response.rule });
        }
    }

    /// What of a batch needed no handler; whether there was anything.
    fn tell_elements(&self, about: Option<&About>, at: UnixSeconds) -> bool {
        let mut is_told = false;
        for (about, refused) in about.into_iter().flat_map(About::elements) {
            self.tell(&AuditEvent { at, about: Some(&about), refused });
            is_told = true;
        }
        is_told
    }

    fn tell(&self, event: &AuditEvent<'_>) {
        // What the application does here is no reason to leave a request without an answer.
        if catch_unwind(AssertUnwindSafe(|| (self.0)(event))).is_err() {
            tracing::error!("the audit function panicked");
        }
    }
}

/// The decisions about one call.
pub(crate) struct Record {
    audit: Audit,
    about: Option<Box<About>>,
}

impl Record {
    pub(crate) fn new(audit: Audit, about: Option<Box<About>>) -> Self {
        Self { audit, about }
    }

    /// Every rule has allowed the call.
    pub(crate) fn allowed(&self, at: UnixSeconds) {
        self.audit.tell_elements(self.about.as_deref(), at);
        self.audit.tell(&AuditEvent { at, about: self.about.as_deref(), refused: None });
    }

    /// The next call of a batch, which every rule has allowed too.
    pub(crate) fn go_on(&mut self, about: Option<Box<About>>, at: UnixSeconds) {
        self.about = about;
        self.allowed(at);
    }

    /// The handler has not.
    pub(crate) fn refused(&self, refusal: &Refusal, at: UnixSeconds) {
        let refused = Some(refusal.rule());
        self.audit.tell(&AuditEvent { at, about: self.about.as_deref(), refused });
    }
}

impl fmt::Debug for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Audit(..)")
    }
}
