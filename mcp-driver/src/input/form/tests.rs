use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;

use super::*;
use crate::schema;

const OLDER: Revision = Revision::V2025_06_18;
const NEWER: Revision = Revision::V2025_11_25;

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
/// A visit.
struct Visit {
    /// Who comes
    #[schemars(length(min = 1, max = 40))]
    name: String,
    #[schemars(email)]
    address: Option<String>,
    #[schemars(title = "How many", range(min = 1, max = 8))]
    guests: u8,
    #[serde(default = "half")]
    share: f64,
    /// With breakfast
    #[serde(default)]
    breakfast: bool,
    room: Room,
    #[serde(default = "front")]
    side: Option<Side>,
    #[schemars(length(max = 2))]
    extras: BTreeSet<Extra>,
    #[schemars(regex(pattern = "^[A-Z]+$"))]
    code: Option<String>,
    seconds: i64,
}

#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "only its schema is used")]
enum Room {
    Small,
    Large,
}

#[derive(serde::Serialize, JsonSchema)]
enum Side {
    /// To the street
    Front,
    #[expect(dead_code, reason = "only its schema is used")]
    Back,
}

#[derive(JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
#[expect(dead_code, reason = "only its schema is used")]
enum Extra {
    #[schemars(title = "A dog")]
    Dog,
    Cot,
}

fn half() -> f64 {
    0.5
}

fn front() -> Option<Side> {
    Some(Side::Front)
}

fn of<T: JsonSchema>() -> Result<Form, FormError> {
    Form::of(&schema::of::<T>())
}

/// What the specification allows a field to be (`PrimitiveSchemaDefinition` of both revisions), with nothing
/// besides.
#[cfg(feature = "schema-validation")]
fn allowed(revision: Revision) -> schema::Validator {
    let text = json!({"type": "string"});
    let texts = json!({"type": "array", "items": text});
    let count = json!({"type": "integer"});
    let number = json!({"type": "number"});
    let is = |name: &str| json!({"const": name});
    let one = |required: &[&str], members: Value| {
        let mut properties = json!({"title": text, "description": text});
        for (name, schema) in members.as_object().unwrap() {
            properties[name] = schema.clone();
        }
        json!({"properties": properties, "required": required, "additionalProperties": false})
    };
    let described = json!({"type": "array", "items": one(&["const", "title"], json!({"const": text}))});
    let format = json!({"enum": ["date", "date-time", "email", "uri"]});
    let number_type = json!({"enum": ["integer", "number"]});
    let mut kinds = vec![
        one(&["type"], json!({"type": is("boolean"), "default": {"type": "boolean"}})),
        one(
            &["type"],
            json!({"type": is("string"), "format": format, "minLength": count, "maxLength": count}),
        ),
        one(&["type"], json!({"type": number_type, "minimum": number, "maximum": number})),
        one(&["type", "enum"], json!({"type": is("string"), "enum": texts, "enumNames": texts})),
    ];
    if revision == NEWER {
        for kind in &mut kinds[1..] {
            kind["properties"]["default"] = json!({"type": ["string", "number"]});
        }
        kinds.push(one(
            &["type", "oneOf"],
            json!({"type": is("string"), "oneOf": described, "default": text}),
        ));
        for (items, choices) in [("enum", texts.clone()), ("anyOf", described)] {
            let mut items = json!({"properties": {items: choices}, "required": [items]});
            if items["properties"].get("enum").is_some() {
                items["properties"]["type"] = is("string");
            }
            items["additionalProperties"] = json!(false);
            let several = json!({"type": is("array"), "items": items, "minItems": count, "maxItems": count, "default": texts});
            kinds.push(one(&["type", "items"], several));
        }
    }
    let form = json!({
        "type": "object",
        "properties": {
            "type": is("object"),
            "properties": {"type": "object", "additionalProperties": {"anyOf": kinds}},
            "required": texts,
        },
        "required": ["type", "properties"],
        "additionalProperties": false,
    });
    schema::Validator::new(&form).unwrap()
}

#[test]
fn a_type_is_asked_for_in_the_words_of_a_form() {
    let schema = of::<Visit>().unwrap().schema(NEWER).unwrap();
    let expected = json!({
        "type": "object",
        "properties": {
            "name": {"type": "string", "description": "Who comes", "minLength": 1, "maxLength": 40},
            "address": {"type": "string", "format": "email"},
            "guests": {"type": "integer", "title": "How many", "minimum": 1, "maximum": 8},
            "share": {"type": "number", "default": 0.5},
            "breakfast": {"type": "boolean", "description": "With breakfast", "default": false},
            "room": {"type": "string", "enum": ["small", "large"]},
            "side": {
                "type": "string",
                "oneOf": [{"const": "Front", "title": "To the street"}, {"const": "Back", "title": "Back"}],
                "default": "Front",
            },
            "extras": {
                "type": "array",
                "items": {"anyOf": [{"const": "Dog", "title": "A dog"}, {"const": "Cot", "title": "Cot"}]},
                "maxItems": 2,
            },
            "code": {"type": "string"},
            "seconds": {"type": "integer"},
        },
        "required": ["name", "guests", "room", "extras", "seconds"],
    });
    let sorted = |schema: &Value| {
        let mut schema = schema.clone();
        let required: BTreeSet<String> = texts(schema.get("required")).unwrap().into_iter().collect();
        schema["required"] = json!(required);
        // The order of an enum's documented and plain variants is not that of the type.
        for (path, by) in [("/properties/side/oneOf", "const"), ("/properties/extras/items/anyOf", "const")] {
            let choices = schema.pointer_mut(path).unwrap().as_array_mut().unwrap();
            choices.sort_by_key(|choice| choice[by].to_string());
        }
        schema
    };
    assert_eq!(sorted(&schema), sorted(&expected));
    #[cfg(feature = "schema-validation")]
    allowed(NEWER).check(&schema).unwrap();
}

#[test]
fn older_clients_are_asked_in_older_words() {
    let schema = json!({
        "type": "object",
        "properties": {
            "titled": {"type": "string", "oneOf": [
                {"const": "a", "title": "The first"}, {"const": "b", "title": "The second"},
            ], "default": "a"},
            "plain": {"type": "string", "enum": ["a", "b"], "default": "b"},
            "text": {"type": "string", "default": "x"},
            "number": {"type": "number", "default": 0.5},
            "yes": {"type": "boolean", "default": true},
        },
    });
    let older = Form::of(&schema).unwrap().schema(OLDER).unwrap();
    let expected = json!({
        "type": "object",
        "properties": {
            "titled": {"type": "string", "enum": ["a", "b"], "enumNames": ["The first", "The second"]},
            "plain": {"type": "string", "enum": ["a", "b"]},
            "text": {"type": "string"},
            "number": {"type": "number"},
            "yes": {"type": "boolean", "default": true},
        },
    });
    assert_eq!(older, expected);
    #[cfg(feature = "schema-validation")]
    {
        allowed(OLDER).check(&older).unwrap();
        assert!(allowed(OLDER).check(&schema).is_err(), "this would not tell");
    }
    assert_eq!(of::<Visit>().unwrap().schema(OLDER), Err(InputError::NotInRevision(OLDER)));
}

#[test]
fn what_is_written_as_a_form_is_asked_as_it_is_written() {
    let schema = json!({
        "type": "object",
        "properties": {
            "untitledSingle": {"type": "string", "enum": ["option1", "option2"]},
            "titledSingle": {"type": "string", "oneOf": [{"const": "value1", "title": "First"}]},
            "legacyEnum": {"type": "string", "enum": ["opt1", "opt2"], "enumNames": ["One", "Two"]},
            "untitledMulti": {
                "type": "array", "items": {"type": "string", "enum": ["option1"]},
                "minItems": 1, "maxItems": 3, "default": ["option1"],
            },
            "titledMulti": {"type": "array", "items": {"anyOf": [{"const": "value1", "title": "First"}]}},
            "name": {"type": "string", "title": "Name", "description": "Yours", "default": "John Doe"},
            "day": {"type": "string", "format": "date"},
            "age": {"type": "integer", "default": 30, "minimum": 0, "maximum": 150},
            "score": {"type": "number", "default": 95.5, "minimum": -0.5},
            "status": {"type": "string", "enum": ["active", "pending"], "default": "active"},
            "verified": {"type": "boolean", "default": true},
        },
        "required": ["name", "age"],
    });
    assert_eq!(Form::of(&schema).unwrap().schema(NEWER).unwrap(), schema);
    assert_eq!(Form::of(&schema).unwrap().schema(Revision::V2026_07_28).unwrap(), schema);
    #[cfg(feature = "schema-validation")]
    allowed(NEWER).check(&schema).unwrap();
}

#[test]
fn what_only_narrows_a_value_is_not_shown() {
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Form",
        "description": "All of it",
        "type": "object",
        "additionalProperties": false,
        "minProperties": 1,
        "properties": {
            "text": {"type": ["string", "null"], "pattern": "^a", "format": "uuid", "default": null, "examples": ["a"]},
            "number": {"type": "integer", "multipleOf": 2, "exclusiveMinimum": 1, "format": "int64"},
            "several": {"type": "array", "uniqueItems": true, "items": {"enum": ["a"], "description": "an a"}},
            "one": {"anyOf": [{"type": "string", "const": "a"}, {"type": "null"}], "description": "one"},
            "two": {"type": ["string", "null"], "enum": ["a", "b", null], "default": null},
        },
    });
    let expected = json!({
        "type": "object",
        "properties": {
            "text": {"type": "string"},
            "number": {"type": "integer"},
            "several": {"type": "array", "items": {"type": "string", "enum": ["a"]}},
            "one": {"type": "string", "enum": ["a"], "description": "one"},
            "two": {"type": "string", "enum": ["a", "b"]},
        },
    });
    assert_eq!(Form::of(&schema).unwrap().schema(NEWER).unwrap(), expected);
}

#[test]
fn what_no_form_has_is_refused_by_name() {
    let keyword = |keyword| FormFault::Keyword(keyword);
    for (field, fault) in [
        (json!({"type": "object", "properties": {}}), FormFault::NotPrimitive),
        (json!({"type": "array", "items": {"type": "string"}}), FormFault::NotAChoice),
        (json!({"type": "array"}), FormFault::NotPrimitive),
        (json!({"type": "array", "items": {"type": "integer", "enum": [1]}}), FormFault::NotAChoice),
        (json!({"type": "null"}), FormFault::NotPrimitive),
        (json!({"type": ["string", "integer"]}), FormFault::NotPrimitive),
        (json!({"type": ["string", "integer", "null"]}), FormFault::NotPrimitive),
        (json!({}), FormFault::NotPrimitive),
        (json!(true), FormFault::NotPrimitive),
        (json!({"type": "integer", "enum": [1, 2]}), keyword("enum")),
        (json!({"type": "boolean", "const": true}), keyword("const")),
        (json!({"type": "string", "enum": []}), FormFault::NotAChoice),
        (json!({"type": "string", "enum": ["a", 1]}), FormFault::NotAChoice),
        (json!({"type": "string", "const": 1}), FormFault::NotAChoice),
        (json!({"type": "string", "enum": ["a"], "not": {"const": "a"}}), keyword("not")),
        (json!({"oneOf": [{"type": "string"}, {"type": "integer"}]}), FormFault::NotAChoice),
        (json!({"oneOf": [{"const": "a"}, {"type": "object"}]}), FormFault::NotAChoice),
        (json!({"anyOf": [{"type": "object"}, {"type": "null"}]}), FormFault::NotPrimitive),
        (json!({"anyOf": [{"type": "null"}, {"type": "null"}]}), FormFault::NotAChoice),
        (json!({"type": "string", "allOf": [{"minLength": 1}]}), keyword("allOf")),
        (json!({"type": "string", "if": {}, "then": {}}), keyword("if")),
        (json!({"$ref": "#/$defs/a"}), keyword("$ref")),
        (json!({"type": "string", "format": "password"}), FormFault::Secret),
    ] {
        let schema = json!({"type": "object", "properties": {"name": field}});
        let expected = FormError { field: Some("name".into()), fault };
        assert_eq!(Form::of(&schema).err(), Some(expected), "{field}");
    }
}

#[test]
fn what_is_no_flat_object_is_no_form() {
    for (schema, field, fault) in [
        (schema::of::<String>(), None, FormFault::NotAnObject),
        (schema::of::<Vec<Visit>>(), None, FormFault::NotAnObject),
        (json!(true), None, FormFault::NotAnObject),
        (json!({"properties": {}}), None, FormFault::NotAnObject),
        (schema::of::<BTreeMap<String, String>>(), None, FormFault::Keyword("additionalProperties")),
        (json!({"type": "object", "anyOf": [{"required": ["a"]}]}), None, FormFault::Keyword("anyOf")),
        (json!({"type": "object", "required": ["a"]}), Some("a"), FormFault::NotAField),
    ] {
        let expected = FormError { field: field.map(str::to_owned), fault };
        assert_eq!(Form::of(&schema).err(), Some(expected), "{schema}");
    }
    let error = FormError { field: Some("a\nb".into()), fault: FormFault::Keyword("$ref") };
    assert_eq!(error.to_string(), r#"the field "a\nb" cannot be asked for in a form: no form has $ref"#);
}

#[test]
fn a_form_may_ask_for_nothing_but_a_yes() {
    let form = of::<crate::NoArguments>().unwrap();
    assert_eq!(form.schema(OLDER).unwrap(), json!({"type": "object", "properties": {}}));
    assert_eq!(form.check(&json!({})), Ok(()));
}

#[cfg(feature = "schema-validation")]
#[test]
fn an_answer_is_checked_also_against_what_is_not_shown() {
    let form = of::<Visit>().unwrap();
    let good = json!({
        "name": "Ann", "guests": 8, "room": "small", "extras": ["Dog"], "seconds": -1, "code": "AB",
    });
    assert_eq!(form.check(&good), Ok(()));
    for (member, value) in [
        ("name", json!("")),
        ("name", json!("x".repeat(41))),
        ("name", json!(1)),
        ("guests", json!(0)),
        ("guests", json!(9)),
        ("guests", json!(1.5)),
        ("guests", json!("1")),
        ("room", json!("huge")),
        ("extras", json!(["Dog", "Dog"])),
        ("extras", json!(["Cat"])),
        ("extras", json!("Dog")),
        ("breakfast", json!("yes")),
        ("code", json!("secret")),
    ] {
        let mut bad = good.clone();
        bad[member] = value.clone();
        let what = form.check(&bad).unwrap_err();
        assert!(what.starts_with(&format!("invalid at /{member}")), "{what}");
        assert!(!what.contains("secret"), "what was entered stays out of it: {what}");
    }
    let mut missing = good;
    missing.as_object_mut().unwrap().remove("guests");
    assert_eq!(form.check(&missing), Err(r#"invalid: "guests" is a required property"#.into()));
}

#[cfg(feature = "schema-validation")]
#[test]
fn a_schema_that_is_none_is_no_form() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "string", "pattern": "("}}});
    let error = Form::of(&schema).err().unwrap();
    assert!(matches!(error, FormError { field: None, fault: FormFault::Schema(_) }), "{error}");
}

#[cfg(not(feature = "schema-validation"))]
#[test]
fn what_is_required_is_there_even_without_a_validator() {
    let form = of::<Visit>().unwrap();
    let error = form.check(&json!({"name": "Ann"})).unwrap_err();
    assert!(error.ends_with(" is missing"), "{error}");
}
