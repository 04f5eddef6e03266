//! Tokens for a server that trusts two issuers: whose keys, whose name, whose audience, and what kind
//! of token.

use std::sync::Arc;

use mcp_proto::{
    exchange::Facts,
    jws::{Denial, Identified, Issuers, KeySet, SignatureCheck, TokenRules, Unchecked},
};

use super::{
    ALICE, AUDIENCE, Binding, EVERYTHING, EXPIRES, Grant, ISSUER, LEEWAY, OTHER_AUDIENCE, OTHER_ISSUER,
    OTHER_LEEWAY, Party, Token,
    draft::Draft,
    flaw::{Change, Part},
};
use Change::{Remove, Set};
use Part::{Claim, Header};

/// One of the two issuers, by its place.
type Place = usize;
const FIRST: Place = 0;
const OTHER: Place = 1;

/// The published keys of each. The same name stands for other keys, as names do.
const KEY_SETS: [&str; 2] = [
    r#"{"keys":[
        {"kty":"EC","crv":"P-256","kid":"k1","alg":"ES256",
         "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
         "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
        {"kty":"OKP","crv":"Ed25519","kid":"k2","alg":"EdDSA",
         "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#,
    r#"{"keys":[
        {"kty":"OKP","crv":"Ed25519","kid":"k2","alg":"EdDSA",
         "x":"PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw"},
        {"kty":"OKP","crv":"Ed25519","kid":"k3","alg":"EdDSA",
         "x":"_FHNjmIYoaONpH7QAjDwWAgW7RO6MwOsXeuRFUiQgCU"},
        {"kty":"EC","crv":"P-256","kid":"k4","alg":"ES256",
         "x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
         "y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"}]}"#,
];

/// Who signed, and with which key.
struct Signer {
    by: Place,
    key: &'static str,
    algorithm: &'static str,
}

const SIGNERS: [Signer; 5] = [
    Signer { by: FIRST, key: r#""k1""#, algorithm: r#""ES256""# },
    Signer { by: FIRST, key: r#""k2""#, algorithm: r#""EdDSA""# },
    Signer { by: OTHER, key: r#""k2""#, algorithm: r#""EdDSA""# },
    Signer { by: OTHER, key: r#""k3""#, algorithm: r#""EdDSA""# },
    Signer { by: OTHER, key: r#""k4""#, algorithm: r#""ES256""# },
];

/// Whose name a token bears: that of the issuer of this place, or of none.
const NAMES: [(&str, Option<Place>); 5] = [
    (r#""https://id.example""#, Some(FIRST)),
    (r#""https://login.example""#, Some(OTHER)),
    (r#""https://login.example/""#, None),
    (r#""HTTPS://id.example""#, None),
    (r#""https://evil.example""#, None),
];

/// Whom a token is for, and at which of the issuers that is this server.
const AUDIENCES: [(&str, &[Place]); 4] = [
    (r#""https://mcp.example/mcp""#, &[FIRST]),
    (r#""https://mcp.example/api""#, &[OTHER]),
    (r#"["https://mcp.example/api","https://mcp.example/mcp"]"#, &[FIRST, OTHER]),
    (r#""desk""#, &[]),
];

/// What the header says that a token is, and at which of the issuers that is an access token: the
/// first keeps to RFC 9068 section 2.1, the other leaves it open.
const TYPES: [(Change, &[Place]); 6] = [
    (Set(r#""at+jwt""#), &[FIRST, OTHER]),
    (Set(r#""JWT""#), &[OTHER]),
    (Remove, &[OTHER]),
    (Set(r#""dpop+jwt""#), &[]),
    (Set(r#""logout+jwt""#), &[]),
    (Set(r#""id_token""#), &[]),
];

/// Claims besides those that have to do with the issuer.
struct Shape {
    changes: &'static [(Part, Change)],
    /// Whether they are those of an access token where the header says so.
    is_typed_access_token: Result<(), &'static str>,
    /// Whether they are where the header does not.
    is_access_token: Result<(), &'static str>,
    /// Whether RFC 9068 section 2.2 has what it demands.
    is_rfc9068: Result<(), &'static str>,
    /// What is granted at the first issuer and at the other.
    grants: [Grant; 2],
    client: &'static str,
}

const NOTHING: Grant = Grant { claim: None, listed: &[], holds: &[] };
const NOT_ONE: Result<(), &str> = Err("not_an_access_token");

const SHAPES: [Shape; 9] = [
    // As RFC 9068 has it.
    Shape {
        changes: &[],
        is_typed_access_token: Ok(()),
        is_access_token: Ok(()),
        is_rfc9068: Ok(()),
        grants: [EVERYTHING, EVERYTHING],
        client: "desk",
    },
    // Okta, Entra ID: scopes in an array; RFC 9068 knows of `scope` alone.
    Shape {
        changes: &[
            (Claim("scope"), Remove),
            (Claim("scp"), Set(r#"["mcp:use","files:write","prompts:secret","vault:read"]"#)),
        ],
        is_typed_access_token: Ok(()),
        is_access_token: Ok(()),
        is_rfc9068: Ok(()),
        grants: [NOTHING, EVERYTHING],
        client: "desk",
    },
    // Keycloak: the client is `azp`, and `jti` is not needed.
    Shape {
        changes: &[
            (Claim("client_id"), Remove),
            (Claim("jti"), Remove),
            (Claim("azp"), Set(r#""tool""#)),
            (Claim("typ"), Set(r#""Bearer""#)),
            (Claim("nonce"), Set(r#""n""#)),
        ],
        is_typed_access_token: Ok(()),
        is_access_token: Ok(()),
        is_rfc9068: Err("client_missing"),
        grants: [NOTHING, EVERYTHING],
        client: "tool",
    },
    // Without a name.
    Shape {
        changes: &[(Claim("jti"), Remove)],
        is_typed_access_token: Ok(()),
        is_access_token: Ok(()),
        is_rfc9068: Err("token_id_missing"),
        grants: [NOTHING, EVERYTHING],
        client: "desk",
    },
    // An ID token, as plain as it can be (OpenID Connect Core section 2).
    Shape {
        changes: &[
            (Claim("client_id"), Remove),
            (Claim("jti"), Remove),
            (Claim("scope"), Remove),
            (Claim("azp"), Set(r#""tool""#)),
        ],
        is_typed_access_token: Ok(()),
        is_access_token: NOT_ONE,
        is_rfc9068: Err("client_missing"),
        grants: [NOTHING, NOTHING],
        client: "tool",
    },
    // An ID token with a nonce and the hash of an access token.
    Shape {
        changes: &[
            (Claim("client_id"), Remove),
            (Claim("scope"), Remove),
            (Claim("azp"), Set(r#""tool""#)),
            (Claim("nonce"), Set(r#""n""#)),
            (Claim("at_hash"), Set(r#""MTIzNDU2Nzg5MDEyMzQ1Ng""#)),
        ],
        is_typed_access_token: NOT_ONE,
        is_access_token: NOT_ONE,
        is_rfc9068: Err("client_missing"),
        grants: [NOTHING, NOTHING],
        client: "tool",
    },
    // What has claims of both kinds.
    Shape {
        changes: &[(Claim("nonce"), Set(r#""n""#))],
        is_typed_access_token: Ok(()),
        is_access_token: NOT_ONE,
        is_rfc9068: Ok(()),
        grants: [EVERYTHING, EVERYTHING],
        client: "desk",
    },
    // Keycloak says what it is.
    Shape {
        changes: &[(Claim("typ"), Set(r#""ID""#))],
        is_typed_access_token: NOT_ONE,
        is_access_token: NOT_ONE,
        is_rfc9068: Ok(()),
        grants: [EVERYTHING, EVERYTHING],
        client: "desk",
    },
    // So does Cognito, of a refresh token; and a logout token has events.
    Shape {
        changes: &[(Claim("token_use"), Set(r#""refresh""#)), (Claim("events"), Set("{}"))],
        is_typed_access_token: NOT_ONE,
        is_access_token: NOT_ONE,
        is_rfc9068: Ok(()),
        grants: [EVERYTHING, EVERYTHING],
        client: "desk",
    },
];

/// Everything about a token of this server.
struct Drawn<'d> {
    signer: &'d Signer,
    name: Option<Place>,
    audience: &'d [Place],
    typed: (Change, &'d [Place]),
    shape: &'d Shape,
}

impl Drawn<'_> {
    /// The rule that refuses it, in the order in which tokens are judged: issuer, header, key,
    /// signature, kind, claims, audience. RS-34, RS-37, RS-38, RS-40 to RS-45.
    fn judge(&self) -> Result<Place, &'static str> {
        let place = self.name.ok_or("issuer_foreign")?;
        // Of the other issuer, nothing but EdDSA is accepted, whatever keys it publishes.
        if place == OTHER && self.signer.algorithm != r#""EdDSA""# {
            return Err("algorithm_refused");
        }
        if !self.typed.1.contains(&place) {
            return Err("type_refused");
        }
        if self.signer.by != place {
            // Both have a key of the name k2; the other names are known to one of them.
            return Err(if self.signer.key == r#""k2""# { "bad_signature" } else { "key_unknown" });
        }
        if place == FIRST {
            self.shape.is_rfc9068?;
        } else if matches!(self.typed.0, Set(r#""at+jwt""#)) {
            self.shape.is_typed_access_token?;
        } else {
            self.shape.is_access_token?;
        }
        if self.audience.contains(&place) { Ok(place) } else { Err("audience_foreign") }
    }
}

/// What a verifier finds out that looks a key up at the issuer that the token names.
fn facts(text: &str, issuers: &Issuers, keys: &[KeySet; 2], signer: &Signer, is_good: bool) -> Facts {
    let found = || -> Result<_, Denial> {
        let Identified::Signed(unchecked) = issuers.identify(text)? else {
            panic!("no issuer of the walk is asked about tokens");
        };
        let check = with_keys_of_issuer(unchecked, keys)?;
        let signed_with = keys[signer.by].choose(Some(signer.key.trim_matches('"')), check.algorithm());
        let is_signature = signed_with.is_ok_and(|key| key == check.key());
        check.resolve(is_good && is_signature)
    };
    match found() {
        Ok(claims) => Facts::Signed(Arc::new(claims)),
        Err(denial) => Facts::Denied(denial),
    }
}

fn with_keys_of_issuer<'a>(
    unchecked: Unchecked<'a>,
    keys: &'a [KeySet; 2],
) -> Result<SignatureCheck<'a>, Denial> {
    let place = unchecked.index();
    unchecked.with_keys(&keys[place])
}

/// Every token of two issuers.
pub(crate) fn issuers_tokens(issuers: &Issuers) -> Vec<Token> {
    let keys = KEY_SETS.map(|set| KeySet::parse(set.as_bytes()).expect("two public keys").0);
    let mut tokens = Vec::new();
    for (name, place) in NAMES {
        for signer in &SIGNERS {
            for (audience, ours_at) in AUDIENCES {
                for typed in TYPES {
                    for shape in &SHAPES {
                        let drawn = Drawn { signer, name: place, audience: ours_at, typed, shape };
                        let changes = [
                            (Header("alg"), Set(signer.algorithm)),
                            (Header("kid"), Set(signer.key)),
                            (Header("typ"), typed.0),
                            (Claim("iss"), Set(name)),
                            (Claim("aud"), Set(audience)),
                        ];
                        let changes = [&changes, shape.changes].concat();
                        tokens.push(token(&drawn, &changes, issuers, &keys));
                    }
                }
            }
        }
    }
    tokens.extend(AUDIENCES.map(|(audience, _)| trusted_elsewhere(audience)));
    tokens
}

/// One good token of each party that one of two issuers vouches for.
pub(crate) fn issuers_parties(issuers: &Issuers) -> Vec<Token> {
    let mut parties: Vec<Token> = Vec::new();
    for token in issuers_tokens(issuers) {
        let is_known = parties.iter().any(|other| other.party == token.party);
        if !token.is_flawed && token.grant == EVERYTHING && !is_known {
            parties.push(token);
        }
    }
    parties
}

/// A token of an issuer that another server trusts, where a verifier has mixed the two up: what it
/// reports is true, and it is not for us to believe it.
fn trusted_elsewhere(audience: &'static str) -> Token {
    let [first, other] = KEY_SETS.map(|set| KeySet::parse(set.as_bytes()).expect("two public keys").0);
    let [signer, ..] = &SIGNERS;
    let audiences = [AUDIENCE, OTHER_AUDIENCE, "desk"];
    let rules = TokenRules::new("https://evil.example", audiences).expect("an issuer and its audiences");
    let issuers = Issuers::new(vec![rules]).expect("one issuer");
    let drawn =
        Drawn { signer, name: None, audience: &[], typed: (Set(r#""at+jwt""#), &[FIRST]), shape: &SHAPES[0] };
    let changes = [(Claim("iss"), Set(r#""https://evil.example""#)), (Claim("aud"), Set(audience))];
    token(&drawn, &changes, &issuers, &[first, other])
}

fn token(drawn: &Drawn<'_>, changes: &[(Part, Change)], issuers: &Issuers, keys: &[KeySet; 2]) -> Token {
    let mut draft = Draft::new(EVERYTHING);
    for change in changes {
        draft.apply(*change);
    }
    let text = draft.text();
    let judged = drawn.judge();
    let place = judged.unwrap_or(FIRST);
    Token {
        label: format!("signed by {} {changes:?}", drawn.signer.by),
        facts: [true, false].map(|good| facts(&text, issuers, keys, drawn.signer, good)),
        text,
        is_flawed: judged.is_err(),
        rule: judged.err(),
        party: Party { issuer: [ISSUER, OTHER_ISSUER][place], client: drawn.shape.client, ..ALICE },
        binding: Binding::None,
        proofs: Vec::new(),
        leeway: [LEEWAY, OTHER_LEEWAY][place],
        expires: EXPIRES,
        not_before: None,
        grant: drawn.shape.grants[place],
        richer: Vec::new(),
    }
}
