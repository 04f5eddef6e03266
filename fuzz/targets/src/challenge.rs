//! Challenges: whatever text of a configuration was accepted, a client that parses `WWW-Authenticate` by RFC 9110
//! section 11.6.1 gets it back, and nothing besides.
//!
//! The lines of the input: the scheme, the realm, the scopes, the URL of the metadata, and letters that choose an
//! error and algorithms.

use mcp_proto::{
    auth::{
        challenge::{AuthScheme, Challenge, ChallengeError, MetadataUrl, Realm, SchemeName, render},
        scope::Scopes,
    },
    jws::{Algorithm, AlgorithmSet, Denial, dpop::ProofDenial},
};

use crate::lines;

/// Renders a challenge and reads it again.
pub(crate) fn run(input: &[u8]) {
    let (scheme, rest) = lines::text(input);
    let (realm, rest) = lines::text(rest);
    let (scopes, rest) = lines::text(rest);
    let (url, choices) = lines::text(rest);
    let [error, algorithms, ..] = *choices else {
        return render_and_read(scheme, realm, scopes, url, b'0', b'0');
    };
    render_and_read(scheme, realm, scopes, url, error, algorithms);
}

fn render_and_read(
    scheme: Option<&str>,
    realm: Option<&str>,
    scopes: Option<&str>,
    url: Option<&str>,
    error: u8,
    algorithms: u8,
) {
    let challenge = Challenge {
        scheme: match scheme.and_then(SchemeName::parse) {
            Some(name) => AuthScheme::Named(name),
            None if algorithms.is_multiple_of(2) => AuthScheme::Bearer,
            None => AuthScheme::Dpop,
        },
        realm: realm.and_then(Realm::parse),
        error: errors(error),
        scope: Scopes::parse(scopes.unwrap_or("")),
        algorithms: (algorithms >= b'2')
            .then(|| AlgorithmSet::of(&Algorithm::ALL[..usize::from(algorithms) % 9])),
        resource_metadata: url.and_then(|url| MetadataUrl::parse(url).ok()),
    };
    let name = match &challenge.scheme {
        AuthScheme::Bearer => "Bearer",
        AuthScheme::Dpop => "DPoP",
        AuthScheme::Named(_) => scheme.expect("a name was parsed"),
    };
    let mut expected = Vec::new();
    expected.extend(challenge.realm.as_ref().map(|realm| ("realm", realm.as_str().to_owned())));
    if let Some(error) = challenge.error {
        expected.push(("error", error.code().to_owned()));
        expected.push(("error_description", error.description().to_owned()));
    }
    let granted: Vec<&str> = scopes.unwrap_or("").split(' ').filter(|scope| is_scope(scope)).collect();
    if !granted.is_empty() {
        expected.push(("scope", granted.join(" ")));
    }
    if let Some(algorithms) = challenge.algorithms {
        expected.push(("algs", algorithms.iter().map(Algorithm::name).collect::<Vec<_>>().join(" ")));
    }
    if challenge.resource_metadata.is_some() {
        let url = url.expect("a URL was parsed");
        assert!(!url.contains(['"', '\\', '#', ' ']) && url.is_ascii(), "{url:?} is a URL");
        let lower = url.to_ascii_lowercase();
        assert!(lower.starts_with("https://") || lower.starts_with("http://"), "{url:?} is a URL");
        expected.push(("resource_metadata", url.to_owned()));
    }
    let field = render(&challenge);
    let (scheme, parameters) = read(field.to_str().expect("visible ASCII"));
    assert_eq!(scheme, name);
    let parameters: Vec<_> = parameters.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    assert_eq!(parameters, expected);
}

/// RFC 6749 section 3.3: `scope-token`.
fn is_scope(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

fn errors(choice: u8) -> Option<ChallengeError> {
    let all = [
        None,
        Some(ChallengeError::CredentialsMalformed),
        Some(ChallengeError::CredentialsRepeated),
        Some(ChallengeError::TokenInQuery),
        Some(ChallengeError::TokenRefused(Denial::Expired)),
        Some(ChallengeError::TokenRefused(Denial::AudienceForeign)),
        Some(ChallengeError::Rejected),
        Some(ChallengeError::ProofRefused(ProofDenial::TargetForeign)),
        Some(ChallengeError::NonceNeeded),
        Some(ChallengeError::ScopeInsufficient),
    ];
    all[usize::from(choice.wrapping_sub(b'0')) % all.len()]
}

/// The one challenge of a field: a scheme, and parameters whose values are quoted strings.
fn read(field: &str) -> (&str, Vec<(String, String)>) {
    let Some((scheme, mut rest)) = field.split_once(' ') else { return (field, Vec::new()) };
    let mut parameters = Vec::new();
    loop {
        let (name, behind) = rest.split_once("=\"").expect("a parameter has a quoted value");
        assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'), "the name {name:?}");
        let mut value = String::new();
        let mut characters = behind.char_indices();
        let end = loop {
            match characters.next().expect("a quotation ends") {
                (end, '"') => break end,
                (_, '\\') => value.extend(characters.next().map(|(_, character)| character)),
                (_, character) => value.push(character),
            }
        };
        parameters.push((name.to_owned(), value));
        rest = match behind[end + 1..].strip_prefix(", ") {
            Some(rest) => rest,
            None if behind.len() == end + 1 => return (scheme, parameters),
            None => panic!("{field:?} goes on behind a parameter"),
        };
    }
}
