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
