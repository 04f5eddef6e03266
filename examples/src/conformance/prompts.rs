//! The prompts, and the completion of an argument.

use mcp_driver::{
    Catalog, Completion, CompletionValues, Content, Context, Interrupt, Prompt, PromptArguments,
    PromptMessage, PromptResult, ResourceContents, proto::exchange::CompletionInput,
};

use crate::conformance::media;

const WITH_ARGUMENTS: &str = "test_prompt_with_arguments";

pub(crate) fn add_to(catalog: Catalog) -> Catalog {
    catalog
        .prompt(simple())
        .prompt(with_arguments())
        .prompt(with_embedded_resource())
        .prompt(with_image())
        .completion(Completion::of_prompt(WITH_ARGUMENTS, complete))
}

fn simple() -> Prompt {
    Prompt::new("test_simple_prompt").description("One text without arguments").handler(
        async |_: PromptArguments, _: Context| {
            Ok::<_, Interrupt>(user_text("This is a simple prompt for testing."))
        },
    )
}

fn with_arguments() -> Prompt {
    Prompt::new(WITH_ARGUMENTS)
        .description("A text that both arguments appear in")
        .required("arg1", "The first argument")
        .required("arg2", "The second argument")
        .handler(async |arguments: PromptArguments, _: Context| {
            let [first, second] = ["arg1", "arg2"].map(|name| argument(&arguments, name));
            let text = format!("Prompt with arguments: arg1='{first}', arg2='{second}'");
            Ok::<_, Interrupt>(user_text(text))
        })
}

fn with_embedded_resource() -> Prompt {
    Prompt::new("test_prompt_with_embedded_resource")
        .description("A resource, and a text about it")
        .required("resourceUri", "The URI of the resource")
        .handler(async |arguments: PromptArguments, _: Context| {
            let text = "Embedded resource content for testing.";
            let resource = ResourceContents::text(argument(&arguments, "resourceUri"), text);
            let resource = Content::resource(resource.mime_type("text/plain"));
            Ok::<_, Interrupt>(about(resource, "Please process the embedded resource above."))
        })
}

fn with_image() -> Prompt {
    Prompt::new("test_prompt_with_image").description("An image, and a text about it").handler(
        async |_: PromptArguments, _: Context| {
            Ok::<_, Interrupt>(about(media::picture(), "Please analyze the image above."))
        },
    )
}

/// Values that are offered for any argument.
const OFFERED: [&str; 3] = ["test", "testing", "tested"];

async fn complete(input: CompletionInput, _: Context) -> Result<CompletionValues, Interrupt> {
    Ok(OFFERED.into_iter().filter(|value| value.starts_with(&input.value)).collect())
}

/// Required arguments are there: a request without them is refused before it comes here.
fn argument<'a>(arguments: &'a PromptArguments, name: &str) -> &'a str {
    arguments.get(name).map_or("", String::as_str)
}

fn user_text(text: impl Into<String>) -> PromptMessage {
    PromptMessage::user(Content::text(text))
}

fn about(content: Content, text: &str) -> PromptResult {
    let messages = vec![PromptMessage::user(content), user_text(text)];
    PromptResult { messages, ..PromptResult::default() }
}
