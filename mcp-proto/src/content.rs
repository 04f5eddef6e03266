//! What handlers return, as typed values that the core renders for the client's revision.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Map, Value, value::RawValue};
use smallvec::{SmallVec, smallvec};

/// Extra metadata of a result or item; keys follow META-01 to META-05.
pub type Meta = Map<String, Value>;

/// Who an item is meant for and how much it matters (RSRC-14).
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Annotations {
    /// For whom: `user`, `assistant` or both.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub audience: Vec<Role>,
    /// From 0 (optional) to 1 (required).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<f64>,
    /// ISO 8601 time of the last change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
}

/// A side of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The person.
    User,
    /// The model.
    Assistant,
}

/// One piece of content.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Plain text.
    Text(String),
    /// An image, base64 (PRMT-06).
    Image(Box<Media>),
    /// Sound, base64.
    Audio(Box<Media>),
    /// A resource within the content.
    Resource(Box<Embedded>),
    /// A resource that can be read by its URI.
    Link(Box<Link>),
}

/// Encoded media.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Media {
    /// The bytes in base64.
    pub data: String,
    /// The media type.
    pub mime_type: String,
    /// Who it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annotations: Option<Annotations>,
}

/// A resource within content.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Embedded {
    /// The resource.
    pub resource: ResourceContents,
    /// Who it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annotations: Option<Annotations>,
}

/// A link to a resource.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// The resource.
    pub uri: String,
    /// Its name.
    pub name: String,
    /// Its name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its media type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mime_type: Option<String>,
    /// Its size in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}

/// What a resource, or a part of it, holds (RSRC-13).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceContents {
    /// The resource, or the part of it.
    pub uri: String,
    /// The media type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mime_type: Option<String>,
    /// The contents.
    #[serde(flatten)]
    pub body: ResourceBody,
}

/// Text or bytes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ResourceBody {
    /// Text.
    Text(String),
    /// Bytes in base64 (RSRC-06).
    Blob(String),
}

impl Content {
    /// Plain text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// An image from its bytes.
    pub fn image(bytes: &[u8], mime_type: impl Into<String>) -> Self {
        Self::Image(Box::new(Media::new(bytes, mime_type)))
    }

    /// Sound from its bytes.
    pub fn audio(bytes: &[u8], mime_type: impl Into<String>) -> Self {
        Self::Audio(Box::new(Media::new(bytes, mime_type)))
    }

    /// A resource within the content.
    #[must_use]
    pub fn resource(resource: ResourceContents) -> Self {
        Self::Resource(Box::new(Embedded { resource, annotations: None }))
    }

    /// A link to a resource.
    pub fn link(uri: impl Into<String>, name: impl Into<String>) -> Self {
        Self::Link(Box::new(Link { uri: uri.into(), name: name.into(), ..Link::default() }))
    }
}

impl Media {
    /// Encodes the bytes.
    pub fn new(bytes: &[u8], mime_type: impl Into<String>) -> Self {
        Self { data: STANDARD.encode(bytes), mime_type: mime_type.into(), annotations: None }
    }
}

impl ResourceContents {
    /// Text contents.
    pub fn text(uri: impl Into<String>, text: impl Into<String>) -> Self {
        Self { uri: uri.into(), mime_type: None, body: ResourceBody::Text(text.into()) }
    }

    /// Contents from bytes.
    pub fn blob(uri: impl Into<String>, bytes: &[u8]) -> Self {
        Self { uri: uri.into(), mime_type: None, body: ResourceBody::Blob(STANDARD.encode(bytes)) }
    }

    /// The same with a media type.
    #[must_use]
    pub fn mime_type(mut self, mime_type: impl Into<String>) -> Self {
        self.mime_type = Some(mime_type.into());
        self
    }
}

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Tagged<'c, T> {
            r#type: &'static str,
            #[serde(flatten)]
            item: &'c T,
        }
        match self {
            Self::Text(text) => {
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry("type", "text")?;
                map.serialize_entry("text", text)?;
                map.end()
            }
            Self::Image(item) => Tagged { r#type: "image", item: &**item }.serialize(serializer),
            Self::Audio(item) => Tagged { r#type: "audio", item: &**item }.serialize(serializer),
            Self::Resource(item) => Tagged { r#type: "resource", item: &**item }.serialize(serializer),
            Self::Link(item) => Tagged { r#type: "resource_link", item: &**item }.serialize(serializer),
        }
    }
}

/// What a tool returns.
#[derive(Debug, Clone, Default)]
pub struct ToolResult {
    /// The pieces of content; most results have one.
    pub content: SmallVec<[Content; 1]>,
    /// A JSON value that conforms to the tool's output schema (TOOL-07).
    pub structured: Option<Box<RawValue>>,
    /// Whether the tool failed: the content then says how, for the model (ERR-24).
    pub is_error: bool,
    /// Extra metadata.
    pub meta: Option<Box<Meta>>,
}

impl ToolResult {
    /// One piece of text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { content: smallvec![Content::text(text)], ..Self::default() }
    }

    /// One piece of text that says what went wrong.
    pub fn error(text: impl Into<String>) -> Self {
        Self { is_error: true, ..Self::text(text) }
    }

    /// A structured value, and the same as text for clients that read only text (TOOL-08).
    ///
    /// # Errors
    /// When the value cannot be written as JSON.
    pub fn structured(value: &impl Serialize) -> Result<Self, serde_json::Error> {
        let json = serde_json::value::to_raw_value(value)?;
        Ok(Self { structured: Some(json.clone()), ..Self::text(String::from(Box::<str>::from(json))) })
    }

    /// The same with a further piece of content.
    #[must_use]
    pub fn with(mut self, content: Content) -> Self {
        self.content.push(content);
        self
    }
}

impl FromIterator<Content> for ToolResult {
    fn from_iter<I: IntoIterator<Item = Content>>(content: I) -> Self {
        Self { content: content.into_iter().collect(), ..Self::default() }
    }
}

/// Who may share a cached result (CACH-03).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CacheScope {
    /// Only the caller it was made for.
    #[default]
    Private,
    /// Anyone, also other callers of an authenticated endpoint (CACH-06). It lets nobody in: whatever it says, what is
    /// read needs its scopes (CACH-07).
    Public,
}

impl CacheScope {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Public => "public",
        }
    }
}

/// How long a client may keep a result, and whom it may share it with. The default is safe:
/// not at all, with nobody (CACH-08).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Caching {
    /// Milliseconds.
    pub ttl_millis: u64,
    /// Shared with whom.
    pub scope: CacheScope,
}

/// What reading a resource returns.
#[derive(Debug, Clone, Default)]
pub struct ResourceResult {
    /// The contents; never empty (RSRC-05).
    pub contents: Vec<ResourceContents>,
    /// How long they are good for.
    pub caching: Caching,
    /// Extra metadata.
    pub meta: Option<Box<Meta>>,
}

impl From<ResourceContents> for ResourceResult {
    fn from(contents: ResourceContents) -> Self {
        Self { contents: vec![contents], ..Self::default() }
    }
}

/// One message of a prompt.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PromptMessage {
    /// Who says it.
    pub role: Role,
    /// What is said.
    pub content: Content,
}

impl PromptMessage {
    /// Said by the person.
    #[must_use]
    pub fn user(content: Content) -> Self {
        Self { role: Role::User, content }
    }

    /// Said by the model.
    #[must_use]
    pub fn assistant(content: Content) -> Self {
        Self { role: Role::Assistant, content }
    }
}

/// What a prompt returns.
#[derive(Debug, Clone, Default)]
pub struct PromptResult {
    /// What the prompt is for.
    pub description: Option<String>,
    /// The messages.
    pub messages: Vec<PromptMessage>,
    /// Extra metadata.
    pub meta: Option<Box<Meta>>,
}

impl From<PromptMessage> for PromptResult {
    fn from(message: PromptMessage) -> Self {
        Self { messages: vec![message], ..Self::default() }
    }
}

/// Values for an argument, best first; the first [`Completion::VALUES_MAX`] are sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Completion {
    /// The values.
    pub values: Vec<String>,
    /// How many there are in all, if known.
    pub total: Option<u64>,
    /// Whether there are more than were given here.
    pub has_more: bool,
}

impl Completion {
    /// The most values that an answer may have (CMPL-02).
    pub const VALUES_MAX: usize = 100;
}

impl<T: Into<String>> FromIterator<T> for Completion {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Self { values: values.into_iter().map(Into::into).collect(), total: None, has_more: false }
    }
}
