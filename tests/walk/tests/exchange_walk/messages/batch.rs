//! Several messages in one body, which is of 2025-03-26 alone (JR-20).

use bytes::Bytes;

use super::{
    Envelope, Id, NO_ENVELOPE, OPERATIONS, Operation,
    body::message,
    envelope::{TOKEN_NOT_TEXT, WITH_TOKEN},
    operation::LEVELS,
};

/// The most messages of a batch.
const ITEMS_MAX: usize = 16;

/// A body that is an array.
pub(crate) struct Batch {
    pub(crate) body: Bytes,
    /// Empty where anything is wrong with the whole; where that is a response, the others.
    pub(crate) elements: Vec<Element>,
    pub(crate) flaw: Option<BatchFlaw>,
}

/// A well-formed message in a batch.
#[derive(Clone, Copy)]
pub(crate) struct Element {
    pub(crate) operation: &'static Operation,
    pub(crate) envelope: &'static Envelope,
    pub(crate) id: Id,
}

/// Why a batch is refused as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BatchFlaw {
    /// JR-24, DT-26
    Empty,
    /// More than any batch may have.
    TooLong,
    /// DT-33
    Invalid,
    /// DT-32
    Response,
    /// DT-31, JR-21
    Handshake,
    /// DT-27
    Envelope,
}

/// The operation of this method whose params have this text in them.
fn operation(method: &str, part: &str) -> &'static Operation {
    let is_it = |operation: &&Operation| operation.method == method && operation.params.contains(part);
    OPERATIONS.iter().chain(LEVELS).find(is_it).expect("an operation of the walk")
}

fn asks(method: &str, part: &str, id: &'static str) -> Element {
    Element { operation: operation(method, part), envelope: &NO_ENVELOPE, id: Id::Good(id) }
}

/// What can be in a batch, the most different first.
fn palette() -> Vec<Element> {
    let tells = |method| Element { id: Id::None, ..asks(method, "", "0") };
    vec![
        asks("tools/call", r#""name":"echo""#, "1"),
        asks("tools/call", r#""name":"write","arguments":{}"#, r#""w""#),
        tells("notifications/initialized"),
        asks("tools/list", "", "3"),
        asks("ping", "", "4"),
        asks("nothing", "", r#""\u0041\"""#),
        asks("tools/call", r#""name":"nothing""#, "6"),
        // The same id as the first.
        asks("prompts/get", "secret", "1"),
        // The method comes first, then `_meta`, and only then what is needed.
        Element { envelope: &TOKEN_NOT_TEXT, ..asks("tools/call", r#""name":"write","arguments":{}"#, "8") },
        asks("resources/list", "", "9"),
        asks("resources/read", "file:///c", "10"),
        asks("logging/setLevel", "loud", "11"),
        asks("tools/call", r#""name":"write","arguments":[]"#, "12"),
        asks("resources/read", "vault://7", "13"),
        asks("server/discover", "", "14"),
        tells("notifications/cancelled"),
        asks("completion/complete", "note://{id}", "16"),
        asks("prompts/get", r#""arguments":{}"#, "17"),
        asks("tools/list", "forged", "18"),
        asks("logging/setLevel", "debug", "19"),
        asks("prompts/list", "", "20"),
        asks("resources/templates/list", "", "-7"),
        asks("subscriptions/listen", "", "22"),
        asks("resources/subscribe", "", "23"),
        tells("nothing"),
    ]
}

/// Of so many elements of the palette every sequence of three is made.
const OF_THREE: usize = 9;

fn batch(elements: &[Element]) -> Batch {
    let texts: Vec<_> = elements
        .iter()
        .map(|element| {
            let json = message(element.operation, element.envelope, element.id);
            String::from_utf8(json).expect("messages are text")
        })
        .collect();
    Batch { body: array(&texts), elements: elements.to_vec(), flaw: None }
}

fn array(texts: &[impl AsRef<str>]) -> Bytes {
    let texts: Vec<_> = texts.iter().map(AsRef::as_ref).collect();
    format!("[{}]", texts.join(",")).into()
}

/// Each element alone, and every two in each order.
pub(crate) fn pairs() -> Vec<Batch> {
    let palette = palette();
    let alone = palette.iter().map(|one| batch(&[*one]));
    let both = palette.iter().flat_map(|one| palette.iter().map(|two| batch(&[*one, *two])));
    alone.chain(both).collect()
}

/// Every three of what differs most, and batches as long as they may be.
pub(crate) fn triples() -> Vec<Batch> {
    let palette = palette();
    let some = &palette[..OF_THREE];
    let mut batches = Vec::new();
    for one in some {
        for two in some {
            batches.extend(some.iter().map(|three| batch(&[*one, *two, *three])));
        }
    }
    for first in &palette {
        let all: Vec<_> =
            std::iter::once(first).chain(palette.iter().cycle()).take(ITEMS_MAX).copied().collect();
        batches.push(batch(&all));
    }
    batches
}

/// Batches of calls only, for what their handlers come to.
pub(crate) fn calls() -> Vec<Batch> {
    let palette = palette();
    let [call, ping] = [0, 4].map(|place| palette[place]);
    let read = asks("resources/read", "file:///a", "31");
    let get = asks("prompts/get", "Bo", "32");
    let complete = asks("completion/complete", "note://{id}", "33");
    let call = Element { envelope: &WITH_TOKEN, ..call };
    let others = [call, read, get, complete];
    let mut batches: Vec<_> = others.iter().flat_map(|one| others.map(|two| batch(&[*one, two]))).collect();
    batches.extend(others.iter().map(|one| batch(&[ping, *one, call])));
    batches
}

/// Batches that are refused as a whole.
pub(crate) fn flawed() -> Vec<Batch> {
    use BatchFlaw::{Empty, Envelope, Handshake, Invalid, Response, TooLong};
    const PING: &str = r#"{"jsonrpc":"2.0","id":4,"method":"ping"}"#;
    const ENVELOPE: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;
    const OLD_ENVELOPE: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2025-03-26"}"#;
    let within =
        |params: &str| format!(r#"{{"jsonrpc":"2.0","id":4,"method":"ping","params":{{{params}}}}}"#);
    let bad: Vec<(BatchFlaw, String)> = [
        (Invalid, "7"),
        (Invalid, "null"),
        (Invalid, "[]"),
        (Invalid, "{}"),
        (Invalid, r#"{"id":4,"method":"ping"}"#),
        (Invalid, r#"{"jsonrpc":"1.0","id":4,"method":"ping"}"#),
        (Invalid, r#"{"jsonrpc":"2.0","id":4}"#),
        (Invalid, r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#),
        (Invalid, r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#),
        (Invalid, r#"{"jsonrpc":"2.0","id":92233720368547758080,"method":"ping"}"#),
        (Invalid, r#"{"jsonrpc":"2.0","id":4,"method":7}"#),
        (Invalid, r#"{"jsonrpc":"2.0","id":4,"method":"ping","params":[]}"#),
        (Invalid, r#"{"jsonrpc":"2.0","method":"ping","params":7}"#),
        (Invalid, r#"{"jsonrpc":"2.0","id":4,"id":5,"method":"ping"}"#),
        (Invalid, r#"{"jsonrpc":"2.0","id":4,"method":"ping","params":{"a":1,"a":2}}"#),
        (Response, r#"{"jsonrpc":"2.0","id":4,"result":{}}"#),
        (Response, r#"{"jsonrpc":"2.0","id":4,"error":{"code":1,"message":"x"}}"#),
        (Handshake, r#"{"jsonrpc":"2.0","id":4,"method":"initialize"}"#),
        (Handshake, r#"{"jsonrpc":"2.0","method":"initialize"}"#),
        (
            Handshake,
            r#"{"jsonrpc":"2.0","id":4,"method":"initialize","params":{"protocolVersion":"2025-03-26","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}"#,
        ),
    ]
    .map(|(flaw, text)| (flaw, text.to_owned()))
    .into_iter()
    .chain([
        (Envelope, within(ENVELOPE)),
        (Envelope, within(OLD_ENVELOPE)),
        (Envelope, within(r#""_meta":{"io.modelcontextprotocol/protocolVersion":7}"#)),
        (Envelope, format!(r#"{{"jsonrpc":"2.0","method":"x","params":{{{ENVELOPE}}}}}"#)),
    ])
    .collect();
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"}}"#.to_owned();
    let tells = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#.to_owned();
    let mut batches = Vec::new();
    for (flaw, text) in &bad {
        for texts in [
            vec![text.clone()],
            vec![call.clone(), text.clone()],
            vec![text.clone(), call.clone()],
            vec![tells.clone(), text.clone()],
        ] {
            // In a session, a response may stand among requests.
            let elements = if *flaw == Response { others(&texts, text) } else { Vec::new() };
            batches.push(Batch { body: array(&texts), elements, flaw: Some(*flaw) });
        }
    }
    batches.push(Batch { body: Bytes::from_static(b"[]"), elements: Vec::new(), flaw: Some(Empty) });
    batches.push(Batch { body: Bytes::from_static(b" [ ] "), elements: Vec::new(), flaw: Some(Empty) });
    for text in [PING, &call, &tells] {
        let body = array(&vec![text; ITEMS_MAX + 1]);
        batches.push(Batch { body, elements: Vec::new(), flaw: Some(TooLong) });
    }
    batches
}

/// What is in a batch besides this, of what flawed batches have.
fn others(texts: &[String], flawed: &String) -> Vec<Element> {
    let element = |text: &String| {
        let calls = text.contains("tools/call");
        let call = Element { operation: &OPERATIONS[1], ..asks("tools/call", r#""name":"echo""#, "1") };
        let tells = Element { id: Id::None, ..asks("notifications/initialized", "", "0") };
        if calls { call } else { tells }
    };
    texts.iter().filter(|text| *text != flawed).map(element).collect()
}

/// One of each kind, for where their elements do not matter.
pub(crate) fn ordinary() -> Vec<Batch> {
    let palette = palette();
    let mut batches = vec![batch(&palette[..2]), batch(&palette[2..3])];
    let mut seen = Vec::new();
    for flawed in flawed() {
        if !seen.contains(&flawed.flaw) {
            seen.push(flawed.flaw);
            batches.push(flawed);
        }
    }
    batches
}
