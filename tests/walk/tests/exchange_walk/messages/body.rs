//! Whole bodies: messages of all parts, and bodies that are no message.

use bytes::Bytes;

use super::{Envelope, Meta, Operation};
use crate::fields::REFUSED_BODY_BYTES_MAX;

/// The `id` member.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Id {
    /// A notification.
    None,
    /// An id of a request, as it is written.
    Good(&'static str),
    /// No id that a request may have (JR-03, JR-04).
    Bad(&'static str),
}

pub(crate) const ONE: Id = Id::Good("1");

pub(crate) const IDS: &[Id] = &[
    ONE,
    Id::None,
    Id::Good(r#""1""#),
    Id::Good("-7"),
    Id::Good(r#""\u0041\"""#),
    Id::Good("9007199254740991"),
    Id::Bad("null"),
    Id::Bad("1.5"),
    Id::Bad("1e2"),
    Id::Bad("true"),
    Id::Bad("{}"),
    Id::Bad("[1]"),
];

/// A body that is not one well-formed message.
pub(crate) struct Special {
    pub(crate) body: Bytes,
    pub(crate) flaw: Flaw,
    /// The id that can be read from it.
    pub(crate) id: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// DT-20
    NotJson,
    /// DT-21
    NotObject,
    /// DT-22
    NotMessage,
    /// DT-23
    BadId,
    /// DT-24
    BadParams,
    /// DT-25
    Duplicate,
    /// DT-96
    Response,
    /// A response that is none.
    BadResponse,
}

fn special(body: impl Into<Vec<u8>>, flaw: Flaw, id: Option<&'static str>) -> Special {
    Special { body: body.into().into(), flaw, id }
}

/// How deep JSON may be nested.
const DEPTH: usize = 128;

fn nested(depth: usize) -> String {
    // The message is one level, `params` another.
    let inner = depth - 2;
    let (open, close) = ("[".repeat(inner), "]".repeat(inner));
    format!(r#"{{"jsonrpc":"1.0","id":4,"method":"ping","params":{{"a":{open}{close}}}}}"#)
}

/// A body of so many bytes.
fn padded(bytes: u64) -> String {
    let message = r#"{"jsonrpc":"1.0","id":4,"method":"ping"}"#;
    message.to_owned() + &" ".repeat(bytes as usize - message.len())
}

pub(crate) fn specials() -> Vec<Special> {
    use Flaw::{BadId, BadParams, BadResponse, Duplicate, NotJson, NotMessage, NotObject, Response};
    let meta = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;
    let call = |members: &str| {
        format!(r#"{{"jsonrpc":"2.0","method":"tools/call","params":{{"name":"echo",{meta}}}{members}}}"#)
    };
    let in_params = |members: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{{"name":"echo",{members},{meta}}}}}"#
        )
    };
    vec![
        special("", NotJson, None),
        special(" \n", NotJson, None),
        special("{", NotJson, None),
        special("not json", NotJson, None),
        special(call(r#","id":4"#) + "x", NotJson, None),
        special(format!("\u{feff}{}", call(r#","id":4"#)), NotJson, None),
        special(b"{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"\xff\"}", NotJson, None),
        special(call(r#","id":4,"x":"\ud800""#), NotJson, None),
        special(call(r#","id":4,"x":NaN"#), NotJson, None),
        special(call(r#","id":04"#), NotJson, None),
        special(call(r#","id":4,"#), NotJson, None),
        special(nested(DEPTH + 1), NotJson, None),
        special(nested(DEPTH), NotMessage, Some("4")),
        special("null", NotObject, None),
        special("true", NotObject, None),
        special("4", NotObject, None),
        special("4.5", NotObject, None),
        special(r#""text""#, NotObject, None),
        special("{}", NotMessage, None),
        special(r#"{"id":4,"method":"ping"}"#, NotMessage, Some("4")),
        special(r#"{"jsonrpc":"1.0","id":"4","method":"ping"}"#, NotMessage, Some(r#""4""#)),
        special(padded(REFUSED_BODY_BYTES_MAX), NotMessage, Some("4")),
        special(padded(REFUSED_BODY_BYTES_MAX + 1), NotMessage, Some("4")),
        special(r#"{"jsonrpc":2.0,"id":4,"method":"ping"}"#, NotMessage, Some("4")),
        special(r#"{"jsonrpc":"2.0","id":4}"#, NotMessage, Some("4")),
        special(r#"{"jsonrpc":"2.0","id":4,"method":7}"#, NotMessage, Some("4")),
        special(r#"{"jsonrpc":"2.0","id":4,"Method":"ping"}"#, NotMessage, Some("4")),
        special(r#"{"jsonrpc":"2.0","method":null}"#, NotMessage, None),
        special(call(r#","id":null"#), BadId, None),
        special(call(r#","id":92233720368547758080"#), BadId, None),
        special(call(&format!(r#","id":"{}""#, "i".repeat(1023))), BadId, None),
        special(r#"{"jsonrpc":"2.0","id":4,"method":"ping","params":[]}"#, BadParams, Some("4")),
        special(r#"{"jsonrpc":"2.0","id":4,"method":"ping","params":7}"#, BadParams, Some("4")),
        special(r#"{"jsonrpc":"2.0","id":4,"method":"ping","params":null}"#, BadParams, Some("4")),
        special(r#"{"jsonrpc":"2.0","method":"ping","params":[]}"#, BadParams, None),
        special(call(r#","id":4,"id":4"#), Duplicate, None),
        special(call(r#","id":4,"method":"tools/list""#), Duplicate, None),
        special(call(r#","id":4,"m\u0065thod":"tools/list""#), Duplicate, None),
        special(call(r#","id":4,"x":1,"x":1"#), Duplicate, None),
        special(in_params(r#""name":"echo""#), Duplicate, Some("4")),
        special(in_params(r#""n\u0061me":"write""#), Duplicate, Some("4")),
        special(in_params(r#""arguments":{"a":1,"a":2}"#), Duplicate, Some("4")),
        special(in_params(r#""arguments":{"a":[{"b":1,"b":2}]}"#), Duplicate, Some("4")),
        special(in_params(r#""_meta":{}"#), Duplicate, Some("4")),
        special(
            r#"{"jsonrpc":"2.0","id":4,"method":"ping","params":{"_meta":{"a":1,"a":1}}}"#,
            Duplicate,
            Some("4"),
        ),
        special(r#"{"jsonrpc":"2.0","id":4,"result":{}}"#, Response, Some("4")),
        special(r#"{"jsonrpc":"2.0","id":4,"error":{"code":1,"message":"x"}}"#, Response, Some("4")),
        special(r#"{"jsonrpc":"2.0","error":{"code":1,"message":"x"}}"#, BadResponse, None),
        special(r#"{"jsonrpc":"2.0","id":4,"method":"ping","result":{}}"#, BadResponse, Some("4")),
        special(
            r#"{"jsonrpc":"2.0","id":4,"result":{},"error":{"code":1,"message":"x"}}"#,
            BadResponse,
            Some("4"),
        ),
        special(r#"{"jsonrpc":"2.0","result":{}}"#, BadResponse, None),
        special(r#"{"jsonrpc":"2.0","id":null,"result":{}}"#, BadResponse, None),
        special(r#"{"jsonrpc":"2.0","id":"4","result":{}}"#, Response, Some(r#""4""#)),
    ]
}

/// A body of these parts.
pub(crate) fn message(operation: &Operation, envelope: &Envelope, id: Id) -> Vec<u8> {
    let params = match operation.params_mirrored {
        Some(_) => format!(r#""name":"region","arguments":{}"#, operation.params),
        None => operation.params.to_owned(),
    };
    let meta = match envelope.meta {
        Meta::NoParams | Meta::Absent => None,
        Meta::Is(json) => Some(format!(r#""_meta":{json}"#)),
    };
    let members: Vec<_> =
        [Some(params).filter(|params| !params.is_empty()), meta].into_iter().flatten().collect();
    let params = match (members.is_empty(), envelope.meta) {
        (true, Meta::NoParams) => String::new(),
        _ => format!(r#","params":{{{}}}"#, members.join(",")),
    };
    let id = match id {
        Id::None => String::new(),
        Id::Good(json) | Id::Bad(json) => format!(r#","id":{json}"#),
    };
    let method = operation.method;
    format!(r#"{{"jsonrpc":"2.0"{id},"method":"{method}"{params}}}"#).into_bytes()
}
