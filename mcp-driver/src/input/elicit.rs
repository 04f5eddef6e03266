//! Asking the person at the client.

use std::{fmt, marker::PhantomData};

use mcp_proto::{
    Revision,
    discovery::FetchUrl,
    session::{ElicitMode, Question, QuestionMethod},
};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{
    Ask,
    form::{Form, FormError},
    sealed::Sealed,
    unaskable, unreadable,
};
use crate::{interrupt::Interrupt, schema};

/// Asks the person at the client: with a form, or on a page in a browser. The answer is [`Elicited`].
///
/// ```
/// use mcp_tokio::{Auth, Context, Elicit, Elicited, Interrupt, NoArguments, Server, Tool};
/// use schemars::JsonSchema;
/// use serde::Deserialize;
/// use serde_json::json;
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Booking {
///     /// Where you want to go
///     city: City,
///     #[schemars(range(min = 1, max = 8))]
///     guests: u8,
///     breakfast: Option<bool>,
/// }
///
/// #[derive(Debug, Deserialize, JsonSchema)]
/// enum City {
///     Graz,
///     Linz,
/// }
///
/// async fn book(_: NoArguments, cx: Context) -> Result<String, Interrupt> {
///     match cx.input("booking", Elicit::form::<Booking>("Where to?")).await? {
///         Elicited::Accepted(booking) => Ok(format!("{:?}, for {}", booking.city, booking.guests)),
///         Elicited::Declined => Ok("Not booked".into()),
///         Elicited::Cancelled => Err(Interrupt::tool("Nobody said where to")),
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), mcp_tokio::ServerError> {
/// let server = Server::builder("trips", "1.0.0", Auth::none()).tool(Tool::new("book").typed(book));
///
/// // A client without a session cannot be asked, and `?` has told the model.
/// let answer = mcp_tokio::test_kit(server)?.anonymous().call_tool("book", json!({})).await;
/// assert_eq!(answer.text(), "The client cannot be asked anything: the call is in no session");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy)]
pub enum Elicit {}

impl Elicit {
    /// Asks with a form that is made of a type: an object whose members are texts, numbers, booleans, or choices
    /// (enums without data) of which one or several (a `Vec` or a set) may be chosen. What the documentation of
    /// the type's members says is shown to the person; an `Option` may be left out.
    ///
    /// Not for secrets, credentials or payments (ELI-01): the client sees all that is entered. Those are asked
    /// for on a page: [`Elicit::url`].
    ///
    /// What is entered is checked against the type and its schema, also against what a form cannot show, such as
    /// a pattern (without the feature `schema-validation`, against the type alone). A type that is no form, such
    /// as one with objects in it, is an internal error when it is asked; the log says which member is at fault.
    ///
    /// Clients of 2025-06-18 cannot be asked to choose several, and see no default but that of a boolean.
    pub fn form<T: DeserializeOwned + JsonSchema>(message: impl Into<String>) -> ElicitForm<T> {
        ElicitForm::new(message.into(), &schema::of::<T>())
    }

    /// Asks with a form that is made of a JSON Schema, of which the same holds.
    pub fn form_raw(message: impl Into<String>, schema: &Value) -> ElicitForm<Value> {
        ElicitForm::new(message.into(), schema)
    }

    /// Asks the person to open a page in the browser, for what the client must not see (ELI-02). It is `https`, or
    /// `http` on a loopback host. That somebody has accepted says that they mean to open the page, not that they
    /// are done there.
    ///
    /// Anybody may open the page. It has to find out itself who that is, and that it is the user who was asked
    /// (ELI-12); nothing in the URL may be worth stealing or changing (ELI-10). Only clients of 2025-11-25 and
    /// later can be asked.
    pub fn url(message: impl Into<String>, url: impl Into<String>) -> ElicitUrl {
        ElicitUrl { message: message.into(), url: url.into() }
    }
}

/// What a person did with a question (ELI-07).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Elicited<T> {
    /// They answered.
    Accepted(T),
    /// They said no.
    Declined,
    /// They closed it and said neither.
    Cancelled,
}

impl<T> Elicited<T> {
    /// The answer, if there is one.
    pub fn accepted(self) -> Option<T> {
        match self {
            Self::Accepted(answer) => Some(answer),
            Self::Declined | Self::Cancelled => None,
        }
    }

    fn try_map<U, E>(self, map: impl FnOnce(T) -> Result<U, E>) -> Result<Elicited<U>, E> {
        match self {
            Self::Accepted(answer) => map(answer).map(Elicited::Accepted),
            Self::Declined => Ok(Elicited::Declined),
            Self::Cancelled => Ok(Elicited::Cancelled),
        }
    }
}

/// A form to be filled in: [`Elicit::form`].
pub struct ElicitForm<T> {
    message: String,
    form: Result<Form, FormError>,
    answer: PhantomData<fn() -> T>,
}

/// A page to be opened: [`Elicit::url`].
#[derive(Clone)]
pub struct ElicitUrl {
    message: String,
    url: String,
}

impl<T> ElicitForm<T> {
    fn new(message: String, schema: &Value) -> Self {
        Self { message, form: Form::of(schema), answer: PhantomData }
    }

    fn ready_form(&self) -> Result<&Form, Interrupt> {
        self.form.as_ref().map_err(|error| Interrupt::internal(error.clone()))
    }
}

impl<T> Sealed for ElicitForm<T> {}

impl<T: DeserializeOwned> Ask for ElicitForm<T> {
    type Answer = Elicited<T>;

    // Without `mode`, which 2025-06-18 does not have and which means a form where it is absent (ELI-04).
    fn question(&self, revision: Revision, _: &str) -> Result<Question, Interrupt> {
        let schema = self.ready_form()?.schema(revision)?;
        let params = json!({"message": self.message, "requestedSchema": schema});
        Ok(Question { method: QuestionMethod::Elicit(ElicitMode::Form), params })
    }

    fn read(&self, mut result: Value) -> Result<Elicited<T>, Interrupt> {
        let form = self.ready_form()?;
        action(&result)?.try_map(|()| {
            // A form of which everything was left out need not have content.
            let content = result.get_mut("content").map_or_else(|| json!({}), Value::take);
            if !content.is_object() {
                return Err(unreadable("its content is no object"));
            }
            form.check(&content).map_err(|what| unreadable(&what))?;
            // What serde says repeats what was entered.
            serde_json::from_value(content)
                .map_err(|_| unreadable("it is not of the type that was asked for"))
        })
    }
}

impl Sealed for ElicitUrl {}

impl Ask for ElicitUrl {
    type Answer = Elicited<()>;

    fn question(&self, revision: Revision, elicitation: &str) -> Result<Question, Interrupt> {
        // What is behind `#` stays in the browser, and nothing is fetched here.
        let (page, fragment) = self.url.split_once('#').unwrap_or((&self.url, ""));
        if !fragment.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(unaskable("the URL is malformed"));
        }
        FetchUrl::parse(page).map_err(Interrupt::internal)?;
        let mut params = json!({"mode": "url", "message": self.message, "url": self.url});
        // ELI-18: it is of one revision.
        if revision == Revision::V2025_11_25 {
            params["elicitationId"] = json!(elicitation);
        }
        Ok(Question { method: QuestionMethod::Elicit(ElicitMode::Url), params })
    }

    fn read(&self, result: Value) -> Result<Elicited<()>, Interrupt> {
        action(&result)
    }
}

/// What was done, whatever comes with it.
fn action(result: &Value) -> Result<Elicited<()>, Interrupt> {
    match result.get("action").and_then(Value::as_str) {
        Some("accept") => Ok(Elicited::Accepted(())),
        Some("decline") => Ok(Elicited::Declined),
        Some("cancel") => Ok(Elicited::Cancelled),
        Some(_) | None => Err(unreadable("it is neither accepted nor declined nor cancelled")),
    }
}

impl<T> fmt::Debug for ElicitForm<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ElicitForm").field("message", &self.message).finish_non_exhaustive()
    }
}

impl fmt::Debug for ElicitUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL may name what only the person asked should see.
        f.debug_struct("ElicitUrl").field("message", &self.message).finish_non_exhaustive()
    }
}
