use super::*;
use proptest::prelude::*;

const ISSUER: &str = "https://id.example/realms/a";

fn url(url: &str) -> FetchUrl {
    FetchUrl::parse(url).unwrap()
}

fn places(issuer: &str) -> Vec<String> {
    let (first, others) = candidates(issuer).unwrap();
    assert!(others.len() < CANDIDATES_MAX);
    std::iter::once(first).chain(others).map(|url| url.uri().to_string()).collect()
}

#[test]
fn the_places_are_those_of_the_specifications() {
    // The issuers are the examples of RFC 8414 section 3.1 and OpenID Connect Discovery section 4.1.
    assert_eq!(
        places("https://example.com"),
        [
            "https://example.com/.well-known/oauth-authorization-server",
            "https://example.com/.well-known/openid-configuration",
        ]
    );
    assert_eq!(
        places("https://example.com/issuer1"),
        [
            "https://example.com/.well-known/oauth-authorization-server/issuer1",
            "https://example.com/.well-known/openid-configuration/issuer1",
            "https://example.com/issuer1/.well-known/openid-configuration",
        ]
    );
}

#[test]
fn a_terminating_slash_of_the_issuer_is_removed() {
    assert_eq!(places("https://example.com/"), places("https://example.com"));
    assert_eq!(places("https://example.com/a/b/"), places("https://example.com/a/b"));
    assert_eq!(
        places("http://[::1]:9000/a/"),
        [
            "http://[::1]:9000/.well-known/oauth-authorization-server/a",
            "http://[::1]:9000/.well-known/openid-configuration/a",
            "http://[::1]:9000/a/.well-known/openid-configuration",
        ]
    );
}

#[test]
fn an_issuer_that_is_no_place_has_no_candidates() {
    let table = [
        ("accounts.google.com", FetchUrlError::Malformed),
        ("urn:example:issuer", FetchUrlError::Malformed),
        ("https://id.example/?a", FetchUrlError::Malformed),
        ("https://id.example?", FetchUrlError::Malformed),
        ("https://id.example/#a", FetchUrlError::Malformed),
        ("http://id.example", FetchUrlError::Insecure),
        ("https://user@id.example", FetchUrlError::UserInformation),
    ];
    for (issuer, error) in table {
        assert_eq!(candidates(issuer), Err(error), "{issuer}");
    }
    let almost = format!("https://id.example/{}", "a".repeat(FETCH_URL_BYTES_MAX - 19));
    assert_eq!(candidates(&almost), Err(FetchUrlError::TooLong));
}

fn read(json: &str) -> Result<Discovered, DiscoveryError> {
    let place = url("https://id.example/realms/a/.well-known/openid-configuration");
    Discovered::read(json.as_bytes(), &place, ISSUER, &[])
}

#[test]
fn only_a_document_about_the_issuer_is_believed() {
    let lying = Err(DiscoveryError::IssuerWrong);
    let malformed = Err(DiscoveryError::Malformed);
    let table = [
        (r#"{"issuer":"https://id.example/realms/a"}"#, Ok(())),
        (r#"{"issuer":"https:\/\/id.example\/realms\/a","x":[{}]}"#, Ok(())),
        (r#"{"issuer":"https://id.example/realms/b"}"#, lying),
        (r#"{"issuer":"https://id.example/realms/a/"}"#, lying),
        (r#"{"issuer":"https://ID.example/realms/a"}"#, lying),
        (r#"{"issuer":"https://id.example:443/realms/a"}"#, lying),
        (r#"{"issuer":"https://id.example/realms/a "}"#, lying),
        (r#"{"issuer":["https://id.example/realms/a"]}"#, lying),
        (r#"{"issuer":null}"#, lying),
        (r#"{"Issuer":"https://id.example/realms/a"}"#, lying),
        ("{}", lying),
        (r#"{"issuer":"https://id.example/realms/a","issuer":"https://id.example/realms/a"}"#, malformed),
        (r#"{"issuer":"https://id.example/realms/a","a":{"b":1,"b":2}}"#, malformed),
        (r#"{"issuer":"https://id.example/realms/a"} x"#, malformed),
        (r#"["https://id.example/realms/a"]"#, malformed),
        ("<html></html>", malformed),
        ("", malformed),
    ];
    for (json, expected) in table {
        assert_eq!(read(json).map(|_| ()), expected, "{json}");
    }
}

#[test]
fn a_document_is_as_long_as_the_limit_and_not_longer() {
    let short = r#"{"issuer":"https://id.example/realms/a"}"#;
    let document = |length: usize| short.to_owned() + &" ".repeat(length - short.len());
    assert!(read(&document(DISCOVERY_BYTES_MAX)).is_ok());
    assert_eq!(read(&document(DISCOVERY_BYTES_MAX + 1)), Err(DiscoveryError::TooLong));
}

/// What a document of `issuer`, found at `place`, with this text as `jwks_uri` leads to.
fn keys(place: &str, issuer: &str, allowed: &[&str], jwks_uri: &str) -> Result<FetchUrl, DiscoveryError> {
    let json = format!(r#"{{"issuer":"{issuer}","jwks_uri":{jwks_uri}}}"#);
    let allowed: Vec<_> = allowed.iter().map(|host| KeyHost::parse(host).unwrap()).collect();
    let discovered = Discovered::read(json.as_bytes(), &url(place), issuer, &allowed).unwrap();
    discovered.endpoint(Endpoint::Keys).cloned()
}

#[test]
fn a_document_leads_to_its_own_server_and_to_allowed_ones() {
    use DiscoveryError::{EndpointMalformed, Foreign, Insecure};
    const KEYS: Endpoint = Endpoint::Keys;
    let foreign = Some(Foreign(KEYS));
    let insecure = Some(Insecure(KEYS));
    let malformed = Some(EndpointMalformed(KEYS));
    type Row = (&'static str, &'static str, &'static [&'static str], &'static str, Option<DiscoveryError>);
    let table: [Row; 30] = [
        ("https://a.example/x", "https://a.example", &[], "https://a.example/keys?v=1", None),
        ("https://a.example/x", "https://a.example", &[], "https://A.EXAMPLE:443/keys", None),
        ("https://a.example/x", "https://a.example", &[], "https://a.example:444/keys", foreign),
        ("https://a.example/x", "https://a.example", &[], "https://b.example/keys", foreign),
        ("https://a.example/x", "https://a.example", &[], "https://a.example.b.example/", foreign),
        ("https://a.example/x", "https://a.example", &[], "https://keys.a.example/", foreign),
        ("https://a.example/x", "https://a.example", &[], "https://a.example@b.example/", malformed),
        ("https://a.example/x", "https://a.example", &[], "https://169.254.169.254/", foreign),
        ("https://a.example/x", "https://a.example", &[], "http://a.example/keys", insecure),
        ("https://a.example/x", "https://a.example", &[], "http://localhost/keys", insecure),
        ("https://a.example/x", "https://a.example", &["localhost"], "http://localhost/", insecure),
        ("https://a.example/x", "https://a.example", &[], "ftp://a.example/keys", insecure),
        ("https://a.example/x", "https://a.example", &[], "file:///etc/passwd", malformed),
        ("https://a.example/x", "https://a.example", &[], "/keys", malformed),
        ("https://a.example/x", "https://a.example", &[], "", malformed),
        ("https://a.example/x", "https://a.example", &["b.example"], "https://B.example/keys", None),
        ("https://a.example/x", "https://a.example", &["b.example"], "https://b.example:444/", foreign),
        ("https://a.example/x", "https://a.example", &["b.example:444"], "https://b.example:444/", None),
        ("https://a.example/x", "https://a.example", &["b.example:444"], "https://b.example/", foreign),
        ("https://a.example/x", "https://a.example", &["b.example"], "https://c.b.example/", foreign),
        ("https://a.example/x", "https://a.example", &["[::2]"], "https://[::2]/", None),
        // A document that lives elsewhere, where the operator said.
        ("https://b.example/x", "https://a.example", &[], "https://a.example/keys", None),
        ("https://b.example/x", "https://a.example", &[], "https://b.example/keys", None),
        ("https://b.example/x", "a", &[], "https://b.example/keys", None),
        ("https://b.example/x", "a", &[], "https://a.example/keys", foreign),
        ("http://localhost/x", "https://a.example", &[], "http://localhost/keys", None),
        // An issuer on this machine.
        ("http://localhost:9/x", "http://localhost:9", &[], "http://localhost:9/keys", None),
        ("http://localhost:9/x", "http://localhost:9", &[], "http://127.0.0.1:9/keys", foreign),
        ("http://localhost:9/x", "http://localhost:9", &["[::1]:8"], "http://[::1]:8/keys", None),
        ("http://localhost:9/x", "http://localhost:9", &[], "http://a.example/keys", insecure),
    ];
    for (place, issuer, allowed, jwks_uri, error) in table {
        let expected = error.map_or_else(|| Ok(url(jwks_uri)), Err);
        let found = keys(place, issuer, allowed, &format!(r#""{jwks_uri}""#));
        assert_eq!(found, expected, "{place} {issuer} {allowed:?} {jwks_uri}");
    }
    for json in ["null", "1", r#"["https://a.example/keys"]"#, "{}"] {
        let found = keys("https://a.example/x", "https://a.example", &[], json);
        assert_eq!(found.err(), malformed, "{json}");
    }
}

#[test]
fn endpoints_are_judged_apart() {
    let document = |members: &str| read(&format!(r#"{{"issuer":"{ISSUER}"{members}}}"#)).unwrap();
    let neither = document("");
    assert_eq!(neither.endpoint(Endpoint::Keys), Err(DiscoveryError::Missing(Endpoint::Keys)));
    assert_eq!(
        neither.endpoint(Endpoint::Introspection),
        Err(DiscoveryError::Missing(Endpoint::Introspection))
    );

    let both = document(
        r#","jwks_uri":"https://id.example/keys","introspection_endpoint":"https://id.example/ask""#,
    );
    assert_eq!(both.endpoint(Endpoint::Keys), Ok(&url("https://id.example/keys")));
    assert_eq!(both.endpoint(Endpoint::Introspection), Ok(&url("https://id.example/ask")));

    let one = document(
        r#","jwks_uri":"https://id.example/keys","introspection_endpoint":"https://other.example/ask""#,
    );
    assert_eq!(one.endpoint(Endpoint::Keys), Ok(&url("https://id.example/keys")));
    assert_eq!(one.endpoint(Endpoint::Introspection), Err(DiscoveryError::Foreign(Endpoint::Introspection)));
}

#[test]
fn an_allowed_host_is_a_host_with_or_without_port() {
    for host in ["www.example.com", "WWW.example.com:8443", "127.0.0.1", "[::1]", "[::1]:9000", "localhost"] {
        assert!(KeyHost::parse(host).is_ok(), "{host}");
    }
    let table = [
        "",
        "https://www.example.com",
        "www.example.com/",
        "www.example.com/keys",
        "www.example.com?",
        "*.example.com",
        "user@www.example.com",
        "www.example.com:",
        "www.example.com:0",
        "www.example.com:*",
        "::1",
        "a b",
    ];
    for host in table {
        assert!(KeyHost::parse(host).is_err(), "{host}");
    }
}

#[test]
fn an_error_says_what_is_wrong_and_repeats_nothing() {
    let error = read(r#"{"issuer":"https://evil.example"}"#).unwrap_err();
    assert_eq!(error.to_string(), "the metadata is about another issuer than the configured one");
    let foreign = DiscoveryError::Foreign(Endpoint::Keys).to_string();
    assert!(foreign.starts_with("jwks_uri in the issuer's metadata is on another server"), "{foreign}");
}

proptest! {
    #[test]
    fn any_document_is_survived(json: Vec<u8>) {
        let _ = Discovered::read(&json, &url("https://a.example/"), ISSUER, &[]);
    }

    #[test]
    fn every_place_is_on_the_issuers_server(path in "(/[a-z.?/]{0,5}){0,4}", port in proptest::option::of(1..u16::MAX)) {
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let issuer = format!("https://id.example{port}{path}");
        if let Ok((first, others)) = candidates(&issuer) {
            for place in std::iter::once(first).chain(others) {
                prop_assert!(place.is_same_origin(&url(&issuer)));
                prop_assert!(place.uri().path().contains("/.well-known/"));
            }
        }
    }
}
