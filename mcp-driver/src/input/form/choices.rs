//! What a person can choose from.

use mcp_proto::Revision;
use serde_json::{Map, Value, json};

use super::{FormFault, has_newer_words, no_structure, texts};

/// Texts, and what they are called for people.
pub(super) struct Choices {
    values: Vec<String>,
    titles: Option<Titles>,
}

/// One title for each value.
struct Titles {
    titles: Vec<String>,
    /// Whether they were written as `enumNames`: newer revisions still read that, and what was written so stays so.
    are_names: bool,
}

impl Choices {
    /// Whether a schema is one of choices.
    pub(super) fn are_in(schema: &Map<String, Value>) -> bool {
        ["enum", "const", "oneOf", "anyOf"].into_iter().any(|keyword| schema.contains_key(keyword))
    }

    /// # Errors
    /// When something can be chosen that is no text.
    pub(super) fn of(schema: &Map<String, Value>) -> Result<Self, FormFault> {
        let choices = if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            no_structure(schema, &["enum"])?;
            Self::of_values(values, texts(schema.get("enumNames")))?
        } else if let Some(described) = ["oneOf", "anyOf"].into_iter().find_map(|name| schema.get(name)) {
            no_structure(schema, if schema.contains_key("oneOf") { &["oneOf"] } else { &["anyOf"] })?;
            Self::of_described(described.as_array().ok_or(FormFault::NotAChoice)?)?
        } else {
            no_structure(schema, &["const"])?;
            Self::of_values(schema.get("const").map(std::slice::from_ref).unwrap_or_default(), None)?
        };
        if choices.values.is_empty() { Err(FormFault::NotAChoice) } else { Ok(choices) }
    }

    fn of_values(values: &[Value], names: Option<Vec<String>>) -> Result<Self, FormFault> {
        // `null` is how a schema says that nothing need be chosen.
        let values =
            values.iter().filter(|value| !value.is_null()).map(text).collect::<Result<Vec<_>, _>>()?;
        let titles = names.filter(|names| names.len() == values.len());
        Ok(Self { values, titles: titles.map(|titles| Titles { titles, are_names: true }) })
    }

    /// Each a schema of its own, of one value with a title or of several without.
    fn of_described(described: &[Value]) -> Result<Self, FormFault> {
        let mut titled = Vec::new();
        for choice in described {
            let title = ["title", "description"].into_iter().find_map(|name| choice.get(name)?.as_str());
            match (choice.get("const"), choice.get("enum").and_then(Value::as_array)) {
                (Some(value), _) => titled.push((text(value)?, title.map(str::to_owned))),
                (None, Some(values)) => {
                    for value in values {
                        titled.push((text(value)?, None));
                    }
                }
                (None, None) => return Err(FormFault::NotAChoice),
            }
        }
        let has_titles = titled.iter().any(|(_, title)| title.is_some());
        let title =
            |(value, title): &(String, Option<String>)| title.clone().unwrap_or_else(|| value.clone());
        let titles = titled.iter().map(title).collect();
        Ok(Self {
            values: titled.into_iter().map(|(value, _)| value).collect(),
            titles: has_titles.then_some(Titles { titles, are_names: false }),
        })
    }

    /// The field of which one can be chosen.
    pub(super) fn schema(&self, revision: Revision) -> Value {
        match &self.titles {
            None => json!({"type": "string", "enum": self.values}),
            Some(titles) if titles.are_names || !has_newer_words(revision) => {
                json!({"type": "string", "enum": self.values, "enumNames": titles.titles})
            }
            Some(titles) => json!({"type": "string", "oneOf": self.described(titles)}),
        }
    }

    /// What each of several is, in the words of 2025-11-25.
    pub(super) fn items(&self) -> Value {
        match &self.titles {
            None => json!({"type": "string", "enum": self.values}),
            Some(titles) => json!({"anyOf": self.described(titles)}),
        }
    }

    fn described(&self, titles: &Titles) -> Vec<Value> {
        let one = |(value, title): (&String, &String)| json!({"const": value, "title": title});
        self.values.iter().zip(&titles.titles).map(one).collect()
    }
}

fn text(value: &Value) -> Result<String, FormFault> {
    value.as_str().map(str::to_owned).ok_or(FormFault::NotAChoice)
}
