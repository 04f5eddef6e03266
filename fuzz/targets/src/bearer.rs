//! Credentials in the head of a request against a reading from RFC 6750 and RFC 9110 that knows regular
//! expressions only in words.
//!
//! The first line of the input is the query, each further one an `Authorization` field; without a further line
//! there is none.

use mcp_proto::auth::bearer::{Credentials, classify};

use crate::lines;

/// Classifies what the input says.
pub(crate) fn run(input: &[u8]) {
    let (query, rest) = lines::text(input);
    let fields: Vec<&[u8]> =
        if rest.is_empty() { Vec::new() } else { rest.split(|byte| *byte == b'\n').collect() };
    let got = classify(fields.iter().copied(), query);
    assert_eq!(got, expected(&fields, query));
    let token = match got {
        Credentials::Bearer(token) | Credentials::Dpop(Some(token)) => token,
        _ => return,
    };
    // Shorter texts occur by chance.
    assert!(token.len() < 9 || !format!("{got:?}").contains(token), "a token is shown");
}

fn expected<'f>(fields: &[&'f [u8]], query: Option<&str>) -> Credentials<'f> {
    let names_token = |pair: &str| decoded(pair.split('=').next().unwrap_or("")) == b"access_token";
    if query.is_some_and(|query| query.split('&').any(names_token)) {
        return Credentials::InQuery;
    }
    let field = match fields {
        [] => return Credentials::None,
        [field] => *field,
        _ => return Credentials::Many,
    };
    // What is not ASCII is neither in a scheme nor in a token.
    let scheme_bytes = field.iter().position(|byte| *byte == b' ').unwrap_or(field.len());
    let Ok(scheme) = std::str::from_utf8(&field[..scheme_bytes]) else { return Credentials::Malformed };
    let is_tchar =
        |character: char| character.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(character);
    if scheme.is_empty() || !scheme.chars().all(is_tchar) {
        return Credentials::Malformed;
    }
    let token = std::str::from_utf8(&field[scheme_bytes..]).ok().and_then(token);
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" => token.map_or(Credentials::Malformed, Credentials::Bearer),
        "dpop" => Credentials::Dpop(token),
        _ => Credentials::OtherScheme,
    }
}

/// What is behind at least one space, if it is a `b64token`.
fn token(text: &str) -> Option<&str> {
    let token = text.trim_start_matches(' ');
    let body = token.trim_end_matches('=');
    let is_body = |character: char| character.is_ascii_alphanumeric() || "-._~+/".contains(character);
    (token.len() < text.len() && !body.is_empty() && body.chars().all(is_body)).then_some(token)
}

/// Percent-encodings resolved once; one that is none stands for itself.
fn decoded(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::new();
    let mut place = 0;
    while place < bytes.len() {
        let escape = bytes.get(place + 1..place + 3).and_then(|digits| std::str::from_utf8(digits).ok());
        let is_escape = bytes[place] == b'%'
            && escape.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        match escape.filter(|_| is_escape).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                place += 3;
            }
            None => {
                decoded.push(bytes[place]);
                place += 1;
            }
        }
    }
    decoded
}
