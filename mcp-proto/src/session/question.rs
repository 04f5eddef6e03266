//! What a server asks a client in the middle of a call.

use bytes::Bytes;
use serde_json::{Value, json};

use super::info::SessionInfo;
use crate::revision::Revision;

/// A request to the client, which answers in the session that it is asked in, and so as its owner (ELI-09, ELI-16).
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// What is asked.
    pub method: QuestionMethod,
    /// The parameters, an object.
    pub params: Value,
}

/// What can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QuestionMethod {
    /// `elicitation/create`: the user.
    Elicit(ElicitMode),
    /// `sampling/createMessage`: the client's model.
    Sample {
        /// With tools, which the client has to declare too (SAM-01).
        tools: bool,
    },
    /// `roots/list`: where the client works.
    ListRoots,
}

/// How a user is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ElicitMode {
    /// With a form in the client.
    Form,
    /// On a web page.
    Url,
}

/// What a client answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// JSON text of the result.
    Result(Bytes),
    /// It cannot or will not.
    Error {
        /// The JSON-RPC code, to which nothing here gives a meaning (ERR-03); -1 where the user rejected it (SAM-06).
        code: i64,
        /// What the client says, cut to [`ERROR_MESSAGE_BYTES_MAX`].
        message: Box<str>,
    },
    /// It took longer than [`super::SessionPolicy::ask_micros`].
    TimedOut,
}

/// The longest message of a client's error that is kept.
pub const ERROR_MESSAGE_BYTES_MAX: usize = 1 << 10;

/// Why a client cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AskFault {
    /// It did not declare this capability, or its revision does not have it: shaped like client capabilities.
    NotDeclared(Value),
    /// As many questions as there may be are unanswered ([`super::SessionPolicy::asks_max`]).
    TooMany,
    /// It takes no event stream for this call, so there is no way to it.
    NoStream,
    /// The call or its session is over.
    Over,
}

impl QuestionMethod {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Elicit(_) => "elicitation/create",
            Self::Sample { .. } => "sampling/createMessage",
            Self::ListRoots => "roots/list",
        }
    }

    /// The path of the capability that a client declares who can be asked this.
    #[must_use]
    pub const fn needs(self) -> &'static [&'static str] {
        match self {
            Self::Elicit(ElicitMode::Form) => &["elicitation"],
            Self::Elicit(ElicitMode::Url) => &["elicitation", "url"],
            Self::Sample { tools: false } => &["sampling"],
            Self::Sample { tools: true } => &["sampling", "tools"],
            Self::ListRoots => &["roots"],
        }
    }

    /// The first revision that has it (requirements 1.2).
    #[must_use]
    pub const fn since(self) -> Revision {
        match self {
            Self::Elicit(ElicitMode::Form) => Revision::V2025_06_18,
            Self::Elicit(ElicitMode::Url) | Self::Sample { tools: true } => Revision::V2025_11_25,
            Self::Sample { tools: false } | Self::ListRoots => Revision::V2024_11_05,
        }
    }

    /// ELI-03, SAM-01, ROOT-01: whether the client of this session can be asked.
    fn judge(self, info: &SessionInfo) -> Result<(), AskFault> {
        let declares = match self {
            // ELI-03: `{}` means forms; whoever names modes means those.
            Self::Elicit(ElicitMode::Form) => {
                info.declares(&["elicitation", "form"])
                    || info.declares(&["elicitation"]) && !info.declares(&["elicitation", "url"])
            }
            Self::Elicit(ElicitMode::Url) | Self::Sample { .. } | Self::ListRoots => {
                info.declares(self.needs())
            }
        };
        if declares && info.revision >= self.since() {
            return Ok(());
        }
        let shape = self.needs().iter().rev().fold(json!({}), |inner, key| json!({ *key: inner }));
        Err(AskFault::NotDeclared(shape))
    }
}

impl Question {
    /// The request, if it can be sent.
    pub(super) fn message(&self, id: u64, info: &SessionInfo) -> Result<Vec<u8>, AskFault> {
        self.method.judge(info)?;
        let mut message = json!({"jsonrpc": "2.0", "id": id, "method": self.method.as_str()});
        if self.params.as_object().is_some_and(|params| !params.is_empty()) {
            message["params"] = self.params.clone();
        }
        Ok(message.to_string().into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Owner;

    #[test]
    fn a_client_is_asked_what_it_declared_and_its_revision_has() {
        const FORM: QuestionMethod = QuestionMethod::Elicit(ElicitMode::Form);
        const URL: QuestionMethod = QuestionMethod::Elicit(ElicitMode::Url);
        const SAMPLE: QuestionMethod = QuestionMethod::Sample { tools: false };
        const TOOLS: QuestionMethod = QuestionMethod::Sample { tools: true };
        const ROOTS: QuestionMethod = QuestionMethod::ListRoots;
        let all = [FORM, URL, SAMPLE, TOOLS, ROOTS];
        let everything = r#"{"elicitation":{"form":{},"url":{}},"sampling":{"tools":{}},"roots":{}}"#;
        for (revision, capabilities, can) in [
            (Revision::V2025_11_25, everything, [true; 5]),
            (Revision::V2025_06_18, everything, [true, false, true, false, true]),
            (Revision::V2025_03_26, everything, [false, false, true, false, true]),
            (Revision::V2024_11_05, everything, [false, false, true, false, true]),
            (Revision::V2025_11_25, r#"{"elicitation":{},"sampling":{}}"#, [true, false, true, false, false]),
            (Revision::V2025_11_25, r#"{"elicitation":{"url":{}}}"#, [false, true, false, false, false]),
            (Revision::V2025_11_25, r#"{"elicitation":{"form":{}}}"#, [true, false, false, false, false]),
            (
                Revision::V2025_11_25,
                r#"{"sampling":{"tools":true},"roots":[]}"#,
                [false, false, true, false, false],
            ),
            (Revision::V2025_11_25, "{}", [false; 5]),
            (Revision::V2025_11_25, "", [false; 5]),
        ] {
            let info = SessionInfo {
                owner: Owner::of(None),
                revision,
                capabilities: capabilities.into(),
                client: "{}".into(),
            };
            assert_eq!(all.map(|method| method.judge(&info).is_ok()), can, "{revision:?} {capabilities}");
        }
    }

    #[test]
    fn what_is_missing_is_told_in_the_shape_of_capabilities() {
        let info = SessionInfo::before_handshake(Owner::of(None));
        let question = Question { method: QuestionMethod::Elicit(ElicitMode::Url), params: json!({}) };
        let fault = question.message(1, &info);
        assert_eq!(fault, Err(AskFault::NotDeclared(json!({"elicitation": {"url": {}}}))));
    }
}
