//! JSON Schemas: of typed arguments, and to check raw ones against.

use schemars::{JsonSchema, Schema, generate::SchemaSettings, transform::RecursiveTransform};
use serde_json::{Value, json};

/// The schema of a type: JSON Schema 2020-12, references inlined where the type is not recursive,
/// `properties` always there for an object, members in a fixed order, no title, and no `format` that names
/// a number type of Rust: validators warn of formats that they do not know.
#[must_use]
pub fn of<T: JsonSchema + ?Sized>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.transforms.push(Box::new(RecursiveTransform(without_number_format)));
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    // The name of a Rust type says nothing to a model.
    if let Some(members) = schema.as_object_mut() {
        members.remove("title");
    }
    if schema.get("type").and_then(Value::as_str) == Some("object") && schema.get("properties").is_none() {
        schema["properties"] = json!({});
    }
    schema
}

fn without_number_format(schema: &mut Schema) {
    if schema.get("format").and_then(Value::as_str).is_some_and(is_number_type) {
        schema.remove("format");
    }
}

fn is_number_type(format: &str) -> bool {
    let bits = format.trim_start_matches('u').strip_prefix("int");
    matches!(format, "float" | "double")
        || bits.is_some_and(|bits| bits.is_empty() || bits.bytes().all(|bit| bit.is_ascii_digit()))
}

#[cfg(feature = "schema-validation")]
pub use self::validation::SchemaError;
#[cfg(feature = "schema-validation")]
pub(crate) use self::validation::Validator;

#[cfg(feature = "schema-validation")]
mod validation {
    use std::fmt;

    use serde_json::Value;

    /// A schema that arguments cannot be checked against.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct SchemaError(String);

    impl fmt::Display for SchemaError {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "invalid JSON Schema: {}", self.0)
        }
    }

    impl std::error::Error for SchemaError {}

    /// A compiled schema.
    pub(crate) struct Validator(jsonschema::Validator);

    /// Longest text about a violation that a model is given, in characters.
    const VIOLATION_CHARS_MAX: usize = 500;

    impl Validator {
        /// SCH-01, SCH-05, SCH-07: 2020-12 unless the schema says otherwise; external references
        /// are errors.
        pub(crate) fn new(schema: &Value) -> Result<Self, SchemaError> {
            jsonschema::options()
                .with_pattern_options(jsonschema::PatternOptions::regex())
                .build(schema)
                .map(Self)
                .map_err(|error| SchemaError(error.to_string()))
        }

        /// The first violation, for the model.
        pub(crate) fn check(&self, arguments: &Value) -> Result<(), String> {
            self.0.validate(arguments).map_err(|violation| {
                let path = violation.instance_path().to_string();
                let text: String = violation.to_string().chars().take(VIOLATION_CHARS_MAX).collect();
                let place = if path.is_empty() { String::new() } else { format!(" at {path}") };
                format!("Invalid arguments{place}: {text}")
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{is_number_type, of};

    #[test]
    fn formats_that_only_rust_knows_are_left_out() {
        for (format, is_rust) in [
            ("uint64", true),
            ("int32", true),
            ("uint", true),
            ("int", true),
            ("double", true),
            ("float", true),
            ("date-time", false),
            ("uri", false),
            ("integer", false),
            ("interval", false),
            ("u", false),
        ] {
            assert_eq!(is_number_type(format), is_rust, "{format}");
        }
        assert_eq!(of::<Vec<Option<u64>>>()["items"].get("format"), None);
        assert_eq!(of::<Vec<Option<u64>>>()["items"]["minimum"], 0);
    }
}
