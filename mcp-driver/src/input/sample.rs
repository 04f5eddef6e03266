//! Asking the client's model.

mod message;
mod tools;

use mcp_proto::{
    Revision,
    content::Role,
    session::{Question, QuestionMethod},
};
use serde::Deserialize;
use serde_json::{Value, json};

pub use self::{
    message::{SampleContent, SampleMessage, ToolUse, ToolUseResult},
    tools::{SampleTool, ToolChoice},
};
use super::{Ask, sealed::Sealed, unaskable, unreadable};
use crate::interrupt::Interrupt;

/// Asks the client's model to go on with a conversation. The answer is [`Sampled`]. The client may show the
/// question to its user, who may reject it ([`InputError::is_rejected`](crate::InputError::is_rejected)), and
/// chooses the model. 2026-07-28 deprecates it (SAM-07): ask a model of your own where you can.
///
/// ```
/// use mcp_tokio::{Auth, Context, InputError, Interrupt, Sample, Server, Tool};
/// use schemars::JsonSchema;
/// use serde::Deserialize;
/// use serde_json::json;
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Article {
///     text: String,
/// }
///
/// async fn shorten(article: Article, cx: Context) -> Result<String, Interrupt> {
///     let ask = Sample::new([format!("Put this in one sentence: {}", article.text)], 100)
///         .system("You write plainly.")
///         .temperature(0.2);
///     match cx.input("shorten", ask).await {
///         Ok(sampled) => Ok(sampled.text()),
///         Err(interrupt) if interrupt.input_error().is_some_and(InputError::is_unsupported) => Ok(article.text),
///         Err(interrupt) => Err(interrupt),
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), mcp_tokio::ServerError> {
/// let server = Server::builder("press", "1.0.0", Auth::none()).tool(Tool::new("shorten").typed(shorten));
///
/// // A client without a session cannot be asked.
/// let client = mcp_tokio::test_kit(server)?.anonymous();
/// let answer = client.call_tool("shorten", json!({"text": "It rains. It rains a lot."})).await;
/// assert_eq!(answer.text(), "It rains. It rains a lot.");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Sample {
    messages: Vec<SampleMessage>,
    max_tokens: u32,
    system: Option<String>,
    temperature: Option<f64>,
    stop: Vec<String>,
    model_hints: Vec<String>,
    /// Cost, speed and intelligence, by their names on the wire.
    priorities: [(&'static str, Option<f64>); 3],
    tools: Vec<SampleTool>,
    tool_choice: Option<ToolChoice>,
}

impl Sample {
    /// Asks for what follows these messages, in at most so many tokens (SAM-05). A text is a message of the user.
    pub fn new<M: Into<SampleMessage>>(messages: impl IntoIterator<Item = M>, max_tokens: u32) -> Self {
        Self {
            messages: messages.into_iter().map(Into::into).collect(),
            max_tokens,
            system: None,
            temperature: None,
            stop: Vec::new(),
            model_hints: Vec::new(),
            priorities: [("costPriority", None), ("speedPriority", None), ("intelligencePriority", None)],
            tools: Vec::new(),
            tool_choice: None,
        }
    }

    /// A system prompt. The client may change it or leave it out.
    #[must_use]
    pub fn system(mut self, prompt: impl Into<String>) -> Self {
        self.system = Some(prompt.into());
        self
    }

    /// How freely the model chooses its words. A finite number, whose range depends on the model.
    #[must_use]
    pub fn temperature(mut self, temperature: f64) -> Self {
        self.temperature = Some(temperature);
        self
    }

    /// A text at which the model stops; may be called again.
    #[must_use]
    pub fn stop(mut self, sequence: impl Into<String>) -> Self {
        self.stop.push(sequence.into());
        self
    }

    /// A model that would do, as a part of its name; the first hint that fits counts.
    #[must_use]
    pub fn model_hint(mut self, name: impl Into<String>) -> Self {
        self.model_hints.push(name.into());
        self
    }

    /// How much it matters that the model is cheap, fast and clever, each from 0 to 1.
    #[must_use]
    pub fn priorities(mut self, cost: f64, speed: f64, intelligence: f64) -> Self {
        for ((_, priority), value) in self.priorities.iter_mut().zip([cost, speed, intelligence]) {
            *priority = Some(value);
        }
        self
    }

    /// Tools that the model may ask for: the answer then has [`SampleContent::ToolUse`]. The handler runs them and
    /// asks again, with the answer and a message of results behind the others (SAM-03); it should bound how often
    /// (SAM-04). Only clients of 2025-11-25 and later that declare it take tools (SAM-01).
    #[must_use]
    pub fn tools(mut self, tools: impl IntoIterator<Item = SampleTool>) -> Self {
        self.tools.extend(tools);
        self
    }

    /// Whether the model may, must or must not use tools. Needs what tools need.
    #[must_use]
    pub fn tool_choice(mut self, choice: ToolChoice) -> Self {
        self.tool_choice = Some(choice);
        self
    }

    fn preferences(&self) -> Result<Option<Value>, Interrupt> {
        let mut preferences = serde_json::Map::new();
        if !self.model_hints.is_empty() {
            let hints: Vec<Value> = self.model_hints.iter().map(|name| json!({"name": name})).collect();
            preferences.insert("hints".to_owned(), hints.into());
        }
        for (name, priority) in self.priorities {
            let Some(priority) = priority else { continue };
            if !(0.0..=1.0).contains(&priority) {
                return Err(unaskable("a priority is not between 0 and 1"));
            }
            preferences.insert(name.to_owned(), json!(priority));
        }
        Ok((!preferences.is_empty()).then(|| preferences.into()))
    }
}

impl Sealed for Sample {}

impl Ask for Sample {
    type Answer = Sampled;

    fn question(&self, revision: Revision, _: &str) -> Result<Question, Interrupt> {
        tools::check_order(&self.messages)?;
        if self.temperature.is_some_and(|temperature| !temperature.is_finite()) {
            return Err(unaskable("the temperature is no number"));
        }
        let messages = message::write(&self.messages, revision)?;
        let mut params = json!({"messages": messages, "maxTokens": self.max_tokens});
        if let Some(preferences) = self.preferences()? {
            params["modelPreferences"] = preferences;
        }
        if let Some(system) = &self.system {
            params["systemPrompt"] = json!(system);
        }
        if let Some(temperature) = self.temperature {
            params["temperature"] = json!(temperature);
        }
        if !self.stop.is_empty() {
            params["stopSequences"] = json!(self.stop);
        }
        if !self.tools.is_empty() {
            params["tools"] = self.tools.iter().map(SampleTool::write).collect();
        }
        if let Some(choice) = self.tool_choice {
            params["toolChoice"] = json!({"mode": choice.as_str()});
        }
        let tools = !self.tools.is_empty() || self.tool_choice.is_some();
        Ok(Question { method: QuestionMethod::Sample { tools }, params })
    }

    fn read(&self, result: Value) -> Result<Sampled, Interrupt> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Result {
            role: String,
            #[serde(default)]
            content: Value,
            model: String,
            stop_reason: Option<String>,
        }
        let result: Result =
            serde_json::from_value(result).map_err(|_| unreadable("it has no role, content and model"))?;
        let role = match result.role.as_str() {
            "user" => Role::User,
            "assistant" => Role::Assistant,
            _ => return Err(unreadable("it is of neither role")),
        };
        let content = message::read(result.content)?;
        Ok(Sampled { role, content, model: result.model, stop_reason: result.stop_reason })
    }
}

/// What a client's model said. It is as trustworthy as the client: check it before anything is done with it
/// (SAM-04).
#[derive(Debug, Clone, PartialEq)]
pub struct Sampled {
    /// As whom it spoke, as a rule the assistant.
    pub role: Role,
    /// What it said, one piece or more; before 2025-11-25 always one.
    pub content: Vec<SampleContent>,
    /// The model's name.
    pub model: String,
    /// Why it stopped, if known: `endTurn`, `stopSequence`, `maxTokens`, `toolUse`, or in the model's own words.
    pub stop_reason: Option<String>,
}

impl Sampled {
    /// The pieces of text, one behind the other.
    #[must_use]
    pub fn text(&self) -> String {
        self.content.iter().filter_map(SampleContent::as_text).collect()
    }

    /// The tools that the model asks for.
    pub fn tool_uses(&self) -> impl Iterator<Item = &ToolUse> {
        self.content.iter().filter_map(|content| match content {
            SampleContent::ToolUse(tool) => Some(&**tool),
            SampleContent::Text(_)
            | SampleContent::Image(_)
            | SampleContent::Audio(_)
            | SampleContent::ToolResult(_) => None,
        })
    }
}

impl From<Sampled> for SampleMessage {
    fn from(sampled: Sampled) -> Self {
        Self { role: sampled.role, content: sampled.content }
    }
}

#[cfg(test)]
mod tests;
