//! Resources and resource templates.

use std::future::Future;

use mcp_proto::{
    Outcome, ResourceSpec, TemplateSpec,
    content::{ResourceContents, ResourceResult},
    uri_template::Variables,
};

use crate::{
    context::Context,
    handler::{CallParts, ReadFn, Running},
    interrupt::Interrupt,
};

/// A resource: what it says about itself, and the function that reads it.
pub struct Resource {
    pub(crate) spec: ResourceSpec,
    pub(crate) read: ReadFn,
}

/// A family of resources: what it says about itself, and the function that reads one.
///
/// ```
/// use mcp_tokio::{Auth, Interrupt, ReadRequest, ResourceContents, ResourceTemplate, Server};
///
/// async fn page(read: ReadRequest) -> Result<ResourceContents, Interrupt> {
///     match read.variables.get("title") {
///         Some("home") => Ok(ResourceContents::text(read.uri, "Welcome!").mime_type("text/plain")),
///         Some(_) | None => Err(Interrupt::not_found()),
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), mcp_tokio::ServerError> {
/// let pages = ResourceTemplate::new("wiki://pages/{title}", "pages").handler(page);
/// let server = Server::builder("wiki", "1.0.0", Auth::none()).template(pages);
///
/// let client = mcp_tokio::test_kit(server)?.anonymous();
/// assert_eq!(client.read_resource("wiki://pages/home").await.text(), "Welcome!");
/// assert!(client.read_resource("wiki://pages/away").await.is_error());
/// # Ok(())
/// # }
/// ```
pub struct ResourceTemplate {
    pub(crate) spec: TemplateSpec,
    pub(crate) read: ReadFn,
}

/// What a resource or template says about itself; ends with the function that reads it.
#[derive(Debug, Clone)]
pub struct ResourceBuilder<S> {
    spec: S,
}

/// A resource to read.
pub struct ReadRequest {
    /// Its URI.
    pub uri: String,
    /// What the variables of the template stand for; empty for a resource of its own.
    pub variables: Variables,
    /// The call.
    pub context: Context,
}

impl Resource {
    /// Begins a resource with this URI and name.
    #[allow(clippy::new_ret_no_self, reason = "a resource without a function is none yet")]
    pub fn new(uri: impl Into<String>, name: impl Into<String>) -> ResourceBuilder<ResourceSpec> {
        let spec = ResourceSpec { uri: uri.into(), name: name.into(), ..ResourceSpec::default() };
        ResourceBuilder { spec }
    }

    /// A resource whose text never changes.
    pub fn text(uri: &str, name: &str, mime_type: &str, text: impl Into<String>) -> Self {
        let contents = ResourceContents::text(uri, text).mime_type(mime_type);
        Self::new(uri, name)
            .mime_type(mime_type)
            .handler(move |_| std::future::ready(Ok::<_, Interrupt>(contents.clone())))
    }
}

impl ResourceTemplate {
    /// Begins a template (RFC 6570, the forms `{name}` and `{+name}`) with this name.
    #[allow(clippy::new_ret_no_self, reason = "a template without a function is none yet")]
    pub fn new(uri_template: impl Into<String>, name: impl Into<String>) -> ResourceBuilder<TemplateSpec> {
        let spec =
            TemplateSpec { uri_template: uri_template.into(), name: name.into(), ..TemplateSpec::default() };
        ResourceBuilder { spec }
    }
}

macro_rules! resource_builder {
    ($spec:ty, $item:ident) => {
        impl ResourceBuilder<$spec> {
            /// The name for people.
            #[must_use]
            pub fn title(mut self, title: impl Into<String>) -> Self {
                self.spec.title = Some(title.into());
                self
            }

            /// What it is.
            #[must_use]
            pub fn description(mut self, description: impl Into<String>) -> Self {
                self.spec.description = Some(description.into());
                self
            }

            /// Its media type.
            #[must_use]
            pub fn mime_type(mut self, mime_type: impl Into<String>) -> Self {
                self.spec.mime_type = Some(mime_type.into());
                self
            }

            /// A scope that a caller needs besides those of the endpoint.
            #[must_use]
            pub fn scope(mut self, scope: impl Into<String>) -> Self {
                self.spec.scopes.push(scope.into());
                self
            }

            /// The function that reads it.
            #[must_use]
            pub fn handler<F, Fut, T, E>(self, function: F) -> $item
            where
                F: Fn(ReadRequest) -> Fut + Send + Sync + 'static,
                Fut: Future<Output = Result<T, E>> + Send + 'static,
                T: Into<ResourceResult>,
                E: Into<Interrupt>,
            {
                $item { spec: self.spec, read: erased(function) }
            }
        }

        impl std::fmt::Debug for $item {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($item)).field("name", &self.spec.name).finish_non_exhaustive()
            }
        }
    };
}

resource_builder!(ResourceSpec, Resource);
resource_builder!(TemplateSpec, ResourceTemplate);

fn erased<F, Fut, T, E>(function: F) -> ReadFn
where
    F: Fn(ReadRequest) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
    T: Into<ResourceResult>,
    E: Into<Interrupt>,
{
    Box::new(move |uri: Box<str>, variables: Variables, parts: &mut CallParts| -> Running {
        let request = ReadRequest { uri: uri.to_string(), variables, context: parts.context() };
        let future = function(request);
        Box::pin(async move {
            match future.await {
                Ok(result) => Outcome::Resource(result.into()),
                Err(error) => error.into().into_outcome("resource", Some(&uri)),
            }
        })
    })
}
