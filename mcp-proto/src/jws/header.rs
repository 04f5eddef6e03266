//! The JOSE header (RFC 7515 section 4): which algorithm, which key, which kind of token.

use super::json::Object;
use super::keys::KEY_ID_BYTES_MAX;
use super::{Algorithm, Denial};

/// What a header may say about how to check the token.
///
/// `jku`, `x5u`, `jwk` and `x5c` are not here: a token does not bring its own key. Nor is `cty`: a
/// nested token is not unwrapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    algorithm: Algorithm,
    key_id: Option<Box<str>>,
    kind: Kind,
}

/// What `typ` of a header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An access token (RFC 9068 section 2.1).
    AccessToken,
    /// Some JWT (RFC 7519 section 5.1).
    Jwt,
    /// Nothing.
    Unstated,
    /// Something else.
    Other,
}

impl Header {
    /// Reads a decoded header.
    ///
    /// # Errors
    /// [`Denial::HeaderMalformed`], [`Denial::CriticalExtension`], [`Denial::UnencodedPayload`] or
    /// [`Denial::AlgorithmRefused`].
    pub fn read(json: &[u8]) -> Result<Self, Denial> {
        Object::read(json).ok_or(Denial::HeaderMalformed).and_then(|object| Self::of(&object))
    }

    /// Reads a header that was found to be a JSON object.
    pub(super) fn of(object: &Object<'_>) -> Result<Self, Denial> {
        // Also an empty or wrong-typed list: the section that allows `crit` forbids those (RFC 7515
        // section 4.1.11).
        if object.member("crit").is_some() {
            return Err(Denial::CriticalExtension);
        }
        if object.member("b64").is_some_and(|b64| b64.boolean() != Some(true)) {
            return Err(Denial::UnencodedPayload);
        }
        Ok(Self {
            algorithm: algorithm(object).ok_or(Denial::AlgorithmRefused)?,
            key_id: key_id(object)?,
            kind: kind(object),
        })
    }

    /// The algorithm that the token claims to be signed with.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// `kid`: the name of the key, at most [`KEY_ID_BYTES_MAX`] bytes. It is compared and never
    /// interpreted.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// `typ`: which kind of token this is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }
}

fn algorithm(header: &Object<'_>) -> Option<Algorithm> {
    let name = header.member("alg")?.text()?;
    Algorithm::from_name(&name)
}

fn key_id(header: &Object<'_>) -> Result<Option<Box<str>>, Denial> {
    let Some(member) = header.member("kid") else {
        return Ok(None);
    };
    match member.text() {
        Some(text) if text.len() <= KEY_ID_BYTES_MAX => Ok(Some(text)),
        Some(_) | None => Err(Denial::HeaderMalformed),
    }
}

fn kind(header: &Object<'_>) -> Kind {
    let Some(member) = header.member("typ") else {
        return Kind::Unstated;
    };
    let Some(text) = member.text() else {
        return Kind::Other;
    };
    // TOK-02. Media types are case-insensitive, and the prefix may be left out (RFC 7515 section
    // 4.1.9).
    let is = |name| text.eq_ignore_ascii_case(name);
    if is("at+jwt") || is("application/at+jwt") {
        Kind::AccessToken
    } else if is("JWT") || is("application/jwt") {
        Kind::Jwt
    } else {
        Kind::Other
    }
}

#[cfg(test)]
mod tests {
    use super::{Algorithm, Denial, Header, KEY_ID_BYTES_MAX, Kind};

    fn read(json: &str) -> Result<Header, Denial> {
        Header::read(json.as_bytes())
    }

    #[test]
    fn a_plain_header_is_read() {
        let header = read(r#"{"typ":"at+jwt","alg":"ES256","kid":"k1"}"#).unwrap();
        assert_eq!(header.algorithm(), Algorithm::Es256);
        assert_eq!(header.key_id(), Some("k1"));
        assert_eq!(header.kind(), Kind::AccessToken);
    }

    #[test]
    fn every_bad_header_is_refused_for_its_reason() {
        let table = [
            (r#"not json"#, Denial::HeaderMalformed),
            (r#"[]"#, Denial::HeaderMalformed),
            (r#"{"alg":"ES256","alg":"ES256"}"#, Denial::HeaderMalformed),
            (r#"{"alg":"ES256","\u0061lg":"RS256"}"#, Denial::HeaderMalformed),
            (r#"{"alg":"ES256","jwk":{"a":1,"a":2}}"#, Denial::HeaderMalformed),
            (r#"{"alg":"ES256"}x"#, Denial::HeaderMalformed),
            (r#"{"alg":"ES256","kid":1}"#, Denial::HeaderMalformed),
            (r#"{"alg":"ES256","kid":null}"#, Denial::HeaderMalformed),
            (r#"{"alg":"ES256","kid":["k1"]}"#, Denial::HeaderMalformed),
            (r#"{"alg":"ES256","kid":{"$ne":""}}"#, Denial::HeaderMalformed),
            (r#"{}"#, Denial::AlgorithmRefused),
            (r#"{"ALG":"ES256"}"#, Denial::AlgorithmRefused),
            (r#"{"alg":null}"#, Denial::AlgorithmRefused),
            (r#"{"alg":256}"#, Denial::AlgorithmRefused),
            (r#"{"alg":["ES256"]}"#, Denial::AlgorithmRefused),
            (r#"{"alg":""}"#, Denial::AlgorithmRefused),
            (r#"{"alg":"none"}"#, Denial::AlgorithmRefused),
            (r#"{"alg":"nOnE"}"#, Denial::AlgorithmRefused),
            (r#"{"alg":"HS256"}"#, Denial::AlgorithmRefused),
            (r#"{"alg":"es256"}"#, Denial::AlgorithmRefused),
            (r#"{"alg":"RSA-OAEP","enc":"A128GCM"}"#, Denial::AlgorithmRefused),
            (r#"{"alg":"ES256","crit":["exp"],"exp":1}"#, Denial::CriticalExtension),
            (r#"{"alg":"ES256","crit":["b64"],"b64":false}"#, Denial::CriticalExtension),
            (r#"{"alg":"ES256","crit":[]}"#, Denial::CriticalExtension),
            (r#"{"alg":"ES256","crit":null}"#, Denial::CriticalExtension),
            (r#"{"alg":"none","crit":"x"}"#, Denial::CriticalExtension),
            (r#"{"alg":"ES256","b64":false}"#, Denial::UnencodedPayload),
            (r#"{"alg":"ES256","b64":null}"#, Denial::UnencodedPayload),
            (r#"{"alg":"ES256","b64":"true"}"#, Denial::UnencodedPayload),
        ];
        for (json, denial) in table {
            assert_eq!(read(json), Err(denial), "{json}");
        }
    }

    #[test]
    fn every_type_says_its_kind() {
        let table = [
            (r#""at+jwt""#, Kind::AccessToken),
            (r#""AT+JWT""#, Kind::AccessToken),
            (r#""application/at+jwt""#, Kind::AccessToken),
            (r#""Application/At+Jwt""#, Kind::AccessToken),
            (r#""\u0061t+jwt""#, Kind::AccessToken),
            (r#""JWT""#, Kind::Jwt),
            (r#""jwt""#, Kind::Jwt),
            (r#""application/jwt""#, Kind::Jwt),
            (r#""JWT ""#, Kind::Other),
            (r#""at+jwt ""#, Kind::Other),
            (r#"" at+jwt""#, Kind::Other),
            (r#""at jwt""#, Kind::Other),
            (r#""text/at+jwt""#, Kind::Other),
            (r#""application/application/at+jwt""#, Kind::Other),
            (r#""id+jwt""#, Kind::Other),
            (r#""dpop+jwt""#, Kind::Other),
            (r#""logout+jwt""#, Kind::Other),
            (r#""JOSE""#, Kind::Other),
            (r#""""#, Kind::Other),
            (r#"null"#, Kind::Other),
            (r#"["at+jwt"]"#, Kind::Other),
        ];
        for (kind, expected) in table {
            let header = read(&format!(r#"{{"alg":"ES256","typ":{kind}}}"#)).unwrap();
            assert_eq!(header.kind(), expected, "{kind}");
        }
        assert_eq!(read(r#"{"alg":"ES256"} "#).unwrap().kind(), Kind::Unstated);
    }

    #[test]
    fn keys_that_a_token_brings_are_not_read() {
        let header = read(
            r#"{"alg":"ES256","typ":"at+jwt","jku":"https://evil.example/k","x5u":1,"x5c":["a"],
                "jwk":{"kty":"oct","k":"AA"},"cty":"JWT","b64":true}"#,
        );
        assert_eq!(header, read(r#"{"alg":"ES256","typ":"at+jwt"}"#));
    }

    #[test]
    fn a_key_id_is_an_opaque_string_of_limited_length() {
        for id in ["", "../../dev/null", "' OR 1=1 --", "https://evil.example/", "\u{e9}"] {
            let header = read(&format!(r#"{{"alg":"ES256","kid":"{id}"}}"#)).unwrap();
            assert_eq!(header.key_id(), Some(id));
        }
        let nul = read(r#"{"alg":"ES256","kid":"k\u0000"}"#).unwrap();
        assert_eq!(nul.key_id(), Some("k\0"));

        let longest = "k".repeat(KEY_ID_BYTES_MAX);
        let header = read(&format!(r#"{{"alg":"ES256","kid":"{longest}"}}"#)).unwrap();
        assert_eq!(header.key_id(), Some(longest.as_str()));
        let header = read(&format!(r#"{{"alg":"ES256","kid":"{longest}k"}}"#));
        assert_eq!(header, Err(Denial::HeaderMalformed));
    }
}
