//! What every policy that lets only some callers in is made of: what all of them need, and what is
//! published about how to get it.

use bytes::Bytes;

use super::{
    access::{Access, AccessSpec},
    challenge::MetadataUrl,
    metadata::{self, Document, Resource},
    scope::{Requirement, Scopes},
};
use crate::error::BuildError;

/// What holds for all callers of a server that authenticates them.
#[derive(Debug, Clone)]
pub(crate) struct Protection {
    access: Access,
    published: Option<Published>,
}

/// Protected resource metadata (RFC 9728), rendered.
#[derive(Debug, Clone)]
struct Published {
    url: MetadataUrl,
    paths: Box<[Box<str>]>,
    document: Bytes,
}

/// Collects what a [`Protection`] is made of.
#[derive(Debug, Clone, Default)]
pub(super) struct ProtectionSpec {
    pub(super) access: AccessSpec,
    pub(super) advertised: Vec<String>,
    pub(super) resource: Option<String>,
    pub(super) resource_name: Option<String>,
    pub(super) documentation: Option<String>,
}

/// What the metadata says of bound tokens (RFC 9728 section 2).
#[derive(Debug, Clone, Default)]
pub(super) struct BindingMetadata {
    pub(super) dpop_algorithms: Vec<&'static str>,
    pub(super) is_dpop_required: bool,
    pub(super) has_certificates: bool,
}

impl ProtectionSpec {
    /// With metadata for `resource`, whose tokens these issuers grant.
    pub(super) fn published(
        &self,
        resource: &str,
        issuers: &[&str],
        bindings: &BindingMetadata,
    ) -> Result<Protection, BuildError> {
        let access = self.access.build()?;
        let resource = Resource::parse(self.resource.as_deref().unwrap_or(resource))?;
        for issuer in issuers {
            metadata::check_issuer(issuer)?;
        }
        let document = Document {
            resource: resource.as_str(),
            authorization_servers: issuers,
            scopes_supported: access.baseline().union(&access.only(&self.advertised)?),
            bearer_methods_supported: ["header"],
            resource_name: self.resource_name.as_deref(),
            resource_documentation: self.documentation.as_deref(),
            tls_client_certificate_bound_access_tokens: bindings.has_certificates,
            dpop_signing_alg_values_supported: &bindings.dpop_algorithms,
            dpop_bound_access_tokens_required: bindings.is_dpop_required,
        };
        let published = Published {
            document: document.render(),
            url: resource.metadata_url()?,
            paths: resource.metadata_paths(),
        };
        Ok(Protection { access, published: Some(published) })
    }

    /// Without metadata: clients know by other means where to get what they need.
    pub(super) fn unpublished(&self) -> Result<Protection, BuildError> {
        Ok(Protection { access: self.access.build()?, published: None })
    }
}

impl Protection {
    /// The scopes that every request needs.
    pub(crate) fn baseline(&self) -> &Requirement {
        self.access.baseline()
    }

    pub(super) fn requirement(&self, scopes: &[String]) -> Result<Requirement, BuildError> {
        self.access.requirement(scopes)
    }

    pub(super) fn grants(&self, granted: &Scopes, scope: &str) -> bool {
        self.access.grants(granted, scope)
    }

    /// Where the metadata is, as challenges name it.
    pub(super) fn metadata_url(&self) -> Option<&MetadataUrl> {
        self.published.as_ref().map(|published| &published.url)
    }

    /// The paths under which the metadata is served (AUTH-14, AUTH-15): the one inserted before
    /// the resource's path, and the root.
    pub(crate) fn metadata_paths(&self) -> &[Box<str>] {
        self.published.as_ref().map_or(&[], |published| &published.paths)
    }

    /// The document (RFC 9728 section 2), JSON text.
    pub(crate) fn metadata(&self) -> Option<&Bytes> {
        self.published.as_ref().map(|published| &published.document)
    }
}
