//! Prompts.

use std::{collections::BTreeMap, future::Future};

use mcp_proto::{Outcome, PromptSpec, catalog::PromptArgument, content::PromptResult};

use crate::{
    context::Context,
    handler::{CallParts, PromptFn, Running},
    interrupt::Interrupt,
};

/// A prompt: what it says about itself, and the function that fills it in.
///
/// ```
/// use mcp_tokio::{Auth, Content, Context, Interrupt, Prompt, PromptArguments, PromptMessage, Server};
/// use serde_json::json;
///
/// async fn review(arguments: PromptArguments, _: Context) -> Result<PromptMessage, Interrupt> {
///     let language = arguments.get("language").map_or("the", String::as_str);
///     Ok(PromptMessage::user(Content::text(format!("Review {language} code in this project."))))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), mcp_tokio::ServerError> {
/// let review = Prompt::new("review").required("language", "Which code to look at").handler(review);
/// let server = Server::builder("reviewer", "1.0.0", Auth::none()).prompt(review);
///
/// let client = mcp_tokio::test_kit(server)?.anonymous();
/// let filled_in = client.get_prompt("review", json!({"language": "Rust"})).await;
/// assert_eq!(filled_in.text(), "Review Rust code in this project.");
/// let without = client.get_prompt("review", json!({})).await;
/// assert_eq!(without.error().map(|error| error.code), Some(-32602));
/// # Ok(())
/// # }
/// ```
pub struct Prompt {
    pub(crate) spec: PromptSpec,
    pub(crate) get: PromptFn,
}

/// What a prompt says about itself; ends with the function that fills it in.
#[derive(Debug, Clone)]
pub struct PromptBuilder {
    spec: PromptSpec,
}

/// The arguments of a prompt, by name. Those declared as required are there.
pub type PromptArguments = BTreeMap<String, String>;

impl Prompt {
    /// Begins a prompt of this name.
    #[allow(clippy::new_ret_no_self, reason = "a prompt without a function is none yet")]
    pub fn new(name: impl Into<String>) -> PromptBuilder {
        PromptBuilder { spec: PromptSpec { name: name.into(), ..PromptSpec::default() } }
    }
}

impl PromptBuilder {
    /// The name for people.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.spec.title = Some(title.into());
        self
    }

    /// What it is for.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.spec.description = Some(description.into());
        self
    }

    /// An argument that has to be given.
    #[must_use]
    pub fn required(self, name: impl Into<String>, description: impl Into<String>) -> Self {
        self.argument(name.into(), description.into(), true)
    }

    /// An argument that may be given.
    #[must_use]
    pub fn optional(self, name: impl Into<String>, description: impl Into<String>) -> Self {
        self.argument(name.into(), description.into(), false)
    }

    fn argument(mut self, name: String, description: String, required: bool) -> Self {
        let description = Some(description);
        self.spec.arguments.push(PromptArgument { name, title: None, description, required });
        self
    }

    /// A scope that a caller needs besides those of the endpoint.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.spec.scopes.push(scope.into());
        self
    }

    /// The function that fills it in.
    #[must_use]
    pub fn handler<F, Fut, T, E>(self, function: F) -> Prompt
    where
        F: Fn(PromptArguments, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Into<PromptResult>,
        E: Into<Interrupt>,
    {
        let get = move |arguments: PromptArguments, parts: &mut CallParts| -> Running {
            let future = function(arguments, parts.context());
            Box::pin(async move {
                match future.await {
                    Ok(result) => Outcome::Prompt(result.into()),
                    Err(error) => error.into().into_outcome("prompt", None),
                }
            })
        };
        Prompt { spec: self.spec, get: Box::new(get) }
    }
}

impl std::fmt::Debug for Prompt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prompt").field("name", &self.spec.name).finish_non_exhaustive()
    }
}
