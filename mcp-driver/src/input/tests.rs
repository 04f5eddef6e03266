use mcp_proto::{
    Outcome,
    content::Content,
    session::{AskFault, ElicitMode, QuestionMethod},
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::*;

const OLDER: Revision = Revision::V2025_06_18;
const NEWER: Revision = Revision::V2025_11_25;

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
struct Guests {
    #[schemars(range(min = 1, max = 8))]
    count: u8,
    note: Option<String>,
}

fn input_error(interrupt: &Interrupt) -> &InputError {
    interrupt.input_error().unwrap_or_else(|| panic!("{interrupt:?}"))
}

/// What is wrong with an answer.
fn fault<T: fmt::Debug>(read: Result<T, Interrupt>) -> String {
    match input_error(&read.unwrap_err()) {
        InputError::Unreadable(what) => what.clone(),
        other => panic!("{other:?}"),
    }
}

/// That no client can be asked, which only the log says why.
fn is_internal<T>(question: Result<T, Interrupt>) -> bool {
    question.err().is_some_and(|interrupt| matches!(interrupt.into_outcome("tool", None), Outcome::Internal))
}

#[test]
fn a_form_is_asked_for_without_a_mode() {
    for revision in [OLDER, NEWER, Revision::V2026_07_28] {
        let question = Elicit::form::<Guests>("How many?").question(revision, "ignored").unwrap();
        assert_eq!(question.method, QuestionMethod::Elicit(ElicitMode::Form));
        let count = json!({"type": "integer", "minimum": 1, "maximum": 8});
        let properties = json!({"count": count, "note": {"type": "string"}});
        let schema = json!({"type": "object", "properties": properties, "required": ["count"]});
        assert_eq!(question.params, json!({"message": "How many?", "requestedSchema": schema}));
    }
}

#[test]
fn what_was_done_with_a_form_is_read() {
    let ask = Elicit::form::<Guests>("How many?");
    let guests =
        |count, note: Option<&str>| Elicited::Accepted(Guests { count, note: note.map(str::to_owned) });
    for (result, expected) in [
        (json!({"action": "accept", "content": {"count": 8}}), guests(8, None)),
        (json!({"action": "accept", "content": {"count": 1, "note": "a", "more": 1}}), guests(1, Some("a"))),
        (json!({"action": "decline"}), Elicited::Declined),
        (json!({"action": "decline", "content": {"count": 1}}), Elicited::Declined),
        (json!({"action": "cancel", "content": null, "_meta": {}}), Elicited::Cancelled),
    ] {
        assert_eq!(ask.read(result.clone()).unwrap(), expected, "{result}");
    }
    assert_eq!(guests(1, None).accepted(), Some(Guests { count: 1, note: None }));
    assert_eq!(Elicited::<()>::Declined.accepted(), None);
    assert_eq!(Elicited::<()>::Cancelled.accepted(), None);
    let yes = Elicit::form::<crate::NoArguments>("Really?").read(json!({"action": "accept"})).unwrap();
    assert!(yes.accepted().is_some(), "there was nothing to fill in");
}

#[test]
fn what_is_no_answer_to_a_form_is_an_error() {
    let ask = Elicit::form::<Guests>("How many?");
    let undecided = "it is neither accepted nor declined nor cancelled";
    for result in [json!({}), json!(null), json!([]), json!({"action": "Accept"}), json!({"action": true})] {
        assert_eq!(fault(ask.read(result.clone())), undecided, "{result}");
    }
    for content in [json!(null), json!([]), json!("x"), json!(1)] {
        let result = json!({"action": "accept", "content": content});
        assert_eq!(fault(ask.read(result)), "its content is no object", "{content}");
    }
    for content in [json!({}), json!({"count": "secret"}), json!({"count": 1, "note": 1})] {
        let what = fault(ask.read(json!({"action": "accept", "content": content})));
        assert!(!what.contains("secret"), "{what}");
    }
}

#[cfg(feature = "schema-validation")]
#[test]
fn what_a_type_does_not_hold_is_checked_beside_it() {
    let ask = Elicit::form::<Guests>("How many?");
    for (count, fits) in [(0, false), (1, true), (8, true), (9, false)] {
        let read = ask.read(json!({"action": "accept", "content": {"count": count}}));
        assert_eq!(read.is_ok(), fits, "{count}");
    }
}

#[test]
fn what_a_type_refuses_is_not_repeated() {
    #[derive(Debug, Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "nothing is ever read into it")]
    struct Address {
        #[schemars(with = "String")]
        ip: std::net::Ipv4Addr,
    }
    let ask = Elicit::form::<Address>("Where?");
    let what = fault(ask.read(json!({"action": "accept", "content": {"ip": "secret"}})));
    assert_eq!(what, "it is not of the type that was asked for");
}

#[test]
fn a_raw_form_gives_what_was_entered() {
    let schema = json!({"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]});
    let ask = Elicit::form_raw("Really?", &schema);
    assert_eq!(ask.question(NEWER, "").unwrap().params["requestedSchema"], schema);
    let read = ask.read(json!({"action": "accept", "content": {"ok": true}})).unwrap();
    assert_eq!(read, Elicited::Accepted(json!({"ok": true})));
    assert!(ask.read(json!({"action": "accept", "content": {}})).is_err());
}

#[test]
fn what_is_no_form_is_a_fault_of_the_server() {
    #[derive(Debug, Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "nothing is ever read into it")]
    struct Deep {
        guests: Guests,
    }
    let ask = Elicit::form::<Deep>("How many?");
    assert!(is_internal(ask.question(NEWER, "")));
    assert!(is_internal(ask.read(json!({"action": "decline"}))));
    let recursive = Elicit::form_raw("", &json!({"type": "object", "properties": {"a": {"$ref": "#"}}}));
    assert!(is_internal(recursive.question(NEWER, "")));
}

#[test]
fn a_form_that_a_revision_has_no_words_for_says_so() {
    let several = json!({"type": "array", "items": {"type": "string", "enum": ["a"]}});
    let ask = Elicit::form_raw("Which?", &json!({"type": "object", "properties": {"which": several}}));
    assert!(ask.question(NEWER, "").is_ok());
    let interrupt = ask.question(OLDER, "").unwrap_err();
    assert_eq!(input_error(&interrupt), &InputError::NotInRevision(OLDER));
}

#[test]
fn a_page_is_asked_for_with_a_name_where_the_revision_has_one() {
    let ask = Elicit::url("Pay here", "https://pay.example/4711?a=b#c");
    let params = json!({"mode": "url", "message": "Pay here", "url": "https://pay.example/4711?a=b#c"});
    let mut named = params.clone();
    named["elicitationId"] = json!("confirm-7");
    for (revision, params) in [(NEWER, named), (Revision::V2026_07_28, params)] {
        let question = ask.question(revision, "confirm-7").unwrap();
        assert_eq!(question.method, QuestionMethod::Elicit(ElicitMode::Url));
        assert_eq!(question.params, params);
    }
    for (action, expected) in
        [("accept", Elicited::Accepted(())), ("decline", Elicited::Declined), ("cancel", Elicited::Cancelled)]
    {
        assert_eq!(ask.read(json!({"action": action})).unwrap(), expected);
    }
    assert!(ask.read(json!({})).is_err());
}

#[test]
fn a_page_is_one_that_nobody_can_change_on_the_way() {
    for (url, good) in [
        ("https://pay.example", true),
        ("https://pay.example/#", true),
        ("http://localhost:8080/pay", true),
        ("http://127.0.0.1/pay", true),
        ("http://pay.example/", false),
        ("https://user@pay.example/", false),
        ("https://pay.example/a b", false),
        ("https://pay.example/#a b", false),
        ("https://pay.example/#\u{e9}", false),
        ("javascript:alert(1)", false),
        ("file:///etc/passwd", false),
        ("/pay", false),
        ("#", false),
        ("", false),
    ] {
        let question = Elicit::url("Pay here", url).question(NEWER, "1");
        assert_eq!(question.is_ok(), good, "{url}");
        assert!(good || is_internal(question), "{url}");
    }
}

#[test]
fn what_is_asked_is_not_printed() {
    let url = Elicit::url("Pay here", "https://pay.example/secret");
    assert_eq!(format!("{url:?}"), r#"ElicitUrl { message: "Pay here", .. }"#);
    let form = Elicit::form::<Guests>("How many?");
    assert_eq!(format!("{form:?}"), r#"ElicitForm { message: "How many?", .. }"#);
}

#[test]
fn an_answer_of_the_client_is_read_or_says_why_there_is_none() {
    let roots = answered(&ListRoots, Answer::Result(r#"{"roots":[{"uri":"file:///a"}]}"#.into())).unwrap();
    assert_eq!(roots, [Root { uri: "file:///a".into(), name: None }]);
    let error = |answer| input_error(&answered(&ListRoots, answer).unwrap_err()).clone();
    let rejected = error(Answer::Error { code: -1, message: "no".into() });
    assert_eq!(rejected, InputError::Refused { code: -1, message: "no".into() });
    assert_eq!((rejected.code(), rejected.is_rejected(), rejected.is_timed_out()), (Some(-1), true, false));
    let failed = error(Answer::Error { code: -32603, message: "out of order".into() });
    assert_eq!((failed.code(), failed.is_rejected(), failed.is_timed_out()), (Some(-32603), false, false));
    let late = error(Answer::TimedOut);
    assert_eq!((late.code(), late.is_rejected(), late.is_timed_out()), (None, false, true));
    assert_eq!(error(Answer::Result("{".into())), InputError::Unreadable("it is no JSON".into()));
    assert!(matches!(error(Answer::Result("{}".into())), InputError::Unreadable(_)));
}

#[test]
fn what_cannot_be_asked_here_is_told_from_what_went_wrong() {
    let sampling = json!({"sampling": {}});
    for (error, is_unsupported) in [
        (InputError::NoSession, true),
        (AskFault::NotDeclared(sampling.clone()).into(), true),
        (InputError::NotInRevision(OLDER), true),
        (AskFault::NoStream.into(), true),
        (AskFault::TooMany.into(), false),
        (AskFault::Over.into(), false),
        (InputError::TimedOut, false),
        (InputError::Refused { code: -1, message: "".into() }, false),
        (InputError::Unreadable(String::new()), false),
    ] {
        assert_eq!(error.is_unsupported(), is_unsupported, "{error:?}");
    }
    assert_eq!(InputError::from(AskFault::NotDeclared(sampling.clone())), InputError::NotDeclared(sampling));
    assert_eq!(InputError::from(AskFault::NoStream), InputError::NoStream);
    assert_eq!(InputError::from(AskFault::TooMany), InputError::TooMany);
    assert_eq!(InputError::from(AskFault::Over), InputError::Over);
}

#[test]
fn the_model_is_told_why_a_tool_got_no_answer_and_nobody_else_is() {
    for (error, text) in [
        (InputError::NoSession, "The client cannot be asked anything: the call is in no session"),
        (
            InputError::NotInRevision(OLDER),
            "The client cannot be asked this: revision 2025-06-18 does not have it",
        ),
        (InputError::NoStream, "The client cannot be asked: it takes no event stream"),
        (InputError::TooMany, "The client cannot be asked: too many questions are unanswered"),
        (InputError::TimedOut, "The client did not answer in time"),
        (
            InputError::Refused { code: -1, message: "not today".into() },
            "The user rejected the request: not today",
        ),
        (
            InputError::Refused { code: -32601, message: "what?".into() },
            "The client answered with error -32601: what?",
        ),
        (InputError::Unreadable("it is no JSON".into()), "The client's answer cannot be used: it is no JSON"),
        (InputError::Over, "The call is over"),
    ] {
        let told = Interrupt::from(error.clone()).into_outcome("tool", None);
        let Outcome::Tool(result) = told else { panic!("{told:?}") };
        assert_eq!((&result.content[..], result.is_error), (&[Content::text(text)][..], true));
        let hidden = Interrupt::from(error).into_outcome("prompt", None);
        assert!(matches!(hidden, Outcome::Failed), "{hidden:?}");
    }
}

#[test]
fn a_capability_that_is_not_declared_is_named_as_the_revision_does() {
    for what in ["tool", "prompt"] {
        let error = InputError::NotDeclared(json!({"elicitation": {"url": {}}}));
        let outcome = Interrupt::from(error).into_outcome(what, None);
        let Outcome::MissingClientCapability(shape) = outcome else { panic!("{outcome:?}") };
        assert_eq!(&*shape, r#"{"elicitation":{"url":{}}}"#);
    }
}

#[test]
fn only_an_error_of_asking_is_found_in_an_interrupt() {
    let interrupt = || -> Result<(), Interrupt> { Err(InputError::TimedOut)? };
    assert_eq!(interrupt().unwrap_err().input_error(), Some(&InputError::TimedOut));
    assert_eq!(Interrupt::from(fmt::Error).input_error(), None);
    assert_eq!(Interrupt::tool("no").input_error(), None);
}
