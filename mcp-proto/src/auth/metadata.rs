//! Protected resource metadata (RFC 9728), from configuration only, as are the challenges that lead to it (RFC9728-08).

use bytes::Bytes;
use http::Uri;
use serde::{Serialize, Serializer};

use super::{
    challenge::MetadataUrl,
    scope::{Requirement, ScopeName},
};
use crate::error::BuildError;

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// The resource identifier: the URL that clients use.
#[derive(Debug)]
pub(super) struct Resource {
    url: String,
    /// Scheme and authority.
    origin: String,
    path_and_query: String,
}

impl Resource {
    /// RFC9728-03, AUTH-27: `https` (or `http` on loopback), no fragment. Tokens are for a URL with TLS (AUTH-29,
    /// RFC6750-08).
    pub(super) fn parse(url: &str) -> Result<Self, BuildError> {
        let refused = || BuildError::Resource(url.into());
        MetadataUrl::parse(url).map_err(|_| refused())?;
        let uri: Uri = url.parse().map_err(|_| refused())?;
        let (scheme, authority) = uri.scheme().zip(uri.authority()).ok_or_else(refused)?;
        Ok(Self {
            url: url.into(),
            origin: format!("{scheme}://{authority}"),
            path_and_query: uri.path_and_query().map_or("/", |path| path.as_str()).into(),
        })
    }

    pub(super) fn as_str(&self) -> &str {
        &self.url
    }

    /// RFC9728-02: inserted between host and path; a slash that is the whole path is dropped.
    fn inserted(&self) -> String {
        match self.path_and_query.as_str() {
            "/" => WELL_KNOWN.into(),
            path => format!("{WELL_KNOWN}{path}"),
        }
    }

    pub(super) fn metadata_url(&self) -> Result<MetadataUrl, BuildError> {
        MetadataUrl::parse(&format!("{}{}", self.origin, self.inserted()))
            .map_err(|_| BuildError::Resource(self.url.clone()))
    }

    /// Each path once: whoever registers them with a router may not name one twice.
    pub(super) fn metadata_paths(&self) -> Box<[Box<str>]> {
        let inserted = self.inserted();
        let path = inserted.split('?').next().unwrap_or(WELL_KNOWN);
        if path == WELL_KNOWN { [path.into()].into() } else { [path.into(), WELL_KNOWN.into()].into() }
    }
}

/// An issuer is a URL without query and fragment (RFC 8414 section 2).
pub(super) fn check_issuer(issuer: &str) -> Result<(), BuildError> {
    if issuer.contains('?') || MetadataUrl::parse(issuer).is_err() {
        return Err(BuildError::Issuer(issuer.into()));
    }
    Ok(())
}

/// The document. Empty lists are left out (RFC9728-05); a policy for tokens has an issuer (AUTH-12, XAUTH-04).
#[derive(Serialize)]
pub(super) struct Document<'d> {
    /// RFC9728-01: the identifier, byte for byte.
    pub(super) resource: &'d str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) authorization_servers: &'d [&'d str],
    #[serde(serialize_with = "names", skip_serializing_if = "Requirement::is_empty")]
    pub(super) scopes_supported: Requirement,
    pub(super) bearer_methods_supported: [&'static str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) resource_name: Option<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) resource_documentation: Option<&'d str>,
    #[serde(skip_serializing_if = "is_not_set")]
    pub(super) tls_client_certificate_bound_access_tokens: bool,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) dpop_signing_alg_values_supported: &'d [&'static str],
    #[serde(skip_serializing_if = "is_not_set")]
    pub(super) dpop_bound_access_tokens_required: bool,
}

fn names<S: Serializer>(requirement: &Requirement, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(requirement.names().iter().map(ScopeName::as_str))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde wants")]
fn is_not_set(flag: &bool) -> bool {
    !flag
}

impl Document<'_> {
    pub(super) fn render(&self) -> Bytes {
        // Strings and lists of strings always have a JSON form.
        serde_json::to_vec(self).unwrap_or_default().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{BearerPolicy, BearerPolicyBuilder, CertificatePolicy, IssuerPolicy};

    #[test]
    fn the_document_is_found_where_rfc_9728_says() {
        for (resource, url, paths) in [
            (
                "https://mcp.example.com/mcp",
                "https://mcp.example.com/.well-known/oauth-protected-resource/mcp",
                &["/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource"][..],
            ),
            (
                "https://mcp.example.com/",
                "https://mcp.example.com/.well-known/oauth-protected-resource",
                &["/.well-known/oauth-protected-resource"],
            ),
            (
                "https://mcp.example.com",
                "https://mcp.example.com/.well-known/oauth-protected-resource",
                &["/.well-known/oauth-protected-resource"],
            ),
            (
                "http://127.0.0.1:3000/a/b?c=d",
                "http://127.0.0.1:3000/.well-known/oauth-protected-resource/a/b?c=d",
                &["/.well-known/oauth-protected-resource/a/b", "/.well-known/oauth-protected-resource"],
            ),
        ] {
            let resource = Resource::parse(resource).expect("a resource identifier");
            assert_eq!(resource.metadata_url().expect("a URL").as_str(), url);
            let found = resource.metadata_paths();
            assert_eq!(found.iter().map(|path| &**path).collect::<Vec<_>>(), paths);
        }
    }

    #[test]
    fn insecure_or_ambiguous_resources_and_issuers_are_refused() {
        for url in [
            "http://mcp.example.com/mcp",
            "https://mcp.example.com/mcp#part",
            "https://user@mcp.example.com/",
            "mcp.example.com",
            "api://mcp",
            "",
        ] {
            assert!(Resource::parse(url).is_err(), "{url}");
            assert!(check_issuer(url).is_err(), "{url}");
        }
        assert!(check_issuer("https://auth.example.com/?a=b").is_err());
        assert!(check_issuer("https://auth.example.com/tenant").is_ok());
    }

    #[test]
    fn the_document_says_what_is_configured_and_nothing_empty() {
        let bare = BearerPolicy::builder("https://auth.example.com", "https://mcp.example.com/mcp")
            .build()
            .expect("a policy");
        assert_eq!(
            bare.metadata(),
            r#"{"resource":"https://mcp.example.com/mcp","authorization_servers":["https://auth.example.com"],"bearer_methods_supported":["header"]}"#
        );
        let full = BearerPolicy::builder("https://auth.example.com", "api://mcp")
            .resource("https://mcp.example.com/mcp")
            .resource_name("Example")
            .documentation("https://example.com/docs")
            .scope("mcp")
            .advertise_scope("mcp:write")
            .advertise_scope("mcp")
            .build()
            .expect("a policy");
        assert_eq!(
            full.metadata(),
            r#"{"resource":"https://mcp.example.com/mcp","authorization_servers":["https://auth.example.com"],"scopes_supported":["mcp","mcp:write"],"bearer_methods_supported":["header"],"resource_name":"Example","resource_documentation":"https://example.com/docs"}"#
        );
    }

    /// RFC 9728 section 2: it says that they are supported, not that they are required.
    #[test]
    fn the_document_says_whether_tokens_may_be_bound_to_a_certificate() {
        const MEMBER: &str = r#","tls_client_certificate_bound_access_tokens":true"#;
        let policy = || BearerPolicy::builder("https://auth.example.com", "https://mcp.example.com/mcp");
        let document = |policy: BearerPolicyBuilder| policy.build().expect("a policy").metadata();
        let plain = String::from_utf8(document(policy()).to_vec()).expect("text");
        let with = plain.replace('}', &format!("{MEMBER}}}"));
        assert_eq!(document(policy().certificates(CertificatePolicy::allowed())), with);
        assert_eq!(document(policy().certificates(CertificatePolicy::required())), with);
    }

    #[test]
    fn a_policy_needs_an_audience_real_scopes_and_a_sane_leeway() {
        let policy = || BearerPolicy::builder("https://auth.example.com", "https://mcp.example.com");
        assert_eq!(
            BearerPolicy::builder("https://auth.example.com", "").build().err(),
            Some(BuildError::Audience)
        );
        assert_eq!(policy().scope("a b").build().err(), Some(BuildError::Scope("a b".into())));
        assert_eq!(policy().scope("offline_access").build().err(), Some(BuildError::OfflineAccess));
        let leeway = |seconds| {
            let issuer = IssuerPolicy::new("https://auth.example.com", "https://mcp.example.com");
            BearerPolicy::trusting(issuer.leeway_seconds(seconds)).build()
        };
        assert!(leeway(300).is_ok());
        assert_eq!(leeway(301).err(), Some(BuildError::Leeway { seconds: 301, max: 300 }));
    }
}
