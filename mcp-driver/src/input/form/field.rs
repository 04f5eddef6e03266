//! One field of a form.

use mcp_proto::Revision;
use serde_json::{Map, Value, json};

use super::{FormFault, choices::Choices, has_newer_words, no_structure, texts};
use crate::input::InputError;

/// A field, with what it says about itself.
pub(super) struct Field {
    title: Option<String>,
    description: Option<String>,
    kind: Kind,
}

/// What a person can enter.
enum Kind {
    Text {
        format: Option<&'static str>,
        length_min: Option<u64>,
        length_max: Option<u64>,
        default: Option<String>,
    },
    Number {
        name: &'static str,
        minimum: Option<Value>,
        maximum: Option<Value>,
        default: Option<Value>,
    },
    Boolean {
        default: Option<bool>,
    },
    /// One of them.
    One {
        of: Choices,
        default: Option<String>,
    },
    /// Several of them.
    Several {
        of: Choices,
        items_min: Option<u64>,
        items_max: Option<u64>,
        default: Option<Vec<String>>,
    },
}

/// The formats that a form knows. Others are not shown.
const FORMATS: [&str; 4] = ["date", "date-time", "email", "uri"];

impl Field {
    /// # Errors
    /// When no form has such a field.
    pub(super) fn of(schema: &Value) -> Result<Self, FormFault> {
        let outer = schema.as_object().ok_or(FormFault::NotPrimitive)?;
        let inner = without_null(outer)?;
        let about = |name: &str| {
            let text = outer.get(name).or_else(|| inner.get(name));
            text.and_then(Value::as_str).map(str::to_owned)
        };
        let default = outer.get("default").or_else(|| inner.get("default"));
        Ok(Self { title: about("title"), description: about("description"), kind: Kind::of(inner, default)? })
    }

    /// # Errors
    /// When the revision has no words for it.
    pub(super) fn schema(&self, revision: Revision) -> Result<Value, InputError> {
        let mut schema = self.kind.schema(revision)?;
        set(&mut schema, "title", self.title.as_deref());
        set(&mut schema, "description", self.description.as_deref());
        Ok(schema)
    }
}

/// What a value is that may be absent: a form leaves a field out and has no `null`.
fn without_null(schema: &Map<String, Value>) -> Result<&Map<String, Value>, FormFault> {
    let Some(either) = schema.get("anyOf").and_then(Value::as_array) else { return Ok(schema) };
    let is_null = |schema: &Value| schema.get("type").and_then(Value::as_str) == Some("null");
    match either.as_slice() {
        [one, null] | [null, one] if is_null(null) && !is_null(one) => {
            no_structure(schema, &["anyOf"])?;
            one.as_object().ok_or(FormFault::NotPrimitive)
        }
        _ => Ok(schema),
    }
}

/// The type of a value, which may also be said to be absent.
fn type_of(schema: &Map<String, Value>) -> Option<&str> {
    match schema.get("type")? {
        Value::String(name) => Some(name),
        Value::Array(names) => match names.as_slice() {
            [Value::String(name), Value::String(null)] | [Value::String(null), Value::String(name)]
                if null == "null" =>
            {
                Some(name)
            }
            _ => None,
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

impl Kind {
    fn of(schema: &Map<String, Value>, default: Option<&Value>) -> Result<Self, FormFault> {
        let text = default.and_then(Value::as_str).map(str::to_owned);
        let count = |name: &str| schema.get(name).and_then(Value::as_u64);
        let number = |name: &str| schema.get(name).filter(|value| value.is_number()).cloned();
        // Without a type: choices that are described one by one.
        match type_of(schema) {
            Some("string") | None if Choices::are_in(schema) => {
                Ok(Self::One { of: Choices::of(schema)?, default: text })
            }
            Some("string") => {
                no_structure(schema, &[])?;
                let format = schema.get("format").and_then(Value::as_str);
                if format == Some("password") {
                    return Err(FormFault::Secret);
                }
                Ok(Self::Text {
                    format: FORMATS.into_iter().find(|known| format == Some(known)),
                    length_min: count("minLength"),
                    length_max: count("maxLength"),
                    default: text,
                })
            }
            Some(name @ ("integer" | "number")) => {
                no_structure(schema, &[])?;
                Ok(Self::Number {
                    name: if name == "integer" { "integer" } else { "number" },
                    minimum: number("minimum"),
                    maximum: number("maximum"),
                    default: default.filter(|value| value.is_number()).cloned(),
                })
            }
            Some("boolean") => {
                no_structure(schema, &[])?;
                Ok(Self::Boolean { default: default.and_then(Value::as_bool) })
            }
            Some("array") => {
                no_structure(schema, &[])?;
                let items = schema.get("items").and_then(Value::as_object).ok_or(FormFault::NotPrimitive)?;
                Ok(Self::Several {
                    of: Choices::of(items)?,
                    items_min: count("minItems"),
                    items_max: count("maxItems"),
                    default: texts(default),
                })
            }
            Some(_) | None => {
                no_structure(schema, &[])?;
                Err(FormFault::NotPrimitive)
            }
        }
    }

    fn schema(&self, revision: Revision) -> Result<Value, InputError> {
        let is_newer = has_newer_words(revision);
        let mut schema;
        match self {
            Self::Text { format, length_min, length_max, default } => {
                schema = json!({"type": "string"});
                set(&mut schema, "format", *format);
                set(&mut schema, "minLength", *length_min);
                set(&mut schema, "maxLength", *length_max);
                set(&mut schema, "default", default.clone().filter(|_| is_newer));
            }
            Self::Number { name, minimum, maximum, default } => {
                schema = json!({"type": name});
                set(&mut schema, "minimum", minimum.clone());
                set(&mut schema, "maximum", maximum.clone());
                set(&mut schema, "default", default.clone().filter(|_| is_newer));
            }
            Self::Boolean { default } => {
                schema = json!({"type": "boolean"});
                set(&mut schema, "default", *default);
            }
            Self::One { of, default } => {
                schema = of.schema(revision);
                set(&mut schema, "default", default.clone().filter(|_| is_newer));
            }
            Self::Several { of, items_min, items_max, default } => {
                if !is_newer {
                    return Err(InputError::NotInRevision(revision));
                }
                schema = json!({"type": "array", "items": of.items()});
                set(&mut schema, "minItems", *items_min);
                set(&mut schema, "maxItems", *items_max);
                set(&mut schema, "default", default.clone());
            }
        }
        Ok(schema)
    }
}

fn set(schema: &mut Value, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        schema[name] = value.into();
    }
}
