//! A token under construction.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{
    AUDIENCE, EXPIRES, Grant, ISSUED, ISSUER,
    flaw::{Change, Part},
};
use Change::{
    Append, FourSegments, Length, LongKeyId, Oversize, Padding, Remove, Repeat, Replace, Set,
    StandardAlphabet, TrailingBits, TwoSegments,
};
use Part::{Claim, Header, Serialization, Signature};

/// A token under construction.
pub(super) struct Draft {
    header: Vec<(&'static str, String)>,
    claims: Vec<(&'static str, String)>,
    header_text: Option<&'static str>,
    claims_text: Option<&'static str>,
    header_tail: &'static str,
    claims_tail: &'static str,
    signature_bytes: usize,
    serialization: Option<Change>,
}

impl Draft {
    pub(super) fn new(grant: Grant) -> Self {
        let member = |name, json: &str| (name, json.to_owned());
        let mut claims = vec![
            member("iss", &format!("\"{ISSUER}\"")),
            member("aud", &format!("\"{AUDIENCE}\"")),
            member("exp", &EXPIRES.to_string()),
            member("iat", &ISSUED.to_string()),
            member("sub", r#""alice""#),
            member("client_id", r#""desk""#),
            member("jti", r#""t-1""#),
        ];
        claims.extend(grant.claim.map(|json| member("scope", json)));
        Self {
            header: vec![member("alg", r#""ES256""#), member("typ", r#""at+jwt""#), member("kid", r#""k1""#)],
            claims,
            header_text: None,
            claims_text: None,
            header_tail: "",
            claims_tail: "",
            signature_bytes: 64,
            serialization: None,
        }
    }

    pub(super) fn apply(&mut self, (part, change): (Part, Change)) {
        let (members, text, tail) = match part {
            Header(_) => (&mut self.header, &mut self.header_text, &mut self.header_tail),
            Claim(_) | Signature | Serialization => {
                (&mut self.claims, &mut self.claims_text, &mut self.claims_tail)
            }
        };
        let name = match part {
            Header(name) | Claim(name) => name,
            Signature | Serialization => "",
        };
        let value = members.iter().find(|(member, _)| *member == name).map(|(_, json)| json.clone());
        match change {
            Set(json) => {
                members.retain(|(member, _)| *member != name);
                members.push((name, json.to_owned()));
            }
            LongKeyId => {
                members.retain(|(member, _)| *member != name);
                members.push((name, format!("\"{}\"", "k".repeat(257))));
            }
            Remove => members.retain(|(member, _)| *member != name),
            Repeat => members.extend(value.map(|json| (name, json))),
            Replace(json) => *text = Some(json),
            Append(json) => *tail = json,
            Length(bytes) => self.signature_bytes = bytes,
            TwoSegments | FourSegments | Padding | TrailingBits | StandardAlphabet | Oversize => {
                self.serialization = Some(change);
            }
        }
    }

    pub(super) fn text(mut self) -> String {
        if matches!(self.serialization, Some(Oversize)) {
            self.claims.push(("filling", format!("\"{}\"", "x".repeat(16 << 10))));
        }
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let document = |members: &[(&str, String)], text: Option<&str>, tail: &str| {
            let members: Vec<_> = members.iter().map(|(name, json)| format!("\"{name}\":{json}")).collect();
            let whole = format!("{{{}}}", members.join(","));
            encode(format!("{}{tail}", text.unwrap_or(&whole)).as_bytes())
        };
        let header = document(&self.header, self.header_text, self.header_tail);
        let claims = document(&self.claims, self.claims_text, self.claims_tail);
        // 0xFB has bits that the two alphabets of Base64 write differently.
        let signature = encode(&vec![0xFB; self.signature_bytes]);
        match self.serialization {
            Some(TwoSegments) => format!("{header}.{claims}"),
            Some(FourSegments) => format!("{header}.{claims}.{signature}.{signature}"),
            Some(Padding) => format!("{header}.{claims}.{signature}=="),
            // 64 bytes leave two bits of the last character unused, 63 and 72 none and 65 four.
            Some(TrailingBits) => format!("{header}.{claims}.{}", with_trailing_bit(&signature)),
            Some(StandardAlphabet) => {
                format!("{header}.{claims}.{}", signature.replace('-', "+").replace('_', "/"))
            }
            _ => format!("{header}.{claims}.{signature}"),
        }
    }
}

/// The same bytes in a spelling that is not canonical; where every bit is used, with a character
/// too many.
fn with_trailing_bit(signature: &str) -> String {
    let mut text = signature.to_owned();
    if text.len().is_multiple_of(4) {
        text.push('A');
    } else if let Some(last) = text.pop() {
        text.push(match last {
            'w' => 'x',
            'g' => 'h',
            other => char::from(other as u8 + 1),
        });
    }
    text
}
