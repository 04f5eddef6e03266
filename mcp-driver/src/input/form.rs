//! A form: what a person can be asked at once (ELI-05), and whether an answer fits it (ELI-08).
//!
//! A form is read from a JSON Schema and written in the words of the client's revision. It has fewer words than
//! a schema: what only narrows a value, such as `pattern`, is not shown to the person and checked in the answer;
//! what makes another kind of value of it, such as an object within the object, cannot be asked.

mod choices;
mod field;

use std::{error::Error, fmt};

use mcp_proto::Revision;
use serde_json::{Map, Value, json};

use self::field::Field;
use super::InputError;
#[cfg(feature = "schema-validation")]
use crate::schema;

/// A flat object, member by member.
pub(super) struct Form {
    fields: Vec<(String, Field)>,
    required: Vec<String>,
    #[cfg(feature = "schema-validation")]
    validator: schema::Validator,
}

/// Why a schema is no form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FormError {
    /// `None`: the form as a whole.
    field: Option<String>,
    fault: FormFault,
}

/// What is wrong with a form or a field of it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum FormFault {
    /// A form is an object.
    NotAnObject,
    /// It is required, and there is no such field.
    NotAField,
    /// A field is text, a number, yes or no, or a choice.
    NotPrimitive,
    /// Choices are between texts, at least one.
    NotAChoice,
    /// ELI-01.
    Secret,
    /// Says what no form can.
    Keyword(&'static str),
    #[cfg(feature = "schema-validation")]
    Schema(schema::SchemaError),
}

/// What makes another kind of value than a form has, wherever nothing has made sense of it.
const STRUCTURE: [&str; 13] = [
    "$dynamicRef",
    "$ref",
    "allOf",
    "anyOf",
    "const",
    "dependentSchemas",
    "else",
    "enum",
    "if",
    "not",
    "oneOf",
    "patternProperties",
    "then",
];

impl Form {
    /// # Errors
    /// When it says what a form cannot.
    pub(super) fn of(schema: &Value) -> Result<Self, FormError> {
        let whole = |fault| FormError { field: None, fault };
        let members = schema.as_object().ok_or(whole(FormFault::NotAnObject))?;
        if members.get("type").and_then(Value::as_str) != Some("object") {
            return Err(whole(FormFault::NotAnObject));
        }
        no_structure(members, &[]).map_err(whole)?;
        // Members that nobody has named cannot be asked for.
        if members.get("additionalProperties").is_some_and(Value::is_object) {
            return Err(whole(FormFault::Keyword("additionalProperties")));
        }
        let mut fields = Vec::new();
        for (name, schema) in members.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let field = Field::of(schema).map_err(|fault| FormError { field: Some(name.clone()), fault })?;
            fields.push((name.clone(), field));
        }
        let required = texts(members.get("required")).unwrap_or_default();
        if let Some(name) = required.iter().find(|name| !fields.iter().any(|(field, _)| field == *name)) {
            return Err(FormError { field: Some(name.clone()), fault: FormFault::NotAField });
        }
        #[cfg(feature = "schema-validation")]
        let validator = schema::Validator::new(schema).map_err(|error| whole(FormFault::Schema(error)))?;
        Ok(Self {
            fields,
            required,
            #[cfg(feature = "schema-validation")]
            validator,
        })
    }

    /// `requestedSchema` in the words of this revision.
    ///
    /// # Errors
    /// When it has none for a field.
    pub(super) fn schema(&self, revision: Revision) -> Result<Value, InputError> {
        let mut properties = Map::new();
        for (name, field) in &self.fields {
            properties.insert(name.clone(), field.schema(revision)?);
        }
        let mut schema = json!({"type": "object", "properties": properties});
        if !self.required.is_empty() {
            schema["required"] = json!(self.required);
        }
        Ok(schema)
    }

    /// # Errors
    /// What is wrong, without what was entered.
    #[cfg(feature = "schema-validation")]
    pub(super) fn check(&self, content: &Value) -> Result<(), String> {
        self.validator.check_unseen(content)
    }

    /// What is left without a validator: a flat object. Deserialising does the rest.
    #[cfg(not(feature = "schema-validation"))]
    pub(super) fn check(&self, content: &Value) -> Result<(), String> {
        let missing = self.required.iter().find(|name| content.get(name).is_none());
        missing.map_or(Ok(()), |name| Err(format!("{name} is missing")))
    }
}

/// # Errors
/// When a keyword of structure is there that is not one of these.
fn no_structure(members: &Map<String, Value>, known: &[&str]) -> Result<(), FormFault> {
    let unknown = |keyword: &&&str| members.contains_key(**keyword) && !known.contains(*keyword);
    STRUCTURE.iter().find(unknown).map_or(Ok(()), |keyword| Err(FormFault::Keyword(keyword)))
}

/// A list of nothing but texts.
fn texts(value: Option<&Value>) -> Option<Vec<String>> {
    value?.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect()
}

/// The newer words for choices, choices of several, and defaults of everything came together.
fn has_newer_words(revision: Revision) -> bool {
    revision >= Revision::V2025_11_25
}

impl fmt::Display for FormError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.field {
            Some(field) => write!(f, "the field {field:?} cannot be asked for in a form: ")?,
            None => f.write_str("the schema is no form: ")?,
        }
        match &self.fault {
            FormFault::NotAnObject => f.write_str("it is no object"),
            FormFault::NotAField => f.write_str("it is required and there is none"),
            FormFault::NotPrimitive => {
                f.write_str("it is neither a string, a number, an integer, a boolean nor a choice of strings")
            }
            FormFault::NotAChoice => f.write_str("its choices are not strings, or there are none"),
            FormFault::Secret => f.write_str("a form must not ask for secrets; ask on a page instead"),
            FormFault::Keyword(keyword) => write!(f, "no form has {keyword}"),
            #[cfg(feature = "schema-validation")]
            FormFault::Schema(error) => error.fmt(f),
        }
    }
}

impl Error for FormError {}

#[cfg(test)]
mod tests;
