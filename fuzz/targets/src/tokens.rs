//! What the targets about tokens have in common: issuers, their keys, and how a token is put together.

use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use mcp_proto::{
    UnixSeconds,
    jws::{
        Algorithm, AlgorithmSet, Claims, Denial, Identified, Issuers, KeySet, Profile, TokenRules,
        Verification,
    },
};

/// The issuer whose tokens are those of RFC 9068, the one that issues what products issue, and the one that is
/// asked.
pub(crate) const STRICT: &str = "https://strict.example";
pub(crate) const PRODUCT: &str = "https://product.example/realm";
pub(crate) const ASKED: &str = "https://asked.example";

pub(crate) const AUDIENCE: &str = "https://mcp.example/mcp";

/// What time it is: noon.
pub(crate) const NOON: u64 = 1_800_000_000;

pub(crate) const LEEWAY: u64 = 30;

/// The algorithms that the first issuer may use.
pub(crate) const ALGORITHMS: [Algorithm; 2] = [Algorithm::Es256, Algorithm::EdDsa];

fn rules(issuer: &str, profile: Profile) -> TokenRules {
    let rules = TokenRules::new(issuer, [AUDIENCE]).and_then(|rules| rules.with_leeway_seconds(LEEWAY));
    let rules = rules.and_then(|rules| rules.with_algorithms(AlgorithmSet::of(&ALGORITHMS)));
    let rules = rules.and_then(|rules| rules.with_grant(["realm_access", "roles"], "editor", "files:write"));
    let rules = rules.and_then(|rules| rules.with_kept_claim("tenant"));
    rules.expect("rules").with_profile(profile)
}

/// Issuers of which nobody is asked about anything.
pub(crate) static SIGNING: LazyLock<Issuers> = LazyLock::new(|| {
    Issuers::new(vec![rules(STRICT, Profile::Rfc9068), rules(PRODUCT, Profile::Compatible)]).expect("issuers")
});

/// The same, and one that is asked.
pub(crate) static WITH_ASKED: LazyLock<Issuers> = LazyLock::new(|| {
    let asked = rules(ASKED, Profile::Compatible).with_verification(Verification::Introspection);
    Issuers::new(vec![rules(STRICT, Profile::Rfc9068), rules(PRODUCT, Profile::Compatible), asked])
        .expect("issuers")
});

/// Keys of RFC 9449 section 4.1 and RFC 8037 appendix A.2, with names and without.
pub(crate) static KEYS: LazyLock<KeySet> = LazyLock::new(|| {
    let document = br#"{"keys":[
        {"kty":"EC","crv":"P-256","kid":"ec","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs","y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"},
        {"kty":"OKP","crv":"Ed25519","kid":"ed","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
        {"kty":"OKP","crv":"Ed25519","kid":"ed2","x":"21qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    KeySet::parse(document).expect("keys").0
});

/// A token of these parts, with a signature of as many bytes.
pub(crate) fn put_together(header: &[u8], payload: &[u8], signature_bytes: usize) -> String {
    let [header, payload] = [header, payload].map(|part| URL_SAFE_NO_PAD.encode(part));
    let signature = URL_SAFE_NO_PAD.encode(vec![7; signature_bytes]);
    format!("{header}.{payload}.{signature}")
}

/// The claims of a token whose signature is good.
pub(crate) fn claims(payload: &[u8]) -> Result<Claims, Denial> {
    let token = put_together(br#"{"alg":"ES256","typ":"at+jwt","kid":"ec"}"#, payload, 64);
    match SIGNING.identify(&token)? {
        Identified::Signed(unchecked) => unchecked.with_keys(&KEYS)?.resolve(true),
        Identified::Opaque { .. } => panic!("nobody is asked"),
    }
}

pub(crate) const fn noon() -> UnixSeconds {
    UnixSeconds(NOON)
}
