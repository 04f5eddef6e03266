//! Tools that ask the client something before they return.

use mcp_driver::{Context, Elicit, Elicited, Interrupt, ListRoots, NoArguments, Sample, Tool};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize, JsonSchema)]
struct Prompt {
    /// What to say to the model
    prompt: String,
}

/// How much the model may say.
const TOKENS_MAX: u32 = 100;

pub(super) fn sampling() -> Tool {
    Tool::new("test_sampling").description("Has the client's model answer").typed(
        async |Prompt { prompt }: Prompt, cx: Context| {
            let sampled = cx.input("answer", Sample::new([prompt], TOKENS_MAX)).await?;
            Ok::<_, Interrupt>(format!("The model says: {}", sampled.text()))
        },
    )
}

#[derive(Deserialize, JsonSchema)]
struct Message {
    /// What the user reads above the form
    message: String,
}

#[derive(Deserialize, JsonSchema)]
struct User {
    /// What you are called
    username: String,
    /// Where mail reaches you
    email: String,
}

pub(super) fn elicitation() -> Tool {
    Tool::new("test_elicitation").description("Has the user fill in a form").typed(
        async |Message { message }: Message, cx: Context| {
            Ok::<_, Interrupt>(match cx.input("user", Elicit::form::<User>(message)).await? {
                Elicited::Accepted(User { username, email }) => format!("The user is {username}, {email}"),
                Elicited::Declined => "The user declined".to_owned(),
                Elicited::Cancelled => "The user cancelled".to_owned(),
            })
        },
    )
}

pub(super) fn roots() -> Tool {
    Tool::new("test_list_roots").description("Has the client tell where it works").typed(
        async |_: NoArguments, cx: Context| {
            let roots = cx.input("roots", ListRoots).await?;
            Ok::<_, Interrupt>(roots.into_iter().map(|root| root.uri).collect::<Vec<_>>().join("\n"))
        },
    )
}

pub(super) fn defaults() -> Tool {
    form(
        "test_elicitation_sep1034_defaults",
        "Has the user fill in a form that is filled in already",
        json!({
            "type": "object",
            "properties": {
                "name": { "type": "string", "default": "John Doe" },
                "age": { "type": "integer", "default": 30 },
                "score": { "type": "number", "default": 95.5 },
                "status": { "type": "string", "enum": ["active", "inactive", "pending"], "default": "active" },
                "verified": { "type": "boolean", "default": true }
            }
        }),
    )
}

pub(super) fn choices() -> Tool {
    let titled =
        |titles: [(&str, &str); 3]| titles.map(|(value, title)| json!({ "const": value, "title": title }));
    let values =
        titled([("value1", "First option"), ("value2", "Second option"), ("value3", "Third option")]);
    form(
        "test_elicitation_sep1330_enums",
        "Has the user choose, in each way in which a form can offer choices",
        json!({
            "type": "object",
            "properties": {
                "untitledSingle": { "type": "string", "enum": ["option1", "option2", "option3"] },
                "titledSingle": { "type": "string", "oneOf": values },
                "legacyEnum": {
                    "type": "string",
                    "enum": ["opt1", "opt2", "opt3"],
                    "enumNames": ["Option one", "Option two", "Option three"]
                },
                "untitledMulti": {
                    "type": "array",
                    "items": { "type": "string", "enum": ["option1", "option2", "option3"] }
                },
                "titledMulti": { "type": "array", "items": { "anyOf": values } }
            }
        }),
    )
}

/// A tool that returns what the user makes of a form.
fn form(name: &'static str, description: &'static str, schema: Value) -> Tool {
    Tool::new(name).description(description).typed(move |_: NoArguments, cx: Context| {
        let form = Elicit::form_raw("Please fill this in", &schema);
        async move {
            Ok::<_, Interrupt>(match cx.input("form", form).await? {
                Elicited::Accepted(content) => format!("The user says {content}"),
                Elicited::Declined => "The user declined".to_owned(),
                Elicited::Cancelled => "The user cancelled".to_owned(),
            })
        }
    })
}
