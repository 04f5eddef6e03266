//! A tool whose input schema has to reach clients as it is written here.

use mcp_driver::{Context, Tool, schema::SchemaError};
use serde_json::{Value, json};

pub(super) fn tool() -> Result<Tool, SchemaError> {
    Tool::new("json_schema_2020_12_tool")
        .description("Takes arguments that only JSON Schema 2020-12 can describe")
        .raw(schema(), async |arguments: Value, _: Context| format!("Called with {arguments}"))
}

fn schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {
            "address": {
                "$anchor": "addressDef",
                "type": "object",
                "properties": {
                    "street": { "type": "string" },
                    "city": { "type": "string" }
                }
            }
        },
        "properties": {
            "name": { "type": "string" },
            "address": { "$ref": "#/$defs/address" },
            "contactMethod": { "type": "string", "enum": ["phone", "email"] },
            "phone": { "type": "string" },
            "email": { "type": "string" }
        },
        "allOf": [
            { "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }
        ],
        "if": {
            "properties": { "contactMethod": { "const": "phone" } },
            "required": ["contactMethod"]
        },
        "then": { "required": ["phone"] },
        "else": { "required": ["email"] },
        "additionalProperties": false
    })
}
