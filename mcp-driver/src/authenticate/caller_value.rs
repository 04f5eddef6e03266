//! The application's own value about a caller, typed, for handlers.

use std::{
    any::{Any, type_name},
    fmt,
    sync::Arc,
};

use crate::{
    handler::{CallParts, FromCall},
    interrupt::Interrupt,
    recognise::CallerData,
};

/// The value that the application's authentication gave the caller with
/// [`Identity::value`](crate::Identity::value), as an argument of a handler.
///
/// A handler that takes a type which the caller's value does not have is not run, and the call is an internal
/// error: nobody's value is ever taken for another's.
///
/// ```
/// use mcp_tokio::{Auth, CallerValue, Identity, NoArguments, Rejection, RequestHead, Server, Tool};
/// use serde_json::json;
///
/// struct User {
///     notes: String,
/// }
///
/// async fn authenticate(head: RequestHead) -> Result<Identity, Rejection> {
///     // .. looks the user up who belongs to the credentials in `head`
///     # let (_, user) = (head, User { notes: String::new() });
///     Ok(Identity::new("alice").value(user))
/// }
///
/// async fn notes(_: NoArguments, caller: CallerValue<User>) -> String {
///     caller.0.notes.clone()
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), mcp_tokio::ServerError> {
/// let server = Server::builder("notes", "1.0.0", Auth::verifier(authenticate))
///     .tool(Tool::new("notes").typed(notes));
///
/// // In a test, no request is authenticated: the test says who calls, and what is known of it.
/// let alice = Identity::new("alice").value(User { notes: "buy milk".into() });
/// let client = mcp_tokio::test_kit(server)?.caller(alice);
/// assert_eq!(client.call_tool("notes", json!({})).await.text(), "buy milk");
/// # Ok(())
/// # }
/// ```
pub struct CallerValue<T>(pub Arc<T>);

impl<T> Clone for CallerValue<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for CallerValue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the value: it may hold secrets of the application's.
        write!(f, "CallerValue<{}>(..)", type_name::<T>())
    }
}

impl<T: Any + Send + Sync> FromCall for CallerValue<T> {
    const NEEDS_CALLER: bool = true;

    fn from_call(parts: &mut CallParts) -> Result<Self, Interrupt> {
        Self::typed(parts.value.clone()).map_err(Interrupt::internal)
    }
}

impl<T: Any + Send + Sync> CallerValue<T> {
    pub(crate) fn typed(value: Option<CallerData>) -> Result<Self, NoSuchValue> {
        let wanted = type_name::<T>();
        let value = value.ok_or(NoSuchValue::Absent { wanted })?;
        value.downcast().map(Self).map_err(|_| NoSuchValue::OfAnotherType { wanted })
    }
}

/// Why a handler's [`CallerValue`] is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoSuchValue {
    Absent { wanted: &'static str },
    OfAnotherType { wanted: &'static str },
}

impl fmt::Display for NoSuchValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent { wanted } => {
                write!(f, "the handler takes a {wanted}, and authentication gave the caller no value")
            }
            Self::OfAnotherType { wanted } => {
                write!(f, "the handler takes a {wanted}, and authentication gave the caller another type")
            }
        }
    }
}

impl std::error::Error for NoSuchValue {}

#[cfg(test)]
mod tests {
    use mcp_proto::Outcome;

    use super::*;

    #[test]
    fn a_value_is_found_by_its_type_and_shared() {
        let value: Arc<dyn Any + Send + Sync> = Arc::new(7_u32);
        let CallerValue(found) = CallerValue::<u32>::typed(Some(Arc::clone(&value))).unwrap();
        assert_eq!(*found, 7);
        assert_eq!(Arc::strong_count(&value), 2, "not a copy");
    }

    #[test]
    fn another_type_or_none_is_an_internal_failure() {
        let value: Arc<dyn Any + Send + Sync> = Arc::new(7_u32);
        let table = [
            (CallerValue::<u64>::typed(Some(value)), NoSuchValue::OfAnotherType { wanted: "u64" }),
            (CallerValue::<u64>::typed(None), NoSuchValue::Absent { wanted: "u64" }),
        ];
        for (found, expected) in table {
            let error = found.unwrap_err();
            assert_eq!(error, expected);
            assert!(matches!(Interrupt::internal(error).into_outcome("tool", None), Outcome::Internal));
        }
    }

    #[test]
    fn debug_tells_the_type_and_not_the_value() {
        let value = CallerValue(Arc::new(String::from("s3cret")));
        assert_eq!(format!("{value:?}"), "CallerValue<alloc::string::String>(..)");
    }
}
