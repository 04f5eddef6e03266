//! Metadata documents: whatever one says, nobody is sent to another server than those that the operator trusts.
//!
//! The lines of the input: the issuer, the place where the document was found (a number among the candidates, or a
//! URL), a host that is allowed besides; behind them is the document.

use mcp_proto::discovery::{
    CANDIDATES_MAX, Discovered, DiscoveryError, Endpoint, FETCH_URL_BYTES_MAX, FetchUrl, KeyHost, candidates,
};

use crate::{
    lines,
    tree::{readable_object, unambiguous_object},
};

/// Reads the document.
pub(crate) fn run(input: &[u8]) {
    let (issuer, rest) = lines::text(input);
    let (place, rest) = lines::text(rest);
    let (host, document) = lines::text(rest);
    let (Some(issuer), Some(place), Some(host)) = (issuer, place, host) else { return };
    [issuer, place, host].into_iter().for_each(judge_url);
    let mut places = Vec::new();
    if let Ok((first, others)) = candidates(issuer) {
        let home = Url::of(issuer);
        places = [first].into_iter().chain(others).collect();
        assert!(places.len() <= CANDIDATES_MAX, "too many places");
        for place in &places {
            assert_eq!(Url::of(&place.uri().to_string()), home, "a place on another server");
            let path = place.uri().path();
            let is_known = ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"];
            assert!(
                is_known.iter().any(|known| path.starts_with(known) || path.ends_with(known)),
                "{path:?}"
            );
        }
    }
    let number = place.parse::<usize>().ok();
    let Some(place) = number.and_then(|number| places.get(number).cloned()).or(FetchUrl::parse(place).ok())
    else {
        return;
    };
    let allowed = KeyHost::parse(host).ok();
    let allowed = allowed.as_slice();
    match Discovered::read(document, &place, issuer, allowed) {
        Err(error) => refused(document, issuer, error),
        Ok(found) => {
            let tree = unambiguous_object(document).expect("an ambiguous document is believed");
            let named = tree.member("issuer").and_then(|named| named.string());
            assert_eq!(named, Some(issuer), "a document about another issuer is believed");
            let place = place.uri().to_string();
            let homes: Vec<Url> = [Url::of(&place), Url::of(issuer)].into_iter().flatten().collect();
            for (endpoint, name) in
                [(Endpoint::Keys, "jwks_uri"), (Endpoint::Introspection, "introspection_endpoint")]
            {
                if let Ok(url) = found.endpoint(endpoint) {
                    let said = tree.member(name).and_then(|url| url.string()).expect("an endpoint is said");
                    assert_eq!(FetchUrl::parse(said).as_ref(), Ok(url));
                    let target = Url::of(said).expect("an endpoint is a URL");
                    let is_allowed = !allowed.is_empty() && target.is_on(host);
                    assert!(homes.contains(&target) || is_allowed, "{said:?} is on another server");
                    assert!(
                        target.is_https || homes.iter().any(|home| !home.is_https),
                        "{said:?} is not https"
                    );
                }
            }
        }
    }
}

fn refused(document: &[u8], issuer: &str, error: DiscoveryError) {
    let is_about = |document: &[u8]| {
        unambiguous_object(document)
            .is_some_and(|tree| tree.member("issuer").and_then(|named| named.string()) == Some(issuer))
    };
    match error {
        DiscoveryError::Malformed => {
            assert!(readable_object(document).is_none(), "a good document is refused");
        }
        DiscoveryError::IssuerWrong => assert!(!is_about(document), "a document about the issuer is refused"),
        error => panic!("{error:?} of a short document"),
    }
}

/// Where a URL leads, taken apart by hand.
#[derive(Debug, PartialEq, Eq)]
struct Url {
    is_https: bool,
    host: String,
    port: u16,
}

impl Url {
    fn of(url: &str) -> Option<Self> {
        let lower = url.to_ascii_lowercase();
        let (scheme, behind) = lower.split_once("://")?;
        let is_https = scheme == "https";
        let authority = behind.split(['/', '?', '#']).next()?;
        let colon = authority.rfind(':').filter(|colon| !authority[*colon..].contains(']'));
        let (host, port) = match colon {
            Some(colon) => (&authority[..colon], authority[colon + 1..].parse().ok()?),
            None => (authority, if is_https { 443 } else { 80 }),
        };
        Some(Self { is_https, host: host.to_owned(), port })
    }

    fn is_on(&self, host: &str) -> bool {
        let default = if self.is_https { 443 } else { 80 };
        Self::of(&format!("https://{host}")).is_some_and(|allowed| {
            allowed.host == self.host
                && (allowed.port == self.port
                    || !host.contains(&format!(":{}", allowed.port)) && self.port == default)
        })
    }
}

/// What any URL that may be fetched from is like.
fn judge_url(text: &str) {
    let Ok(url) = FetchUrl::parse(text) else { return };
    assert!(text.len() <= FETCH_URL_BYTES_MAX && text.is_ascii());
    assert!(!text.contains(['#', ' ', '\r', '\n']), "{text:?}");
    let lower = text.to_ascii_lowercase();
    let authority = lower.split("://").nth(1).and_then(|behind| behind.split(['/', '?']).next());
    let authority = authority.expect("an absolute URL has an authority");
    assert!(!authority.contains('@'), "{text:?} has a user");
    let parts = Url::of(text).expect("it has parts");
    assert_eq!((url.is_https(), url.port()), (parts.is_https, parts.port));
    let bare = parts.host.trim_start_matches('[').trim_end_matches(']');
    assert!(url.host().eq_ignore_ascii_case(bare), "{:?} in {text:?}", url.host());
    if !url.is_https() {
        assert!(lower.starts_with("http://"), "{text:?}");
        let is_loopback = bare == "localhost"
            || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
        assert!(is_loopback, "{text:?} is fetched without TLS");
    }
    assert!(url.is_same_origin(&url));
    let shown = format!("{url}{url:?}");
    assert!(!shown.contains('?'), "a query is shown");
}
