//! Flags that cannot be meant together, and what to do instead.

use clap::{ArgMatches, Command, Error, error::ErrorKind, parser::ValueSource};

use crate::whoami::names::ModeName;

/// The flags about tokens of one issuer.
const TOKENS: &[&str] = &[
    "issuer",
    "dev_issuer",
    "audience",
    "scope",
    "token_profile",
    "jwk",
    "jwks_url",
    "allow_key_host",
    "algorithm",
    "leeway",
    "client_as_audience",
    "introspection",
    "introspection_client",
    "introspection_secret_file",
    "dpop",
    "dpop_nonces",
];

/// A flag, those that it excludes, and what to do.
const EXCLUSIONS: &[(&str, &[&str], &str)] = &[
    ("config", TOKENS, "say it in the file"),
    ("config", &["api_keys"], "a server has one way to know its callers, so keep one of the files"),
    ("config", &["no_auth"], "leave out --no-auth to ask callers for tokens"),
    ("api_keys", TOKENS, "a server has one way to know its callers, so keep tokens or keys"),
    ("api_keys", &["no_auth"], "leave out --no-auth to ask callers for keys"),
    ("api_keys", &["tls_roots"], "nothing is fetched for keys, so leave out --tls-roots"),
    ("no_auth", TOKENS, "leave out --no-auth to ask callers for tokens"),
    ("no_auth", &["tls_roots"], "nothing is fetched without tokens, so leave out --tls-roots"),
    ("issuer", &["dev_issuer"], "keep --dev-issuer to try things out, else --issuer"),
    ("jwk", &["jwks_url"], "keep the one that says where the keys are"),
    (
        "introspection",
        &["jwk", "jwks_url", "allow_key_host", "algorithm"],
        "an issuer that is asked about tokens needs no keys here, so keep one of the two",
    ),
    (
        "allow_key_host",
        &["jwk", "jwks_url"],
        "--allow-key-host is about keys that the issuer's metadata leads to, so keep one of the two",
    ),
];

/// A flag, those of which it needs one, and why.
const NEEDS: &[(&str, &[&str], &str)] = &[
    ("jwk", &["issuer"], "name the issuer whose keys these are"),
    ("jwks_url", &["issuer"], "name the issuer whose keys these are"),
    ("allow_key_host", &["issuer"], "name the issuer whose keys are there"),
    ("algorithm", &["issuer"], "name the issuer that signs like this"),
    ("client_as_audience", &["issuer"], "name the issuer whose tokens have no audience"),
    ("introspection", &["issuer"], "name the issuer that answers there"),
    ("introspection", &["introspection_client"], "name the client that this server is at the issuer"),
    ("introspection", &["introspection_secret_file"], "name the file with the secret of the client"),
    ("introspection_client", &["introspection"], "say where the issuer is asked"),
    ("introspection_secret_file", &["introspection"], "say where the issuer is asked"),
    ("dpop_nonces", &["dpop"], "say --dpop allowed or --dpop required"),
    ("tls_cert", &["tls_key"], "name the file with the certificate's private key"),
    ("tls_key", &["tls_cert"], "name the file with the key's certificate"),
    ("tls_client_ca", &["tls_cert"], "clients have no certificates without TLS"),
    ("tls_roots", &["issuer", "config"], "nothing is fetched without an issuer"),
];

/// The flags about sessions.
const SESSIONS: &[&str] = &["session_auth", "session_idle", "session_max", "events_max", "legacy_sse"];

pub(crate) fn check(command: &mut Command, matches: &ArgMatches) -> Result<(), Error> {
    let is_given = |id: &&str| matches.value_source(id) == Some(ValueSource::CommandLine);
    for (flag, excluded, advice) in EXCLUSIONS.iter().filter(|(flag, ..)| is_given(flag)) {
        if let Some(other) = excluded.iter().find(|id| is_given(id)) {
            let message = format!("{} and {} exclude each other: {advice}", written(flag), written(other));
            return Err(command.error(ErrorKind::ArgumentConflict, message));
        }
    }
    for (flag, needed, advice) in NEEDS.iter().filter(|(flag, ..)| is_given(flag)) {
        if !needed.iter().any(is_given) {
            let needed: Vec<String> = needed.iter().map(|id| written(id)).collect();
            let message = format!("{} needs {}: {advice}", written(flag), needed.join(" or "));
            return Err(command.error(ErrorKind::MissingRequiredArgument, message));
        }
    }
    let is_stateful =
        matches.get_one::<ModeName>("mode").is_some_and(|mode| matches!(mode, ModeName::Stateful));
    if let Some(flag) = SESSIONS.iter().find(|id| is_given(id)).filter(|_| !is_stateful) {
        let message = format!("{} needs --mode stateful: there are no sessions otherwise", written(flag));
        return Err(command.error(ErrorKind::MissingRequiredArgument, message));
    }
    Ok(())
}

/// A flag as it is written.
fn written(id: &str) -> String {
    format!("--{}", id.replace('_', "-"))
}
