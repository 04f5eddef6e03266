//! Asking where a client works.

use mcp_proto::{
    Revision,
    session::{Question, QuestionMethod},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Ask, sealed::Sealed, unreadable};
use crate::interrupt::Interrupt;

/// Asks the client for its roots: the places, usually folders, that its user lets the server work in. The
/// answer is a `Vec` of [`Root`].
///
/// ```
/// use mcp_tokio::{Auth, Context, Interrupt, ListRoots, NoArguments, Server, Tool};
///
/// async fn folders(_: NoArguments, cx: Context) -> Result<String, Interrupt> {
///     let roots = cx.input("roots", ListRoots).await?;
///     Ok(roots.into_iter().map(|root| root.uri).collect::<Vec<_>>().join("\n"))
/// }
///
/// let server = Server::builder("files", "1.0.0", Auth::none()).tool(Tool::new("folders").typed(folders));
/// # assert!(server.build().is_ok());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListRoots;

/// A place that the client lets the server work in. Nothing of it is verified: it may have vanished, and a path
/// has to be judged after symbolic links and `..` are resolved (ROOT-02).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Root {
    /// The place, so far always a `file:` URI.
    pub uri: String,
    /// Its name for people.
    #[serde(default)]
    pub name: Option<String>,
}

impl Sealed for ListRoots {}

impl Ask for ListRoots {
    type Answer = Vec<Root>;

    fn question(&self, _: Revision, _: &str) -> Result<Question, Interrupt> {
        Ok(Question { method: QuestionMethod::ListRoots, params: json!({}) })
    }

    fn read(&self, result: Value) -> Result<Vec<Root>, Interrupt> {
        #[derive(Deserialize)]
        struct Roots {
            roots: Vec<Root>,
        }
        let roots: Roots =
            serde_json::from_value(result).map_err(|_| unreadable("it is no list of roots"))?;
        Ok(roots.roots)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_asked_for_and_read() {
        let question = ListRoots.question(Revision::V2025_03_26, "").unwrap();
        assert_eq!((question.method, question.params), (QuestionMethod::ListRoots, json!({})));
        let result = json!({"roots": [
            {"uri": "file:///home/a", "name": "home", "_meta": {}},
            {"uri": "file:///tmp"},
        ], "_meta": {}});
        let named = Root { uri: "file:///home/a".into(), name: Some("home".into()) };
        let unnamed = Root { uri: "file:///tmp".into(), name: None };
        assert_eq!(ListRoots.read(result).unwrap(), [named, unnamed]);
        assert_eq!(ListRoots.read(json!({"roots": []})).unwrap(), []);
    }

    #[test]
    fn what_is_no_list_of_roots_is_none() {
        for result in [
            json!({}),
            json!([]),
            json!(null),
            json!({"roots": null}),
            json!({"roots": ["file:///tmp"]}),
            json!({"roots": [{"name": "home"}]}),
            json!({"roots": [{"uri": 1}]}),
            json!({"roots": [{"uri": "file:///tmp", "name": 1}]}),
        ] {
            let interrupt = ListRoots.read(result.clone()).unwrap_err();
            let expected = crate::InputError::Unreadable("it is no list of roots".into());
            assert_eq!(interrupt.input_error(), Some(&expected), "{result}");
        }
    }
}
