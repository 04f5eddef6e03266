//! An answer as it looks on the wire.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
};

use http::{HeaderMap, HeaderName, HeaderValue, header};
use mcp_proto::response::{Payload, Response};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

/// What a client sees, and what is written down.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) fields: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// Those in the body, if it is a stream.
    pub(crate) events: Vec<Event>,
    /// What logs call the refusal.
    pub(crate) rule: Option<&'static str>,
}

/// An event of a stream.
#[derive(Debug, Default)]
pub(crate) struct Event {
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) data: String,
}

/// The events of a stream, by the rules of the HTML standard for the fields that we may use.
pub(crate) fn events(stream: &[u8]) -> Vec<Event> {
    let text = std::str::from_utf8(stream).expect("an event stream is UTF-8");
    if text.is_empty() {
        return Vec::new();
    }
    let events = text.strip_suffix("\n\n").expect("an event ends with an empty line").split("\n\n");
    // A comment keeps the connection alive.
    events.filter(|event| !event.starts_with(':')).map(event).collect()
}

fn event(text: &str) -> Event {
    let mut event = Event::default();
    let mut has_data = false;
    for line in text.split('\n') {
        let (field, value) = line.split_once(':').expect("a field has a name and a value");
        let value = value.strip_prefix(' ').unwrap_or(value).to_owned();
        match field {
            "id" => assert!(event.id.replace(value).is_none(), "two ids of one event"),
            "event" => assert!(event.name.replace(value).is_none(), "two names of one event"),
            "retry" => assert!(value.parse::<u32>().is_ok(), "how long to wait, in milliseconds"),
            "data" => {
                assert!(!has_data, "an event has one line of data");
                (event.data, has_data) = (value, true);
            }
            _ => panic!("an unknown field {field}"),
        }
    }
    event
}

/// A JSON-RPC answer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Message<'a> {
    pub(crate) jsonrpc: &'a str,
    #[serde(borrow, default, deserialize_with = "there")]
    pub(crate) id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) error: Option<Failure<'a>>,
    #[serde(borrow)]
    pub(crate) result: Option<&'a RawValue>,
}

/// The error of a JSON-RPC answer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Failure<'a> {
    pub(crate) code: i32,
    #[serde(borrow)]
    pub(crate) message: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) data: Option<&'a RawValue>,
}

/// A member that is there, be it `null`.
fn there<'de: 'a, 'a, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

impl Answer {
    pub(crate) fn new(response: &Response) -> Self {
        let mut fields = HeaderMap::new();
        response.fields.write_to(&mut fields);
        let body = match &response.payload {
            Payload::Empty => Vec::new(),
            Payload::Whole(bytes) => bytes.to_vec(),
            Payload::Stream => panic!("a stream that nobody has read"),
        };
        let rule = response.rule.map(|rule| rule.name);
        let mut answer = Self { status: response.status.as_u16(), fields, body, events: Vec::new(), rule };
        if answer.is_stream() {
            answer.events = events(&answer.body);
        }
        answer
    }

    pub(crate) fn field(&self, name: &HeaderName) -> Option<&str> {
        let mut values = self.fields.get_all(name).iter();
        let value = values.next()?;
        assert!(values.next().is_none(), "{name} was sent twice");
        Some(value.to_str().expect("our fields are ASCII"))
    }

    pub(crate) fn is_stream(&self) -> bool {
        self.field(&header::CONTENT_TYPE) == Some("text/event-stream")
    }

    /// The JSON-RPC texts: the body, or the data of the events in it.
    fn texts(&self) -> Vec<&[u8]> {
        if !self.is_stream() {
            return vec![&self.body];
        }
        // What only says where a stream begins is no message.
        let says_something = self.events.iter().filter(|event| !event.data.is_empty());
        says_something.map(|event| event.data.as_bytes()).collect()
    }

    /// The answer to a single message, behind what was told before it.
    pub(crate) fn message(&self) -> Message<'_> {
        self.texts().last().map(|text| read(text)).expect("an answer has a text")
    }

    /// What was told while a single request was served.
    pub(crate) fn notifications(&self) -> Vec<Value> {
        let texts = self.texts();
        texts.split_last().map_or(&[][..], |(_, before)| before).iter().map(|text| read(text)).collect()
    }

    /// The answers to the requests of a batch, and what was told while they were served.
    pub(crate) fn entries(&self) -> (Vec<Message<'_>>, Vec<Value>) {
        if !self.is_stream() {
            return (read(&self.body), Vec::new());
        }
        let is_notification = |text: &&[u8]| read::<Value>(text).get("method").is_some();
        let (told, answers): (Vec<_>, Vec<_>) = self.texts().into_iter().partition(is_notification);
        (answers.into_iter().map(read).collect(), told.into_iter().map(read).collect())
    }
}

fn read<'t, T: Deserialize<'t>>(json: &'t [u8]) -> T {
    serde_json::from_slice(json)
        .unwrap_or_else(|error| panic!("{error} in {}", String::from_utf8_lossy(json)))
}

/// A challenge, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Challenge {
    pub(crate) scheme: String,
    pub(crate) error: Option<String>,
    pub(crate) has_description: bool,
    pub(crate) scopes: BTreeSet<String>,
    /// RFC 9449 section 7.1.
    pub(crate) algorithms: BTreeSet<String>,
    pub(crate) resource_metadata: Option<String>,
}

/// Takes challenges apart; there are few different ones.
#[derive(Default)]
pub(crate) struct Challenges(HashMap<HeaderValue, Challenge>);

impl Challenges {
    pub(crate) fn read(&mut self, value: &HeaderValue) -> &Challenge {
        self.0.entry(value.clone()).or_insert_with(|| parse(value.to_str().expect("a challenge is ASCII")))
    }
}

/// RFC 9110 section 11.6.1, RFC 6750 section 3: a scheme, then parameters with quoted values, none of
/// them twice (RFC6750-04), of the characters that each may have (RFC6750-05).
fn parse(value: &str) -> Challenge {
    let (scheme, parameters) = value.split_once(' ').unwrap_or((value, ""));
    assert!(scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()), "a scheme begins {value}");
    let mut found = HashMap::new();
    for parameter in parameters.split("\", ").filter(|parameter| !parameter.is_empty()) {
        let (name, text) = parameter.split_once("=\"").expect("name=\"value\"");
        let text = text.trim_end_matches('"');
        assert!(text.bytes().all(|byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E)), "{value}");
        assert!(found.insert(name, text.to_owned()).is_none(), "{name} stands twice in {value}");
    }
    let mut words = |name: &str| -> BTreeSet<String> {
        let text = found.remove(name);
        text.iter().flat_map(|text| text.split(' ')).map(Into::into).collect()
    };
    let (scopes, algorithms) = (words("scope"), words("algs"));
    assert!(!scopes.contains(""), "scopes have single spaces between them: {value}");
    assert!(!scopes.contains("offline_access"), "AUTH-25: {value}");
    let challenge = Challenge {
        scheme: scheme.to_owned(),
        error: found.remove("error"),
        has_description: found.remove("error_description").is_some(),
        scopes,
        algorithms,
        resource_metadata: found.remove("resource_metadata"),
    };
    assert!(found.is_empty(), "unknown parameters {found:?}");
    challenge
}
