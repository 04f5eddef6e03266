use serde_json::json;

use super::*;

fn found(schema: &Value) -> Vec<(String, String, ParamKind)> {
    let headers = param_headers(schema).unwrap_or_else(|error| panic!("{error}"));
    headers
        .into_iter()
        .map(|header| (header.suffix.to_string(), header.path.join("/"), header.kind))
        .collect()
}

#[test]
fn annotated_properties_are_found_at_any_depth() {
    let schema = json!({
        "type": "object",
        "properties": {
            "region": { "type": "string", "x-mcp-header": "Region" },
            "options": {
                "type": "object",
                "properties": {
                    "limit": { "type": "integer", "x-mcp-header": "Limit", "minimum": 0 },
                    "deep": { "properties": { "dry": { "type": "boolean", "x-mcp-header": "X!#$%&'*+-.^_`|~9" } } },
                },
            },
            "query": { "type": "string" },
            "anything": true,
        },
        "required": ["region"],
    });
    let mut headers = found(&schema);
    headers.sort_by(|one, other| one.1.cmp(&other.1));
    let expected = [
        ("x!#$%&'*+-.^_`|~9", "options/deep/dry", ParamKind::Boolean),
        ("limit", "options/limit", ParamKind::Integer),
        ("region", "region", ParamKind::String),
    ];
    assert_eq!(headers, expected.map(|(suffix, path, kind)| (suffix.to_owned(), path.to_owned(), kind)));
}

#[test]
fn a_schema_without_annotations_has_no_headers() {
    for schema in [
        json!({}),
        json!(true),
        json!(null),
        json!({ "type": "object" }),
        json!({ "properties": {} }),
        json!([1]),
    ] {
        assert_eq!(found(&schema), []);
    }
}

#[test]
fn a_property_or_data_of_that_name_is_no_annotation() {
    let schema = json!({
        "properties": {
            "x-mcp-header": { "type": "string", "x-mcp-header": "A" },
            "properties": { "type": "string", "x-mcp-header": "B" },
            "items": { "type": "object", "properties": { "const": { "type": "string", "x-mcp-header": "C" } } },
            "d": { "default": { "x-mcp-header": "D" }, "const": { "x-mcp-header": 1 }, "enum": [{ "x-mcp-header": "" }] },
        },
        "examples": [{ "x-mcp-header": "E" }],
        "$defs": { "x-mcp-header": { "type": "string" } },
    });
    let mut headers: Vec<String> =
        found(&schema).into_iter().map(|(suffix, path, _)| format!("{suffix}={path}")).collect();
    headers.sort();
    assert_eq!(headers, ["a=x-mcp-header", "b=properties", "c=items/const"]);
}

fn fault(schema: &Value) -> (String, ParamHeaderFault) {
    let error = param_headers(schema).expect_err("not allowed");
    (error.pointer, error.fault)
}

#[test]
fn an_annotation_that_is_not_reached_through_properties_is_an_error() {
    let leaf = json!({ "type": "string", "x-mcp-header": "A" });
    let inner = json!({ "properties": { "a": leaf } });
    let table = [
        (leaf.clone(), ""),
        (json!({ "items": leaf }), "/items"),
        (json!({ "items": inner }), "/items/properties/a"),
        (json!({ "prefixItems": [true, leaf] }), "/prefixItems/1"),
        (json!({ "properties": { "l": { "items": leaf } } }), "/properties/l/items"),
        (json!({ "properties": { "l": { "contains": inner } } }), "/properties/l/contains/properties/a"),
        (json!({ "allOf": [inner] }), "/allOf/0/properties/a"),
        (json!({ "anyOf": [true, inner] }), "/anyOf/1/properties/a"),
        (json!({ "oneOf": [leaf] }), "/oneOf/0"),
        (json!({ "not": inner }), "/not/properties/a"),
        (json!({ "if": inner }), "/if/properties/a"),
        (json!({ "then": inner }), "/then/properties/a"),
        (json!({ "else": inner }), "/else/properties/a"),
        (json!({ "$defs": { "d": leaf } }), "/$defs/d"),
        (json!({ "definitions": { "d": inner } }), "/definitions/d/properties/a"),
        (json!({ "patternProperties": { "^a/~b": leaf } }), "/patternProperties/^a~1~0b"),
        (json!({ "additionalProperties": leaf }), "/additionalProperties"),
        (json!({ "unevaluatedProperties": leaf }), "/unevaluatedProperties"),
        (json!({ "propertyNames": leaf }), "/propertyNames"),
        (json!({ "dependentSchemas": { "x": inner } }), "/dependentSchemas/x/properties/a"),
        (json!({ "unknown-keyword": [[{ "deep": leaf }]] }), "/unknown-keyword/0/0/deep"),
        (json!({ "properties": [leaf] }), "/properties/0"),
        (json!({ "properties": { "o": { "allOf": [leaf] } } }), "/properties/o/allOf/0"),
    ];
    for (schema, pointer) in table {
        assert_eq!(fault(&schema), (pointer.to_owned(), ParamHeaderFault::NotReachable), "{schema}");
    }
}

#[test]
fn only_strings_integers_and_booleans_can_be_mirrored() {
    for kind in [
        json!("number"),
        json!("object"),
        json!("array"),
        json!("null"),
        json!("String"),
        json!(["string"]),
        json!(["string", "null"]),
        json!([]),
        json!(null),
        json!(1),
    ] {
        let schema = json!({ "properties": { "a/b": { "type": kind, "x-mcp-header": "A" } } });
        assert_eq!(fault(&schema), ("/properties/a~1b".to_owned(), ParamHeaderFault::TypeNotAllowed));
    }
    for schema in [
        json!({ "x-mcp-header": "A" }),
        json!({ "$ref": "#/$defs/a", "x-mcp-header": "A" }),
        json!({ "enum": ["a"], "x-mcp-header": "A" }),
    ] {
        let schema = json!({ "properties": { "a": schema } });
        assert_eq!(fault(&schema), ("/properties/a".to_owned(), ParamHeaderFault::TypeNotAllowed));
    }
}

#[test]
fn an_annotation_is_a_token() {
    for annotation in [
        json!(""),
        json!("A B"),
        json!(" A"),
        json!("A:"),
        json!("A/B"),
        json!("A,B"),
        json!("A\r\nB"),
        json!("A\u{0}"),
        json!("é"),
        json!("\"A\""),
        json!("A\t"),
        json!("(A)"),
        json!("A\u{7f}"),
        json!("{A}"),
        json!("A@"),
        json!("[A]"),
        json!("A;"),
        json!("A<"),
        json!("A="),
        json!("A?"),
        json!("A\\"),
        json!(1),
        json!(true),
        json!(null),
        json!({}),
        json!(["A"]),
    ] {
        let schema = json!({ "properties": { "a": { "type": "string", "x-mcp-header": annotation } } });
        assert_eq!(fault(&schema), ("/properties/a".to_owned(), ParamHeaderFault::NotToken), "{schema}");
    }
}

#[test]
fn the_length_of_an_annotation_is_limited() {
    let with =
        |length| json!({ "properties": { "a": { "type": "string", "x-mcp-header": "a".repeat(length) } } });
    assert_eq!(found(&with(SUFFIX_BYTES_MAX)).len(), 1);
    assert_eq!(fault(&with(SUFFIX_BYTES_MAX + 1)), ("/properties/a".to_owned(), ParamHeaderFault::TooLong));
}

#[test]
fn annotations_differ_in_more_than_case() {
    let schema = json!({ "properties": {
        "a": { "type": "string", "x-mcp-header": "Region" },
        "b": { "properties": { "c": { "type": "integer", "x-mcp-header": "rEGION" } } },
    } });
    assert_eq!(fault(&schema), ("/properties/b/properties/c".to_owned(), ParamHeaderFault::NotUnique));
}

#[test]
fn a_property_is_found_however_deep_it_lies() {
    const LEVELS: usize = 500;
    let mut schema = json!({ "type": "string", "x-mcp-header": "A" });
    // Moved in and out level by level: `json!` and dropping a `Value` recurse themselves.
    for _ in 0..LEVELS {
        let properties = Value::Object([("a".to_owned(), schema)].into_iter().collect());
        schema = Value::Object([("properties".to_owned(), properties)].into_iter().collect());
    }
    let headers = param_headers(&schema).expect("allowed");
    while let Some(inner) = schema.pointer_mut("/properties/a") {
        schema = inner.take();
    }
    assert_eq!(headers.first().map(|header| header.path.len()), Some(LEVELS));
}

#[test]
fn an_error_names_the_place() {
    let schema = json!({ "items": { "x-mcp-header": "A" } });
    let error = param_headers(&schema).expect_err("not allowed");
    assert_eq!(
        error.to_string(),
        "the x-mcp-header at \"/items\" is not on a property that is reached through `properties` only"
    );
}
