//! Tools from typed functions or raw JSON.

use std::{borrow::Cow, future::Future};

use mcp_proto::{
    Outcome, ToolSpec,
    catalog::{Icon, ToolAnnotations},
    content::Meta,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    context::Context,
    handler::{CallParts, FromCall, Running, ToolFn},
    result::IntoToolResult,
    schema,
};

/// A tool: what it says about itself, and the function that does it.
///
/// ```
/// use mcp_tokio::{Auth, Interrupt, Json, Server, Tool};
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
/// use serde_json::json;
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Division {
///     dividend: i64,
///     /// Anything but zero
///     divisor: i64,
/// }
///
/// #[derive(Serialize, JsonSchema)]
/// struct Quotient {
///     quotient: i64,
/// }
///
/// async fn divide(numbers: Division) -> Result<Json<Quotient>, Interrupt> {
///     let quotient = numbers.dividend.checked_div(numbers.divisor);
///     let quotient = quotient.ok_or_else(|| Interrupt::tool("Nothing can be divided by that"))?;
///     Ok(Json(Quotient { quotient }))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), mcp_tokio::ServerError> {
/// let divide = Tool::new("divide").description("Divides whole numbers").typed(divide);
/// let server = Server::builder("calculator", "1.0.0", Auth::none()).tool(divide);
///
/// // A test calls it like this: see `testing`.
/// let client = mcp_tokio::test_kit(server)?.anonymous();
/// let divided = client.call_tool("divide", json!({"dividend": 7, "divisor": 2})).await;
/// assert_eq!(divided.result()["structuredContent"], json!({"quotient": 3}));
/// let failed = client.call_tool("divide", json!({"dividend": 7, "divisor": 0})).await;
/// assert!(failed.is_error());
/// assert_eq!(failed.text(), "Nothing can be divided by that");
/// # Ok(())
/// # }
/// ```
pub struct Tool {
    pub(crate) spec: ToolSpec,
    pub(crate) call: ToolFn,
    pub(crate) needs_caller: bool,
}

/// What a tool says about itself; ends with the function that does it.
#[derive(Debug, Clone)]
pub struct ToolBuilder {
    spec: ToolSpec,
}

/// For a tool that takes no arguments.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub struct NoArguments {}

// By hand, as a derived schema would tell every model the line above.
impl JsonSchema for NoArguments {
    fn schema_name() -> Cow<'static, str> {
        "NoArguments".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "object"})
    }
}

impl Tool {
    /// Begins a tool of this name: 1 to 128 of `A-Z a-z 0-9 _ - .`.
    #[allow(clippy::new_ret_no_self, reason = "a tool without a function is none yet")]
    pub fn new(name: impl Into<String>) -> ToolBuilder {
        ToolBuilder { spec: ToolSpec::new(name, Value::Null) }
    }
}

impl ToolBuilder {
    /// The name for people.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.spec.title = Some(title.into());
        self
    }

    /// What it does, for the model.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.spec.description = Some(description.into());
        self
    }

    /// A scope that a caller needs besides those of the endpoint. Without it: HTTP 403 with a
    /// challenge that names every scope the call needs.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.spec.scopes.push(scope.into());
        self
    }

    /// Hints about what it does.
    #[must_use]
    pub fn annotations(mut self, annotations: ToolAnnotations) -> Self {
        self.spec.annotations = Some(annotations);
        self
    }

    /// A picture for people.
    #[must_use]
    pub fn icon(mut self, icon: Icon) -> Self {
        self.spec.icons.push(icon);
        self
    }

    /// Extra metadata.
    #[must_use]
    pub fn meta(mut self, meta: Meta) -> Self {
        self.spec.meta = Some(meta);
        self
    }

    /// JSON Schema of the structured result, where the function's type does not give one.
    #[must_use]
    pub fn output_schema(mut self, schema: Value) -> Self {
        self.spec.output_schema = Some(schema);
        self
    }

    /// A function of typed arguments, and up to two things about the call ([`FromCall`]): the
    /// [`crate::Caller`], the [`crate::CallerValue`], a [`Context`], the [`crate::ClientFacts`].
    ///
    /// The input schema comes from the type of the arguments, the output schema from the type of
    /// a [`crate::Json`] result. Arguments that do not fit are told to the model. What the schema says
    /// beyond the type, such as `#[schemars(range(max = 10))]`, is checked too, unless the crate is built
    /// without its feature `schema-validation`; a pattern that is no regular expression lets nothing through.
    #[must_use]
    pub fn typed<M, F: ToolFunction<M>>(mut self, function: F) -> Tool {
        self.spec.input_schema = schema::of::<F::Arguments>();
        if self.spec.output_schema.is_none() {
            self.spec.output_schema = F::Output::output_schema();
        }
        let bounds = schema::Bounds::of(&self.spec.input_schema);
        let call = move |json: bytes::Bytes, parts: &mut CallParts| -> Running {
            let arguments = match serde_json::from_slice(&json) {
                Ok(arguments) => arguments,
                Err(error) => return invalid(&error),
            };
            if let Err(violation) = bounds.check(&json) {
                return ended(Outcome::InvalidArguments(violation));
            }
            drop(json);
            function.run(arguments, parts)
        };
        Tool { spec: self.spec, call: Box::new(call), needs_caller: F::NEEDS_CALLER }
    }

    /// A function of raw JSON arguments, which are checked against `schema` (JSON Schema 2020-12)
    /// before it runs. `format` is not asserted, references to the network are refused, and
    /// patterns run in linear time.
    ///
    /// ```
    /// use mcp_tokio::{Auth, Context, Server, Tool};
    /// use serde_json::{Value, json};
    ///
    /// async fn dial(arguments: Value, _: Context) -> String {
    ///     format!("Dialling port {}", arguments["port"])
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let port = json!({"type": "integer", "maximum": 65535});
    /// let schema = json!({"type": "object", "properties": {"port": port}, "required": ["port"]});
    /// let server = Server::builder("dialler", "1.0.0", Auth::none()).tool(Tool::new("dial").raw(schema, dial)?);
    ///
    /// let client = mcp_tokio::test_kit(server)?.anonymous();
    /// assert_eq!(client.call_tool("dial", json!({"port": 80})).await.text(), "Dialling port 80");
    /// assert!(client.call_tool("dial", json!({"port": 65536})).await.is_error());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the schema is not valid.
    #[cfg(feature = "schema-validation")]
    pub fn raw<F, Fut, T>(self, schema: Value, function: F) -> Result<Tool, schema::SchemaError>
    where
        F: Fn(Value, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = T> + Send + 'static,
        T: IntoToolResult,
    {
        let validator = schema::Validator::new(&schema)?;
        Ok(self.raw_with(schema, move |value| validator.check(value), function))
    }

    /// A function of raw JSON arguments that are an object and otherwise unchecked: whatever
    /// `schema` tells the client, the function has to judge them itself.
    #[must_use]
    pub fn raw_unchecked<F, Fut, T>(self, schema: Value, function: F) -> Tool
    where
        F: Fn(Value, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = T> + Send + 'static,
        T: IntoToolResult,
    {
        self.raw_with(schema, |_| Ok(()), function)
    }

    fn raw_with<C, F, Fut, T>(mut self, schema: Value, check: C, function: F) -> Tool
    where
        C: Fn(&Value) -> Result<(), String> + Send + Sync + 'static,
        F: Fn(Value, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = T> + Send + 'static,
        T: IntoToolResult,
    {
        self.spec.input_schema = schema;
        if self.spec.output_schema.is_none() {
            self.spec.output_schema = T::output_schema();
        }
        let call = move |json: bytes::Bytes, parts: &mut CallParts| -> Running {
            let value: Value = match serde_json::from_slice(&json) {
                Ok(value) => value,
                Err(error) => return invalid(&error),
            };
            if let Err(violation) = check(&value) {
                return ended(Outcome::InvalidArguments(violation));
            }
            let future = function(value, parts.context());
            Box::pin(async move { outcome(future.await) })
        };
        Tool { spec: self.spec, call: Box::new(call), needs_caller: false }
    }
}

/// Longest text about bad arguments that a model is given, in characters.
const VIOLATION_CHARS_MAX: usize = 500;

fn invalid(error: &serde_json::Error) -> Running {
    let text: String = error.to_string().chars().take(VIOLATION_CHARS_MAX).collect();
    ended(Outcome::InvalidArguments(format!("Invalid arguments: {text}")))
}

fn ended(outcome: Outcome) -> Running {
    Box::pin(std::future::ready(outcome))
}

fn outcome(result: impl IntoToolResult) -> Outcome {
    match result.into_tool_result() {
        Ok(result) => Outcome::Tool(result),
        Err(interrupt) => interrupt.into_outcome("tool", None),
    }
}

/// An async function that can be a tool: its first argument is what the client sends, the others
/// come from the call. `M` only keeps the implementations apart.
#[diagnostic::on_unimplemented(
    message = "this is no function of a tool",
    note = "a tool is an async function of its arguments (`Deserialize + JsonSchema`, or `NoArguments`), then up to two of `Caller`, `Option<Caller>`, `CallerValue<T>`, `Context`, `ClientFacts`; it returns `String`, `&str`, `()`, `Json<T>`, `Content`, `Vec<Content>`, `ToolResult`, or a `Result` of one of these"
)]
pub trait ToolFunction<M>: Send + Sync + 'static {
    /// What the client sends.
    type Arguments: DeserializeOwned + JsonSchema;
    /// What it returns.
    type Output: IntoToolResult;
    /// Whether it only runs for authenticated callers.
    const NEEDS_CALLER: bool;

    #[doc(hidden)]
    fn run(&self, arguments: Self::Arguments, parts: &mut CallParts) -> Running;
}

macro_rules! tool_function {
    ($($part:ident),*) => {
        impl<F, Fut, A, $($part,)* T> ToolFunction<(A, $($part,)*)> for F
        where
            F: Fn(A, $($part),*) -> Fut + Send + Sync + 'static,
            Fut: Future<Output = T> + Send + 'static,
            A: DeserializeOwned + JsonSchema,
            $($part: FromCall,)*
            T: IntoToolResult,
        {
            type Arguments = A;
            type Output = T;
            const NEEDS_CALLER: bool = false $(|| $part::NEEDS_CALLER)*;

            #[allow(non_snake_case, reason = "one name for the type and the value of each part")]
            #[allow(unused_variables, reason = "a function without parts takes nothing from the call")]
            fn run(&self, arguments: A, parts: &mut CallParts) -> Running {
                $(let $part = match $part::from_call(parts) {
                    Ok(part) => part,
                    Err(interrupt) => return ended(interrupt.into_outcome("tool", None)),
                };)*
                let future = self(arguments, $($part),*);
                Box::pin(async move { outcome(future.await) })
            }
        }
    };
}

tool_function!();
tool_function!(P1);
tool_function!(P1, P2);

impl std::fmt::Debug for Tool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tool").field("name", &self.spec.name).finish_non_exhaustive()
    }
}
