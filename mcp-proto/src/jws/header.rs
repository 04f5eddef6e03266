//! The JOSE header (RFC 7515 section 4): which algorithm, which key, which kind of token.

use super::json::{Member, Object};
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
    access_token: bool,
}

impl Header {
    /// Reads a decoded header.
    ///
    /// # Errors
    /// [`Denial::HeaderMalformed`], [`Denial::CriticalExtension`], [`Denial::UnencodedPayload`] or
    /// [`Denial::AlgorithmRefused`].
    pub fn read(json: &[u8]) -> Result<Self, Denial> {
        let object = Object::read(json).ok_or(Denial::HeaderMalformed)?;
        // Also an empty or wrong-typed list: the section that allows `crit` forbids those (RFC 7515
        // section 4.1.11).
        if object.member("crit").is_some() {
            return Err(Denial::CriticalExtension);
        }
        if object.member("b64").is_some_and(|b64| b64.boolean() != Some(true)) {
            return Err(Denial::UnencodedPayload);
        }
        Ok(Self {
            algorithm: algorithm(&object).ok_or(Denial::AlgorithmRefused)?,
            key_id: key_id(&object)?,
            access_token: is_access_token(&object),
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

    /// Whether `typ` says that this is an access token and no other kind of JWT (RFC 9068 section
    /// 2.1).
    #[must_use]
    pub fn is_access_token(&self) -> bool {
        self.access_token
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

fn is_access_token(header: &Object<'_>) -> bool {
    // TOK-02. Media types are case-insensitive, and the prefix may be left out (RFC 7515 section
    // 4.1.9).
    header.member("typ").and_then(Member::text).is_some_and(|kind| {
        kind.eq_ignore_ascii_case("at+jwt") || kind.eq_ignore_ascii_case("application/at+jwt")
    })
}

#[cfg(test)]
mod tests {
    use super::{Algorithm, Denial, Header, KEY_ID_BYTES_MAX};

    fn read(json: &str) -> Result<Header, Denial> {
        Header::read(json.as_bytes())
    }

    #[test]
    fn a_plain_header_is_read() {
        let header = read(r#"{"typ":"at+jwt","alg":"ES256","kid":"k1"}"#).unwrap();
        assert_eq!(header.algorithm(), Algorithm::Es256);
        assert_eq!(header.key_id(), Some("k1"));
        assert!(header.is_access_token());
    }

    #[test]
    fn every_bad_header_is_refused_for_its_reason() {
        let table = [
            (r#"not json"#, Denial::HeaderMalformed),
            (r#"[]"#, Denial::HeaderMalformed),
            (r#"{"alg":"ES256","alg":"ES256"}"#, Denial::HeaderMalformed),
            (r#"{"alg":"ES256","\u0061lg":"RS256"}"#, Denial::HeaderMalformed),
            (r#"{"alg":"ES256","jwk":{"a":1,"a":2}}"#, Denial::HeaderMalformed),
            (r#"{"alg":"ES256"} "#, Denial::TypeRefused),
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
            let refused = match read(json) {
                Ok(header) if !header.is_access_token() => Denial::TypeRefused,
                Ok(header) => panic!("{json} was read as {header:?}"),
                Err(denial) => denial,
            };
            assert_eq!(refused, denial, "{json}");
        }
    }

    #[test]
    fn only_access_token_types_are_access_tokens() {
        let table = [
            (r#""at+jwt""#, true),
            (r#""AT+JWT""#, true),
            (r#""application/at+jwt""#, true),
            (r#""Application/At+Jwt""#, true),
            (r#""\u0061t+jwt""#, true),
            (r#""JWT""#, false),
            (r#""at+jwt ""#, false),
            (r#"" at+jwt""#, false),
            (r#""at jwt""#, false),
            (r#""text/at+jwt""#, false),
            (r#""application/application/at+jwt""#, false),
            (r#""id+jwt""#, false),
            (r#""dpop+jwt""#, false),
            (r#""logout+jwt""#, false),
            (r#""""#, false),
            (r#"null"#, false),
            (r#"["at+jwt"]"#, false),
        ];
        for (kind, expected) in table {
            let header = read(&format!(r#"{{"alg":"ES256","typ":{kind}}}"#)).unwrap();
            assert_eq!(header.is_access_token(), expected, "{kind}");
        }
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
