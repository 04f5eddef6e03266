//! Completions of the arguments of prompts and resource templates.

use std::future::Future;

use mcp_proto::{Outcome, catalog::CompletionSpec, content::Completion as Values, exchange::CompletionInput};

use crate::{
    context::Context,
    handler::{CallParts, CompleteFn, Running},
    interrupt::Interrupt,
};

/// The function that completes arguments of one prompt or template. Whoever may use that may have
/// its arguments completed.
///
/// ```
/// use mcp_tokio::{
///     Auth, Completion, CompletionInput, CompletionValues, Content, Context, Interrupt, Prompt, PromptMessage, Server,
/// };
///
/// async fn languages(input: CompletionInput, _: Context) -> Result<CompletionValues, Interrupt> {
///     let known = ["Python", "R", "Ruby", "Rust"];
///     Ok(known.into_iter().filter(|language| language.starts_with(&input.value)).collect())
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), mcp_tokio::ServerError> {
/// let review = Prompt::new("review")
///     .optional("language", "Which code to look at")
///     .handler(async |_, _| Ok::<_, Interrupt>(PromptMessage::user(Content::text("Review this project."))));
/// let server = Server::builder("reviewer", "1.0.0", Auth::none())
///     .prompt(review)
///     .completion(Completion::of_prompt("review", languages));
///
/// let client = mcp_tokio::test_kit(server)?.anonymous();
/// assert_eq!(client.complete_prompt("review", "language", "Ru").await.values(), ["Ruby", "Rust"]);
/// # Ok(())
/// # }
/// ```
pub struct Completion {
    pub(crate) spec: CompletionSpec,
    pub(crate) complete: CompleteFn,
}

impl Completion {
    /// Of the prompt of this name.
    pub fn of_prompt<F, Fut, E>(name: impl Into<String>, function: F) -> Self
    where
        F: Fn(CompletionInput, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Values, E>> + Send + 'static,
        E: Into<Interrupt>,
    {
        Self::new(CompletionSpec::Prompt(name.into()), function)
    }

    /// Of the template of this text.
    pub fn of_template<F, Fut, E>(uri_template: impl Into<String>, function: F) -> Self
    where
        F: Fn(CompletionInput, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Values, E>> + Send + 'static,
        E: Into<Interrupt>,
    {
        Self::new(CompletionSpec::Template(uri_template.into()), function)
    }

    fn new<F, Fut, E>(spec: CompletionSpec, function: F) -> Self
    where
        F: Fn(CompletionInput, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Values, E>> + Send + 'static,
        E: Into<Interrupt>,
    {
        let complete = move |input: CompletionInput, parts: &mut CallParts| -> Running {
            let future = function(input, parts.context());
            Box::pin(async move {
                match future.await {
                    Ok(values) => Outcome::Completion(values),
                    Err(error) => error.into().into_outcome("completion", None),
                }
            })
        };
        Self { spec, complete: Box::new(complete) }
    }
}

impl std::fmt::Debug for Completion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Completion").field("of", &self.spec).finish_non_exhaustive()
    }
}
