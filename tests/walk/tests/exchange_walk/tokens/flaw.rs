//! What can be wrong with a token, as changes to its parts.

use Change::{
    Append, FourSegments, Length, LongKeyId, Oversize, Padding, Remove, Repeat, Replace, Set,
    StandardAlphabet, TrailingBits, TwoSegments,
};
use Part::{Claim, Header, Serialization, Signature};

/// A part of a token that a flaw changes. Two flaws of one part are not combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// A member of the JOSE header; `""` stands for the header as a whole.
    Header(&'static str),
    /// A claim; `""` stands for the claims set as a whole.
    Claim(&'static str),
    Signature,
    Serialization,
}

/// What is done to a part.
#[derive(Debug, Clone, Copy)]
pub(super) enum Change {
    /// The member has this JSON text.
    Set(&'static str),
    /// The member is not there.
    Remove,
    /// The member stands twice.
    Repeat,
    /// The JSON text as a whole is this one.
    Replace(&'static str),
    /// This is behind the JSON text.
    Append(&'static str),
    /// The signature has this many bytes.
    Length(usize),
    TwoSegments,
    FourSegments,
    Padding,
    TrailingBits,
    StandardAlphabet,
    /// A member makes the token longer than 16 KiB.
    Oversize,
    LongKeyId,
}

/// RFC 7515, RFC 7519, RFC 8725, RFC 9068 and TOK-01 to TOK-03: each of these alone refuses a token.
pub(super) const FLAWS: &[(Part, Change)] = &[
    (Header("alg"), Set(r#""none""#)),
    (Header("alg"), Set(r#""nOnE""#)),
    (Header("alg"), Set(r#""HS256""#)),
    (Header("alg"), Set(r#""es256""#)),
    (Header("alg"), Set(r#""ES384""#)),
    (Header("alg"), Set(r#""EdDSA""#)),
    (Header("alg"), Set("256")),
    (Header("alg"), Remove),
    (Header("alg"), Repeat),
    (Header("typ"), Remove),
    (Header("typ"), Set(r#""JWT""#)),
    (Header("typ"), Set(r#""id+jwt""#)),
    (Header("typ"), Set(r#""dpop+jwt""#)),
    (Header("typ"), Set("null")),
    (Header("crit"), Set(r#"["exp"]"#)),
    (Header("crit"), Set("[]")),
    (Header("crit"), Set("null")),
    (Header("b64"), Set("false")),
    (Header("b64"), Set("null")),
    (Header("kid"), Set(r#""k9""#)),
    (Header("kid"), Set(r#""../../dev/null""#)),
    (Header("kid"), Set("1")),
    (Header("kid"), Set(r#"["k1"]"#)),
    (Header("kid"), LongKeyId),
    (Header(""), Replace("[]")),
    (Header(""), Replace("not json")),
    (Header(""), Append("{}")),
    (Claim(""), Replace("[]")),
    (Claim(""), Replace("\"sub\"")),
    (Claim(""), Append(" x")),
    (Claim("iss"), Remove),
    (Claim("iss"), Set(r#""""#)),
    (Claim("iss"), Set("7")),
    (Claim("iss"), Set(r#""https://evil.example""#)),
    (Claim("iss"), Set(r#""https://id.example/""#)),
    (Claim("iss"), Repeat),
    (Claim("aud"), Remove),
    (Claim("aud"), Set(r#""""#)),
    (Claim("aud"), Set("[]")),
    (Claim("aud"), Set("7")),
    (Claim("aud"), Set(r#"["https://mcp.example/mcp",7]"#)),
    (Claim("aud"), Set(r#""https://other.example/mcp""#)),
    (Claim("aud"), Set(r#""https://mcp.example/mcp/""#)),
    (Claim("aud"), Set(r#""https://mcp.example""#)),
    (Claim("aud"), Set(r#"["https://mcp.example/mcp/x","https://mcp.example/mc"]"#)),
    (Claim("exp"), Remove),
    (Claim("exp"), Set(r#""2000""#)),
    (Claim("exp"), Set("null")),
    (Claim("exp"), Set("-1")),
    (Claim("exp"), Set("253402300800")),
    (Claim("exp"), Set("1e999")),
    (Claim("exp"), Repeat),
    (Claim("nbf"), Set(r#""1000""#)),
    (Claim("nbf"), Set("true")),
    (Claim("iat"), Remove),
    (Claim("iat"), Set(r#""1000""#)),
    (Claim("iat"), Set("[1000]")),
    (Claim("sub"), Remove),
    (Claim("sub"), Set(r#""""#)),
    (Claim("sub"), Set("7")),
    (Claim("client_id"), Remove),
    (Claim("client_id"), Set(r#""""#)),
    (Claim("client_id"), Set(r#"["a"]"#)),
    (Claim("jti"), Remove),
    (Claim("jti"), Set(r#""""#)),
    (Claim("jti"), Set("7")),
    (Claim("cnf"), Set(r#"{"jkt":"x"}"#)),
    (Claim("cnf"), Set("null")),
    (Claim("other"), Set(r#"{"a":1,"a":2}"#)),
    (Signature, Length(0)),
    (Signature, Length(63)),
    (Signature, Length(65)),
    (Signature, Length(72)),
    (Serialization, TwoSegments),
    (Serialization, FourSegments),
    (Serialization, Padding),
    (Serialization, TrailingBits),
    (Serialization, StandardAlphabet),
    (Serialization, Oversize),
];

/// Changes that leave a token good (a hint to a key does not reject, a
/// media type is case-insensitive, an audience may be one of several).
pub(super) const VARIANTS: &[&[(Part, Change)]] = &[
    &[],
    &[(Header("typ"), Set(r#""Application/AT+JWT""#))],
    &[(Header("kid"), Remove)],
    &[(Header("b64"), Set("true"))],
    &[(Header("jku"), Set(r#""https://evil.example/keys""#)), (Header("cty"), Set(r#""JWT""#))],
    &[(Claim("aud"), Set(r#"["https://other.example","https://mcp.example/mcp"]"#))],
    &[(Claim("act"), Set(r#"{"sub":"robot"}"#))],
    &[(Claim("nbf"), Set("1500"))],
    &[(Header("alg"), Set(r#""EdDSA""#)), (Header("kid"), Set(r#""k2""#))],
];

/// Whether both flaws are there when both are applied.
pub(super) fn can_be_combined((first, _): (Part, Change), (second, _): (Part, Change)) -> bool {
    match (first, second) {
        (Header(""), Header(_)) | (Header(_), Header("")) => false,
        (Claim(""), Claim(_)) | (Claim(_), Claim("")) => false,
        _ => first != second,
    }
}
