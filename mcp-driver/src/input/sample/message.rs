//! The messages of a conversation with a model.

use mcp_proto::{
    Content, Revision,
    content::{Media, Role},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    input::{InputError, unaskable, unreadable},
    interrupt::Interrupt,
};

/// One message of a conversation. A text is one of the user.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleMessage {
    /// Who says it.
    pub role: Role,
    /// What is said, at least one piece.
    pub content: Vec<SampleContent>,
}

/// A piece of a message.
#[derive(Debug, Clone, PartialEq)]
pub enum SampleContent {
    /// Plain text.
    Text(String),
    /// An image, base64.
    Image(Box<Media>),
    /// Sound, base64. Not for clients of 2024-11-05.
    Audio(Box<Media>),
    /// The model asks for a tool. Since 2025-11-25.
    ToolUse(Box<ToolUse>),
    /// The user tells what the tool returned. Since 2025-11-25.
    ToolResult(Box<ToolUseResult>),
}

/// A tool that the model asks for.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ToolUse {
    /// What the result has to name.
    pub id: String,
    /// The tool.
    pub name: String,
    /// Its arguments, as the model has written them: unchecked.
    pub input: Map<String, Value>,
}

/// What a tool returned to the model.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolUseResult {
    /// Which [`ToolUse`] it belongs to.
    pub tool_use_id: String,
    /// What it returned.
    pub content: Vec<Content>,
    /// Whether it failed; the content then says how.
    pub is_error: bool,
}

impl SampleMessage {
    /// Said by the user.
    pub fn user(content: impl Into<SampleContent>) -> Self {
        Self { role: Role::User, content: vec![content.into()] }
    }

    /// Said by the model.
    pub fn assistant(content: impl Into<SampleContent>) -> Self {
        Self { role: Role::Assistant, content: vec![content.into()] }
    }

    /// What tools returned: all that the message before asked for, and nothing else (SAM-03).
    pub fn results(results: impl IntoIterator<Item = ToolUseResult>) -> Self {
        let content = results.into_iter().map(|result| SampleContent::ToolResult(Box::new(result))).collect();
        Self { role: Role::User, content }
    }

    /// The same with a further piece.
    #[must_use]
    pub fn with(mut self, content: impl Into<SampleContent>) -> Self {
        self.content.push(content.into());
        self
    }
}

impl<T: Into<String>> From<T> for SampleMessage {
    fn from(text: T) -> Self {
        Self::user(SampleContent::Text(text.into()))
    }
}

impl<T: Into<String>> From<T> for SampleContent {
    fn from(text: T) -> Self {
        Self::Text(text.into())
    }
}

impl SampleContent {
    /// An image from its bytes.
    pub fn image(bytes: &[u8], mime_type: impl Into<String>) -> Self {
        Self::Image(Box::new(Media::new(bytes, mime_type)))
    }

    /// Sound from its bytes.
    pub fn audio(bytes: &[u8], mime_type: impl Into<String>) -> Self {
        Self::Audio(Box::new(Media::new(bytes, mime_type)))
    }

    /// The text, if it is text.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Image(_) | Self::Audio(_) | Self::ToolUse(_) | Self::ToolResult(_) => None,
        }
    }

    fn since(&self) -> Revision {
        match self {
            Self::Text(_) | Self::Image(_) => Revision::V2024_11_05,
            Self::Audio(_) => Revision::V2025_03_26,
            Self::ToolUse(_) | Self::ToolResult(_) => Revision::V2025_11_25,
        }
    }

    fn write(&self) -> Value {
        match self {
            Self::Text(text) => json!({"type": "text", "text": text}),
            Self::Image(image) => media("image", image),
            Self::Audio(audio) => media("audio", audio),
            Self::ToolUse(tool) => {
                json!({"type": "tool_use", "id": tool.id, "name": tool.name, "input": tool.input})
            }
            Self::ToolResult(result) => json!({
                "type": "tool_result",
                "toolUseId": result.tool_use_id,
                "content": result.content,
                "isError": result.is_error,
            }),
        }
    }
}

fn media(kind: &str, media: &Media) -> Value {
    let mut written = json!(media);
    written["type"] = json!(kind);
    written
}

impl ToolUse {
    /// What the tool returned, as text.
    pub fn answer(&self, text: impl Into<String>) -> ToolUseResult {
        let content = vec![Content::text(text)];
        ToolUseResult { tool_use_id: self.id.clone(), content, is_error: false }
    }

    /// How the tool failed, for the model.
    pub fn failure(&self, text: impl Into<String>) -> ToolUseResult {
        ToolUseResult { is_error: true, ..self.answer(text) }
    }
}

/// The messages in the words of a revision.
///
/// # Errors
/// When it has none for a piece, or when a message has no piece.
pub(super) fn write(messages: &[SampleMessage], revision: Revision) -> Result<Vec<Value>, Interrupt> {
    let mut written = Vec::new();
    for SampleMessage { role, content } in messages {
        if content.iter().any(|piece| piece.since() > revision) {
            return Err(InputError::NotInRevision(revision).into());
        }
        let mut pieces: Vec<Value> = content.iter().map(SampleContent::write).collect();
        match pieces.len() {
            0 => return Err(unaskable("a message of the conversation is empty")),
            1 => written.extend(pieces.pop().map(|piece| json!({"role": role, "content": piece}))),
            _ if revision >= Revision::V2025_11_25 => written.push(json!({"role": role, "content": pieces})),
            // A message has one piece there, and one role may speak twice.
            _ => written.extend(pieces.into_iter().map(|piece| json!({"role": role, "content": piece}))),
        }
    }
    if written.is_empty() {
        return Err(unaskable("the conversation is empty"));
    }
    Ok(written)
}

/// What a model said: one piece, or several.
///
/// # Errors
/// When something else is there.
pub(super) fn read(content: Value) -> Result<Vec<SampleContent>, Interrupt> {
    #[derive(Deserialize)]
    #[serde(tag = "type", rename_all = "snake_case")]
    enum Piece {
        Text { text: String },
        Image(MediaPiece),
        Audio(MediaPiece),
        ToolUse(ToolUse),
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct MediaPiece {
        data: String,
        mime_type: String,
    }
    let media = |MediaPiece { data, mime_type }| Box::new(Media { data, mime_type, annotations: None });
    let pieces = match content {
        Value::Array(pieces) => pieces,
        one @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
            vec![one]
        }
    };
    let read = |piece| {
        Ok(match serde_json::from_value(piece)? {
            Piece::Text { text } => SampleContent::Text(text),
            Piece::Image(image) => SampleContent::Image(media(image)),
            Piece::Audio(audio) => SampleContent::Audio(media(audio)),
            Piece::ToolUse(tool) => SampleContent::ToolUse(Box::new(tool)),
        })
    };
    let read: Result<Vec<_>, serde_json::Error> = pieces.into_iter().map(read).collect();
    match read {
        Ok(content) if !content.is_empty() => Ok(content),
        Ok(_) | Err(_) => Err(unreadable("its content is nothing that a model says")),
    }
}
