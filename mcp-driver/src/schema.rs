//! JSON Schemas: of typed arguments, and to check raw ones against.

use schemars::{
    JsonSchema, Schema,
    generate::SchemaSettings,
    transform::{RecursiveTransform, ReplaceBoolSchemas},
};
use serde_json::{Value, json};

/// The schema of a type: JSON Schema 2020-12, references inlined where the type is not recursive,
/// `properties` always there for an object, members in a fixed order, no title, and no `format` that names
/// a number type of Rust: validators warn of formats that they do not know. A member that may be anything has
/// an empty schema and not `true`, for which the official client drops the whole list of tools.
#[must_use]
pub fn of<T: JsonSchema + ?Sized>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.transforms.push(Box::new(RecursiveTransform(without_number_format)));
        settings.transforms.push(Box::new(ReplaceBoolSchemas::default()));
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
    let bits = format.strip_prefix('u').unwrap_or(format).strip_prefix("int");
    matches!(format, "float" | "double")
        || bits.is_some_and(|bits| bits.is_empty() || bits.bytes().all(|bit| bit.is_ascii_digit()))
}

/// What the schema of a type says beyond what the type can hold: lengths, ranges, patterns.
pub(crate) struct Bounds {
    #[cfg(feature = "schema-validation")]
    validator: Option<Result<Validator, SchemaError>>,
}

#[cfg(feature = "schema-validation")]
impl Bounds {
    pub(crate) fn of(schema: &Value) -> Self {
        Self { validator: has_bounds(schema).then(|| Validator::new(schema)) }
    }

    /// # Errors
    /// What is wrong.
    pub(crate) fn check(&self, json: &[u8]) -> Result<(), String> {
        match &self.validator {
            None => Ok(()),
            Some(Ok(validator)) => {
                let value = serde_json::from_slice(json).map_err(|error| error.to_string())?;
                validator.check(&value)
            }
            // An attribute of the type spoilt its schema: what it forbids cannot be told from what it allows.
            Some(Err(error)) => Err(format!("The arguments cannot be checked: {error}")),
        }
    }
}

#[cfg(not(feature = "schema-validation"))]
impl Bounds {
    pub(crate) fn of(_: &Value) -> Self {
        Self {}
    }

    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "as with the feature")]
    pub(crate) fn check(&self, _: &[u8]) -> Result<(), String> {
        Ok(())
    }
}

/// Whether anywhere in the schema something is bounded that deserialising does not check. That an unsigned
/// number is not negative, it does.
#[cfg(feature = "schema-validation")]
fn has_bounds(schema: &Value) -> bool {
    const BOUNDS: [&str; 13] = [
        "exclusiveMaximum",
        "exclusiveMinimum",
        "maxItems",
        "maxLength",
        "maxProperties",
        "maximum",
        "minItems",
        "minLength",
        "minProperties",
        "minimum",
        "multipleOf",
        "pattern",
        "uniqueItems",
    ];
    match schema {
        Value::Object(members) => members.iter().any(|(name, value)| {
            let is_bound = BOUNDS.contains(&name.as_str()) && !value.is_object();
            (is_bound && (name != "minimum" || *value != json!(0))) || has_bounds(value)
        }),
        Value::Array(elements) => elements.iter().any(has_bounds),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
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
        /// SCH-01, SCH-02, SCH-04 to SCH-07: 2020-12 unless the schema says otherwise; what its dialect does not
        /// allow, unknown dialects and external references are errors, and nothing is ever fetched.
        pub(crate) fn new(schema: &Value) -> Result<Self, SchemaError> {
            jsonschema::options()
                .with_pattern_options(jsonschema::PatternOptions::regex())
                .build(schema)
                .map(Self)
                .map_err(|error| SchemaError(error.to_string()))
        }

        /// The first violation, for the model.
        pub(crate) fn check(&self, arguments: &Value) -> Result<(), String> {
            self.0
                .validate(arguments)
                .map_err(|violation| format!("Invalid arguments{}: {}", place(&violation), cut(&violation)))
        }

        /// The first violation, without the value that violates.
        pub(crate) fn check_unseen(&self, value: &Value) -> Result<(), String> {
            self.0.validate(value).map_err(|violation| {
                let place = place(&violation);
                format!("invalid{place}: {}", cut(&violation.masked()))
            })
        }
    }

    fn place(violation: &jsonschema::ValidationError<'_>) -> String {
        let path = violation.instance_path().to_string();
        if path.is_empty() { path } else { format!(" at {path}") }
    }

    fn cut(violation: &impl fmt::Display) -> String {
        violation.to_string().chars().take(VIOLATION_CHARS_MAX).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{is_number_type, of};

    #[cfg(feature = "schema-validation")]
    #[test]
    fn a_schema_is_valid_in_a_dialect_that_is_known_and_complete_by_itself() {
        use serde_json::json;

        for schema in [
            json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"type": "string"}}}),
            json!({"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object"}),
            json!({"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"}),
        ] {
            assert!(super::Validator::new(&schema).is_ok(), "{schema}");
        }
        for schema in [
            json!({"type": "objekt"}),
            json!({"properties": {"a": {"minLength": "one"}}}),
            json!({"$schema": "https://example.com/dialect", "type": "object"}),
            json!({"$ref": "https://example.com/schema.json"}),
            json!({"properties": {"a": {"$ref": "file:///etc/passwd"}}}),
        ] {
            assert!(super::Validator::new(&schema).is_err(), "{schema}");
        }
        // Without a dialect of its own it is 2020-12, which alone of these has `prefixItems`.
        let pair = json!({"properties": {"pair": {"prefixItems": [{"type": "string"}]}}});
        let pair = super::Validator::new(&pair).expect("a schema");
        assert!(pair.check(&json!({"pair": ["a"]})).is_ok());
        assert!(pair.check(&json!({"pair": [1]})).is_err());
    }

    #[cfg(feature = "schema-validation")]
    #[test]
    fn only_what_a_type_does_not_hold_is_checked_beside_it() {
        use schemars::JsonSchema;
        use serde_json::json;

        use super::{Bounds, has_bounds};

        #[derive(JsonSchema)]
        #[expect(dead_code, reason = "only its schema is used")]
        struct Plain {
            text: String,
            count: Option<u64>,
            /// A name that is a keyword elsewhere.
            maximum: Vec<f64>,
        }

        #[derive(JsonSchema)]
        #[expect(dead_code, reason = "only its schema is used")]
        struct Bounded {
            #[schemars(range(min = 1, max = 10))]
            steps: u64,
            #[schemars(length(min = 1))]
            words: Vec<String>,
        }

        assert!(!has_bounds(&of::<Plain>()));
        assert!(Bounds::of(&of::<Plain>()).validator.is_none());
        let bounds = Bounds::of(&of::<Bounded>());
        for (arguments, fits) in [
            (json!({"steps": 1, "words": ["a"]}), true),
            (json!({"steps": 10, "words": ["a"]}), true),
            (json!({"steps": 0, "words": ["a"]}), false),
            (json!({"steps": 11, "words": ["a"]}), false),
            (json!({"steps": 1, "words": []}), false),
        ] {
            assert_eq!(bounds.check(arguments.to_string().as_bytes()).is_ok(), fits, "{arguments}");
        }
        let spoilt = Bounds::of(&json!({"type": "object", "properties": {"a": {"pattern": "("}}}));
        assert!(spoilt.check(b"{}").is_err(), "nothing passes a check that cannot be made");
    }

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
