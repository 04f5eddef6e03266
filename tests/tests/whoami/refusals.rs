//! Flags with which no server begins, and what is said about them.

use crate::whoami::program::ended;

const ISSUER: [&str; 2] = ["--issuer", "https://auth.example.com"];

#[test]
fn flags_that_contradict_one_another_are_refused_with_advice() {
    let asked =
        ["--introspection", "discover", "--introspection-client", "a", "--introspection-secret-file", "b"];
    let table: [(&[&str], &str); 21] = [
        (&["--config", "a", "--issuer", "b"], "--config and --issuer exclude each other: say it in the file"),
        (
            &["--config", "a", "--dpop", "allowed"],
            "--config and --dpop exclude each other: say it in the file",
        ),
        (
            &["--leeway", "60", "--config", "a"],
            "--config and --leeway exclude each other: say it in the file",
        ),
        (
            &["--config", "a", "--api-keys", "b"],
            "--config and --api-keys exclude each other: a server has one way",
        ),
        (&["--config", "a", "--no-auth"], "--config and --no-auth exclude each other: leave out --no-auth"),
        (
            &["--api-keys", "a", "--scope", "b"],
            "--api-keys and --scope exclude each other: a server has one way",
        ),
        (
            &["--api-keys", "a", "--no-auth"],
            "--api-keys and --no-auth exclude each other: leave out --no-auth",
        ),
        (
            &["--no-auth", "--audience", "a"],
            "--no-auth and --audience exclude each other: leave out --no-auth",
        ),
        (
            &["--issuer", "a", "--dev-issuer", "b"],
            "--issuer and --dev-issuer exclude each other: keep --dev-issuer",
        ),
        (&["--jwk", "a", "--jwks-url", "b"], "--jwk and --jwks-url exclude each other: keep the one"),
        (&["--jwk", "a"], "--jwk needs --issuer: name the issuer whose keys these are"),
        (&["--jwks-url", "a"], "--jwks-url needs --issuer: name the issuer whose keys these are"),
        (&["--dev-issuer", "a", "--algorithm", "ES256"], "--algorithm needs --issuer: name the issuer"),
        (&asked, "--introspection needs --issuer: name the issuer that answers there"),
        (&["--introspection-client", "a"], "--introspection-client needs --introspection: say where"),
        (&["--dpop-nonces"], "--dpop-nonces needs --dpop: say --dpop allowed or --dpop required"),
        (
            &["--tls-roots", "a"],
            "--tls-roots needs --issuer or --config: nothing is fetched without an issuer",
        ),
        (
            &["--tls-cert", "a"],
            "--tls-cert needs --tls-key: name the file with the certificate's private key",
        ),
        (&["--tls-key", "a"], "--tls-key needs --tls-cert: name the file with the key's certificate"),
        (&["--tls-client-ca", "a"], "--tls-client-ca needs --tls-cert: clients have no certificates without"),
        (
            &["--no-auth", "--tls-roots", "a"],
            "--no-auth and --tls-roots exclude each other: nothing is fetched",
        ),
    ];
    let of_issuer: [(&[&str], &str); 6] = [
        (
            &["--jwk", "a", "--allow-key-host", "b"],
            "--allow-key-host and --jwk exclude each other: --allow-key-host is about keys that the issuer's metadata",
        ),
        (&["--introspection", "a"], "--introspection needs --introspection-client: name the client"),
        (
            &["--introspection", "a", "--introspection-client", "b"],
            "--introspection needs --introspection-secret-file: name the file",
        ),
        (
            &["--introspection", "a", "--jwk", "b"],
            "--introspection and --jwk exclude each other: an issuer that is asked",
        ),
        (&["--algorithm", "HS256"], "there is no algorithm \"HS256\" for tokens; there are ES256, RS256"),
        (&["--token-profile", "strict"], "[possible values: rfc9068, compatible]"),
    ];
    let of_issuer = of_issuer.map(|(flags, said)| ([&ISSUER[..], flags].concat(), said));
    for (flags, expected) in table.map(|(flags, said)| (flags.to_vec(), said)).into_iter().chain(of_issuer) {
        let said = ended(&flags, "");
        assert_eq!((said.code, said.output.as_str()), (Some(2), ""), "{flags:?} {said:?}");
        assert!(said.complaints.contains(expected), "{flags:?} {}", said.complaints);
    }
}

#[test]
fn where_others_reach_the_server_nothing_is_assumed() {
    let audience = ["--audience", "https://mcp.example.com/mcp"];
    let name_issuer = "--issuer URL, whose tokens are accepted";
    let name_audience = "--audience URL, the address that clients use and tokens name";
    let both = format!(
        ": add {name_issuer}, and {name_audience}. Clients that use a host name need --allow-host NAME too"
    );
    let table: [(&[&str], String); 4] = [
        (&[], both),
        (&ISSUER, format!(": add {name_audience}. ")),
        (&audience, format!(": add {name_issuer}. ")),
        (
            &["--no-auth"],
            ", and --no-auth lets all of them in: listen on 127.0.0.1, or name an issuer".into(),
        ),
    ];
    for (flags, expected) in table {
        let said = ended(&[&["--listen", "0.0.0.0:0"], flags].concat(), "");
        assert_eq!((said.code, said.output.as_str()), (Some(1), ""), "{flags:?} {said:?}");
        assert!(
            said.complaints.starts_with("whoami: others reach 0.0.0.0:"),
            "{flags:?} {}",
            said.complaints
        );
        assert!(said.complaints.contains(&expected), "{flags:?} {}", said.complaints);
    }
}

#[test]
fn proofs_cannot_be_demanded_of_the_development_issuers_tokens() {
    let said = ended(&["--listen", "127.0.0.1:0", "--dpop", "required"], "");
    assert_eq!(said.code, Some(1));
    assert!(said.complaints.starts_with("whoami: --dpop required needs --issuer: "), "{}", said.complaints);
}

#[test]
fn a_client_counts_as_audience_in_one_profile_alone() {
    let said = ended(&[&["--listen", "127.0.0.1:0", "--client-as-audience"][..], &ISSUER].concat(), "");
    let expected = "whoami: --token-profile: a client counts as audience in the profile compatible alone\n";
    assert_eq!((said.code, said.complaints.as_str()), (Some(1), expected));
}

#[test]
fn a_file_that_cannot_be_used_is_named() {
    let table = [
        ("--jwk", "whoami: the key file /nowhere/file cannot be read: entity not found\n"),
        ("--tls-roots", "whoami: the root certificates in /nowhere/file cannot be read: entity not found\n"),
    ];
    for (flag, expected) in table {
        let said = ended(&[&["--listen", "127.0.0.1:0", flag, "/nowhere/file"][..], &ISSUER].concat(), "");
        assert_eq!((said.code, said.complaints.as_str()), (Some(1), expected));
    }
}
