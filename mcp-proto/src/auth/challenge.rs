//! What a refused client is told: `WWW-Authenticate` as data, and its one renderer (RFC 6750
//! section 3).

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use http::{HeaderValue, Uri};

use super::scope::Scopes;
use crate::jws::{Algorithm, AlgorithmSet, Denial, dpop::ProofDenial};

/// A challenge. Every value of this type can be rendered; cheap to clone.
///
/// Its text comes from configuration and from constants. Nothing that a request said is ever part
/// of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Challenge {
    /// How credentials are to be presented.
    pub scheme: AuthScheme,
    /// The protection space, when it has a name.
    pub realm: Option<Realm>,
    /// What was wrong. Nothing when no credentials were sent: then there is no error yet.
    pub error: Option<ChallengeError>,
    /// The scopes that the request needs.
    pub scope: Scopes,
    /// The signature algorithms for proofs of possession (`algs`, RFC 9449 section 7.1).
    pub algorithms: Option<AlgorithmSet>,
    /// Where the protected resource metadata is (RFC 9728 section 5.1).
    pub resource_metadata: Option<MetadataUrl>,
}

/// The scheme of a challenge.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum AuthScheme {
    /// `Bearer` (RFC 6750).
    #[default]
    Bearer,
    /// `DPoP` (RFC 9449).
    Dpop,
    /// A scheme of the application's own.
    Named(SchemeName),
}

impl AuthScheme {
    fn name(&self) -> &str {
        match self {
            Self::Bearer => "Bearer",
            Self::Dpop => "DPoP",
            Self::Named(name) => &name.0,
        }
    }
}

/// The name of a scheme: a token (RFC 9110 section 11.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemeName(Arc<str>);

impl SchemeName {
    /// A name of one or more token characters; nothing for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        (!text.is_empty() && text.bytes().all(is_token)).then(|| Self(text.into()))
    }
}

/// What was wrong with the credentials of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChallengeError {
    /// The `Authorization` field is not one scheme with one token.
    CredentialsMalformed,
    /// There is more than one `Authorization` field.
    CredentialsRepeated,
    /// There is an access token in the query.
    TokenInQuery,
    /// The token was refused.
    TokenRefused(Denial),
    /// The application's verifier accepted nothing that the request brought.
    Rejected,
    /// The proof of possession was refused.
    ProofRefused(ProofDenial),
    /// The proof of possession needs a nonce of ours.
    NonceNeeded,
    /// The token is good and not good for this.
    ScopeInsufficient,
}

impl ChallengeError {
    /// The `error` code (RFC 6750 section 3.1).
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::CredentialsMalformed | Self::CredentialsRepeated | Self::TokenInQuery => "invalid_request",
            Self::TokenRefused(_) | Self::Rejected => "invalid_token",
            Self::ProofRefused(_) => "invalid_dpop_proof",
            Self::NonceNeeded => "use_dpop_nonce",
            Self::ScopeInsufficient => "insufficient_scope",
        }
    }

    /// The `error_description`.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::CredentialsMalformed => "The Authorization field is malformed",
            Self::CredentialsRepeated => "The request has more than one Authorization field",
            Self::TokenInQuery => "An access token must not be sent in the query",
            Self::TokenRefused(denial) => denial.description(),
            Self::Rejected => "The credentials were not accepted",
            Self::ProofRefused(denial) => denial.description(),
            Self::NonceNeeded => ProofDenial::NonceNeeded.description(),
            Self::ScopeInsufficient => {
                "The request requires higher privileges than the access token provides"
            }
        }
    }
}

/// The name of a protection space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Realm(Arc<str>);

impl Realm {
    /// A name of one or more visible ASCII characters and spaces, without `"` and `\`; nothing for
    /// any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let valid = !text.is_empty() && text.bytes().all(is_quotable);
        valid.then(|| Self(text.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The address of a protected resource metadata document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataUrl(Arc<str>);

impl MetadataUrl {
    /// An absolute `https` URL, or an `http` URL of a loopback host, without user information and
    /// fragment.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, MetadataUrlError> {
        if text.contains('#') {
            return Err(MetadataUrlError::Fragment);
        }
        if !text.bytes().all(is_url_byte) {
            return Err(MetadataUrlError::Character);
        }
        let url: Uri = text.parse().map_err(|_| MetadataUrlError::NotAbsolute)?;
        let (Some(scheme), Some(authority)) = (url.scheme_str(), url.authority()) else {
            return Err(MetadataUrlError::NotAbsolute);
        };
        if authority.host().is_empty() {
            return Err(MetadataUrlError::NotAbsolute);
        }
        if authority.as_str().contains('@') {
            return Err(MetadataUrlError::UserInformation);
        }
        // Browsers and clients trust loopback without TLS, as RFC 8252 section 8.3 does.
        if scheme == "https" || (scheme == "http" && is_loopback(authority.host())) {
            Ok(Self(text.into()))
        } else {
            Err(MetadataUrlError::Insecure)
        }
    }

    /// The address as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a text is no address for a metadata document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetadataUrlError {
    /// A character that no URL has (RFC 3986 section 2).
    Character,
    /// No scheme or no host, or no URL at all.
    NotAbsolute,
    /// Neither `https` nor `http` on a loopback host.
    Insecure,
    /// A user name or password.
    UserInformation,
    /// A fragment.
    Fragment,
}

impl fmt::Display for MetadataUrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Character => "the metadata URL has a character that no URL has",
            Self::NotAbsolute => "the metadata URL is not absolute",
            Self::Insecure => "the metadata URL is neither https nor http on a loopback host",
            Self::UserInformation => "the metadata URL has user information",
            Self::Fragment => "the metadata URL has a fragment",
        })
    }
}

impl std::error::Error for MetadataUrlError {}

/// Renders a challenge as a `WWW-Authenticate` value, each parameter at most once (RFC6750-04).
#[must_use]
pub fn render(challenge: &Challenge) -> HeaderValue {
    let mut parameters = Parameters::of(&challenge.scheme);
    if let Some(realm) = &challenge.realm {
        parameters.push("realm", realm.as_str());
    }
    if let Some(error) = challenge.error {
        parameters.push("error", error.code());
        parameters.push("error_description", error.description());
    }
    if !challenge.scope.is_empty() {
        parameters.push("scope", challenge.scope.as_str());
    }
    if let Some(algorithms) = challenge.algorithms {
        let names: Vec<_> = algorithms.iter().map(Algorithm::name).collect();
        parameters.push("algs", &names.join(" "));
    }
    // RFC9728-09.
    if let Some(url) = &challenge.resource_metadata {
        parameters.push("resource_metadata", url.as_str());
    }
    // Cannot fail, as `Parameters` holds visible ASCII and spaces only; and if it did, a bare
    // challenge is still one.
    HeaderValue::try_from(parameters.text).unwrap_or(HeaderValue::from_static("Bearer"))
}

/// A challenge that says no more than that proofs of possession are accepted, and which.
pub(super) fn offer_dpop(algorithms: AlgorithmSet) -> HeaderValue {
    let scheme = AuthScheme::Dpop;
    render(&Challenge { scheme, algorithms: Some(algorithms), ..Challenge::default() })
}

/// The scheme and the parameters so far.
struct Parameters {
    text: String,
    separator: &'static str,
}

impl Parameters {
    fn of(scheme: &AuthScheme) -> Self {
        Self { text: scheme.name().to_owned(), separator: " " }
    }

    /// Adds a parameter. This is the only place that quotes a value: a character that could end the
    /// quotation or the field is left out, even though no type that gets here can contain one
    /// (RFC6750-05).
    fn push(&mut self, name: &'static str, value: &str) {
        self.text.extend([self.separator, name, "=\""]);
        self.text.extend(value.bytes().filter(|byte| is_quotable(*byte)).map(char::from));
        self.text.push('"');
        self.separator = ", ";
    }
}

/// RFC 6750 section 3: %x20-21 / %x23-5B / %x5D-7E.
const fn is_quotable(byte: u8) -> bool {
    matches!(byte, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E)
}

/// RFC 3986 section 2, without the `#` that starts a fragment.
fn is_url_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?[]@!$&'()*+,;=%".contains(&byte)
}

fn is_loopback(host: &str) -> bool {
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.eq_ignore_ascii_case("localhost")
        || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const METADATA: &str = "https://mcp.example/.well-known/oauth-protected-resource/mcp";

    const ERRORS: [ChallengeError; 8] = [
        ChallengeError::CredentialsMalformed,
        ChallengeError::CredentialsRepeated,
        ChallengeError::TokenInQuery,
        ChallengeError::TokenRefused(Denial::Expired),
        ChallengeError::Rejected,
        ChallengeError::ProofRefused(ProofDenial::Replayed),
        ChallengeError::NonceNeeded,
        ChallengeError::ScopeInsufficient,
    ];

    fn rendered(challenge: &Challenge) -> String {
        render(challenge).to_str().unwrap().to_owned()
    }

    #[test]
    fn without_credentials_no_error_is_named() {
        let challenge = Challenge {
            resource_metadata: Some(MetadataUrl::parse(METADATA).unwrap()),
            scope: Scopes::parse("read write"),
            ..Challenge::default()
        };
        assert_eq!(
            rendered(&challenge),
            format!(r#"Bearer scope="read write", resource_metadata="{METADATA}""#)
        );
    }

    #[test]
    fn a_refused_token_is_told_so_in_fixed_words() {
        let challenge = Challenge {
            error: Some(ChallengeError::TokenRefused(Denial::Expired)),
            resource_metadata: Some(MetadataUrl::parse(METADATA).unwrap()),
            ..Challenge::default()
        };
        assert_eq!(
            rendered(&challenge),
            format!(
                r#"Bearer error="invalid_token", error_description="The access token expired", resource_metadata="{METADATA}""#
            )
        );
    }

    #[test]
    fn a_full_challenge_has_every_parameter_once_and_in_order() {
        let challenge = Challenge {
            scheme: AuthScheme::Dpop,
            realm: Realm::parse("my tools"),
            error: Some(ChallengeError::ScopeInsufficient),
            scope: Scopes::parse("admin"),
            algorithms: Some(AlgorithmSet::of(&[Algorithm::EdDsa, Algorithm::Es256])),
            resource_metadata: Some(MetadataUrl::parse(METADATA).unwrap()),
        };
        let expected = [
            r#"DPoP realm="my tools""#,
            r#"error="insufficient_scope""#,
            r#"error_description="The request requires higher privileges than the access token provides""#,
            r#"scope="admin""#,
            r#"algs="ES256 EdDSA""#,
            &format!(r#"resource_metadata="{METADATA}""#),
        ];
        assert_eq!(rendered(&challenge), expected.join(", "));
    }

    #[test]
    fn an_empty_challenge_is_the_scheme() {
        assert_eq!(rendered(&Challenge::default()), "Bearer");
    }

    #[test]
    fn every_error_has_its_code_and_a_quotable_description() {
        let codes = [
            "invalid_request",
            "invalid_request",
            "invalid_request",
            "invalid_token",
            "invalid_token",
            "invalid_dpop_proof",
            "use_dpop_nonce",
            "insufficient_scope",
        ];
        assert_eq!(ERRORS.map(ChallengeError::code), codes);
        for error in ERRORS {
            assert!(!error.description().is_empty());
            assert!(error.description().bytes().all(is_quotable), "{error:?}");
        }
    }

    #[test]
    fn every_denial_is_an_invalid_token_and_keeps_its_words() {
        for denial in Denial::ALL {
            let error = ChallengeError::TokenRefused(*denial);
            assert_eq!(error.code(), "invalid_token");
            assert_eq!(error.description(), denial.description());
        }
    }

    #[test]
    fn a_realm_is_text_that_needs_no_escape() {
        assert_eq!(Realm::parse("my tools!").unwrap().as_str(), "my tools!");
        for byte in 0..=u8::MAX {
            let text = format!("a{}", char::from(byte));
            let permitted = (0x20..=0x7E).contains(&byte) && byte != b'"' && byte != b'\\';
            assert_eq!(Realm::parse(&text).is_some(), permitted, "{byte:#x}");
        }
        assert_eq!(Realm::parse(""), None);
    }

    #[test]
    fn metadata_urls_are_https_or_loopback() {
        let table = [
            METADATA,
            "https://mcp.example",
            "HTTPS://MCP.example/x?tenant=1",
            "https://mcp.example:8443/x%20y",
            "https://[2001:db8::1]/x",
            "http://localhost/x",
            "http://LOCALHOST:3000/x",
            "http://127.0.0.1:3000/x",
            "http://127.255.255.254/x",
            "http://[::1]:3000/x",
        ];
        for text in table {
            let parsed = MetadataUrl::parse(text);
            assert_eq!(parsed.as_ref().map(MetadataUrl::as_str), Ok(text));
        }
    }

    #[test]
    fn other_metadata_urls_are_refused() {
        let table = [
            ("", MetadataUrlError::NotAbsolute),
            ("/x", MetadataUrlError::NotAbsolute),
            ("mcp.example", MetadataUrlError::NotAbsolute),
            ("//mcp.example/x", MetadataUrlError::NotAbsolute),
            ("https:/mcp.example/x", MetadataUrlError::NotAbsolute),
            ("https://", MetadataUrlError::NotAbsolute),
            ("https:///x", MetadataUrlError::NotAbsolute),
            ("https://:443/x", MetadataUrlError::NotAbsolute),
            ("http://mcp.example/x", MetadataUrlError::Insecure),
            ("http://localhost.evil.example/x", MetadataUrlError::Insecure),
            ("http://127.0.0.1.evil.example/x", MetadataUrlError::Insecure),
            ("http://0.0.0.0/x", MetadataUrlError::Insecure),
            ("http://10.0.0.1/x", MetadataUrlError::Insecure),
            ("ftp://mcp.example/x", MetadataUrlError::Insecure),
            ("https://user@mcp.example/x", MetadataUrlError::UserInformation),
            ("https://user:pass@mcp.example/x", MetadataUrlError::UserInformation),
            ("https://mcp.example/x#y", MetadataUrlError::Fragment),
            ("https://mcp.example/\"", MetadataUrlError::Character),
            ("https://mcp.example/\\", MetadataUrlError::Character),
            ("https://mcp.example/ x", MetadataUrlError::Character),
            ("https://mcp.example/\r\nx", MetadataUrlError::Character),
            ("https://mcp.example/\u{e9}", MetadataUrlError::Character),
            ("https://mcp.example/{x}", MetadataUrlError::Character),
        ];
        for (text, error) in table {
            assert_eq!(MetadataUrl::parse(text), Err(error), "{text:?}");
        }
    }

    /// An independent reader of RFC 9110 section 11.6.1 for a single challenge without escapes.
    fn read(value: &str) -> Vec<(String, String)> {
        let Some(mut rest) = value.strip_prefix("Bearer ") else {
            assert_eq!(value, "Bearer");
            return Vec::new();
        };
        let mut parameters = Vec::new();
        loop {
            let (name, after) = rest.split_once("=\"").unwrap();
            let (value, after) = after.split_once('"').unwrap();
            parameters.push((name.to_owned(), value.to_owned()));
            match after.strip_prefix(", ") {
                Some(more) => rest = more,
                None => {
                    assert_eq!(after, "");
                    return parameters;
                }
            }
        }
    }

    #[test]
    fn quoting_leaves_out_what_could_end_the_quotation() {
        let mut parameters = Parameters::of(&AuthScheme::Bearer);
        parameters.push("realm", "a\", error=\"b\\\r\nX: y\u{e9}\0");
        assert_eq!(parameters.text, r#"Bearer realm="a, error=bX: y""#);
    }

    proptest! {
        #[test]
        fn what_is_quoted_reads_back_as_one_parameter(value: String, more in "[ -~]{0,20}") {
            let mut parameters = Parameters::of(&AuthScheme::Bearer);
            parameters.push("realm", &value);
            parameters.push("scope", &more);
            prop_assert!(HeaderValue::from_str(&parameters.text).is_ok());
            let read = read(&parameters.text);
            prop_assert_eq!(read.len(), 2);
            prop_assert_eq!(&read[1].1, &more.replace(['"', '\\'], ""));
        }

        #[test]
        fn any_challenge_reads_back_as_what_it_says(
            realm in "[ -~]{0,12}", scope in "[ -~]{0,30}", path in "[ -~]{0,20}", error in 0..9_usize,
        ) {
            let challenge = Challenge {
                realm: Realm::parse(&realm),
                error: ERRORS.get(error).copied(),
                scope: Scopes::parse(&scope),
                resource_metadata: MetadataUrl::parse(&format!("https://mcp.example/{path}")).ok(),
                ..Challenge::default()
            };
            let mut expected = Vec::new();
            let mut expect = |name: &str, value: &str| expected.push((name.to_owned(), value.to_owned()));
            if let Some(realm) = &challenge.realm {
                expect("realm", realm.as_str());
            }
            if let Some(error) = challenge.error {
                expect("error", error.code());
                expect("error_description", error.description());
            }
            if !challenge.scope.is_empty() {
                expect("scope", challenge.scope.as_str());
            }
            if let Some(url) = &challenge.resource_metadata {
                expect("resource_metadata", url.as_str());
            }
            prop_assert_eq!(read(&rendered(&challenge)), expected);
        }

        #[test]
        fn any_text_is_survived(text: String) {
            let _ = MetadataUrl::parse(&text);
            let _ = Realm::parse(&text);
        }
    }

    #[test]
    fn the_name_of_a_scheme_is_a_token() {
        for name in ["Bearer", "x", "a-b.c_d~e!#$%&'*+^`|9"] {
            assert!(SchemeName::parse(name).is_some(), "{name}");
        }
        for name in ["", "a b", "a,b", "a=b", "a\"", "\u{e4}"] {
            assert_eq!(SchemeName::parse(name), None, "{name}");
        }
    }

    #[test]
    fn whoever_configures_a_metadata_url_is_told_what_is_wrong_with_it() {
        for (url, said) in [
            ("https://a.example/\u{e4}", "the metadata URL has a character that no URL has"),
            ("/mcp", "the metadata URL is not absolute"),
            ("http://a.example", "the metadata URL is neither https nor http on a loopback host"),
            ("https://a@a.example", "the metadata URL has user information"),
            ("https://a.example/#a", "the metadata URL has a fragment"),
        ] {
            assert_eq!(MetadataUrl::parse(url).map_err(|error| error.to_string()), Err(said.to_owned()));
        }
    }
}
