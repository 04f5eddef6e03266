use mcp_proto::{Content, Outcome};
use schemars::JsonSchema;

use super::*;
use crate::input::InputError;

const OLDEST: Revision = Revision::V2024_11_05;
const OLDER: Revision = Revision::V2025_06_18;
const NEWER: Revision = Revision::V2025_11_25;

fn params(sample: &Sample, revision: Revision) -> Value {
    sample.question(revision, "").unwrap().params
}

fn is_internal(sample: &Sample) -> bool {
    let interrupt = sample.question(NEWER, "").unwrap_err();
    matches!(interrupt.into_outcome("tool", None), Outcome::Internal)
}

fn tool_use(id: &str) -> ToolUse {
    let input = json!({"city": "Graz"}).as_object().unwrap().clone();
    ToolUse { id: id.into(), name: "weather".into(), input }
}

#[test]
fn no_more_is_asked_than_was_set() {
    for revision in Revision::ALL {
        let question = Sample::new(["Hello"], 100).question(revision, "").unwrap();
        assert_eq!(question.method, QuestionMethod::Sample { tools: false });
        let hello = json!({"role": "user", "content": {"type": "text", "text": "Hello"}});
        assert_eq!(question.params, json!({"messages": [hello], "maxTokens": 100}));
    }
}

#[test]
fn everything_that_was_set_is_asked() {
    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Place {
        city: String,
    }
    let sample = Sample::new(
        [
            SampleMessage::user("Look").with(SampleContent::image(b"png", "image/png")),
            SampleMessage::assistant(SampleContent::audio(b"wav", "audio/wav")),
        ],
        7,
    )
    .system("Be brief")
    .temperature(0.5)
    .stop("END")
    .stop("\n")
    .model_hint("sonnet")
    .model_hint("gemini")
    .priorities(0.0, 0.25, 1.0)
    .tools([
        SampleTool::of::<Place>("weather").description("Tells the weather"),
        SampleTool::new("nothing", json!({"type": "object"})),
    ])
    .tool_choice(ToolChoice::Required);
    let question = sample.question(NEWER, "").unwrap();
    assert_eq!(question.method, QuestionMethod::Sample { tools: true });
    let weather = json!({
        "name": "weather", "description": "Tells the weather", "inputSchema": schema_of::<Place>(),
    });
    let expected = json!({
        "messages": [
            {"role": "user", "content": [
                {"type": "text", "text": "Look"},
                {"type": "image", "data": "cG5n", "mimeType": "image/png"},
            ]},
            {"role": "assistant", "content": {"type": "audio", "data": "d2F2", "mimeType": "audio/wav"}},
        ],
        "maxTokens": 7,
        "systemPrompt": "Be brief",
        "temperature": 0.5,
        "stopSequences": ["END", "\n"],
        "modelPreferences": {
            "hints": [{"name": "sonnet"}, {"name": "gemini"}],
            "costPriority": 0.0,
            "speedPriority": 0.25,
            "intelligencePriority": 1.0,
        },
        "tools": [weather, {"name": "nothing", "inputSchema": {"type": "object"}}],
        "toolChoice": {"mode": "required"},
    });
    assert_eq!(question.params, expected);
}

fn schema_of<T: JsonSchema>() -> Value {
    crate::schema::of::<T>()
}

#[test]
fn a_choice_of_tools_needs_what_tools_need() {
    for (choice, name) in
        [(ToolChoice::Auto, "auto"), (ToolChoice::Required, "required"), (ToolChoice::Never, "none")]
    {
        let question = Sample::new(["Hello"], 1).tool_choice(choice).question(NEWER, "").unwrap();
        assert_eq!(question.method, QuestionMethod::Sample { tools: true });
        assert_eq!(question.params["toolChoice"], json!({"mode": name}));
    }
}

#[test]
fn older_revisions_have_one_piece_in_a_message() {
    let sample =
        Sample::new([SampleMessage::user("Look").with(SampleContent::image(b"png", "image/png"))], 1);
    let text = json!({"role": "user", "content": {"type": "text", "text": "Look"}});
    let image = json!({"type": "image", "data": "cG5n", "mimeType": "image/png"});
    let image = json!({"role": "user", "content": image});
    for revision in [OLDEST, Revision::V2025_03_26, OLDER] {
        assert_eq!(params(&sample, revision)["messages"], json!([text, image]));
    }
}

#[test]
fn a_revision_that_has_no_words_for_a_piece_says_so() {
    let audio = Sample::new([SampleMessage::user(SampleContent::audio(b"wav", "audio/wav"))], 1);
    let results = Sample::new(
        [
            SampleMessage::user("Weather?"),
            SampleMessage::assistant(SampleContent::ToolUse(Box::new(tool_use("1")))),
            SampleMessage::results([tool_use("1").answer("sunny")]),
        ],
        1,
    );
    for (sample, revision, has) in [
        (&audio, OLDEST, false),
        (&audio, Revision::V2025_03_26, true),
        (&audio, NEWER, true),
        (&results, OLDER, false),
        (&results, NEWER, true),
    ] {
        let question = sample.question(revision, "");
        assert_eq!(question.is_ok(), has);
        if let Err(interrupt) = question {
            assert_eq!(interrupt.input_error(), Some(&InputError::NotInRevision(revision)));
        }
    }
}

#[test]
fn uses_of_tools_and_their_results_are_told_apart() {
    let (one, two) = (tool_use("1"), tool_use("2"));
    let uses = |tools: &[&ToolUse]| {
        let content = tools.iter().map(|tool| SampleContent::ToolUse(Box::new((*tool).clone()))).collect();
        SampleMessage { role: Role::Assistant, content }
    };
    let ask = SampleMessage::user("Weather?");
    let good = [
        ask.clone(),
        uses(&[&one, &two]),
        SampleMessage::results([two.failure("no idea"), one.answer("sunny")]),
        uses(&[&one]),
        SampleMessage::results([one.answer("still sunny")]),
    ];
    let sample = Sample::new(good, 1);
    let messages = params(&sample, NEWER)["messages"].clone();
    let used = json!({"type": "tool_use", "id": "1", "name": "weather", "input": {"city": "Graz"}});
    assert_eq!(messages[1]["content"][0], used);
    let told = json!({
        "type": "tool_result", "toolUseId": "2", "isError": true,
        "content": [{"type": "text", "text": "no idea"}],
    });
    assert_eq!(messages[2]["role"], "user");
    assert_eq!(messages[2]["content"][0], told);
    assert_eq!(messages[2]["content"][1]["isError"], false);

    let result = || SampleContent::ToolResult(Box::new(one.answer("sunny")));
    for (what, messages) in [
        ("no result", vec![ask.clone(), uses(&[&one])]),
        ("no result before the next message", vec![uses(&[&one]), ask]),
        ("one result too few", vec![uses(&[&one, &two]), SampleMessage::results([one.answer("")])]),
        (
            "one result too many",
            vec![uses(&[&one]), SampleMessage::results([one.answer(""), two.answer("")])],
        ),
        ("a result twice", vec![uses(&[&one]), SampleMessage::results([one.answer(""), one.answer("")])]),
        ("a use twice", vec![uses(&[&one, &one]), SampleMessage::results([one.answer("")])]),
        ("a result of another", vec![uses(&[&one]), SampleMessage::results([two.answer("")])]),
        ("a result of nothing", vec![SampleMessage::results([one.answer("")])]),
        ("text beside a result", vec![uses(&[&one]), SampleMessage::user(result()).with("and")]),
        ("a result by the model", vec![uses(&[&one]), SampleMessage::assistant(result())]),
        (
            "a use by the user",
            vec![
                SampleMessage::user(SampleContent::ToolUse(Box::new(one.clone()))),
                SampleMessage::results([one.answer("")]),
            ],
        ),
    ] {
        assert!(is_internal(&Sample::new(messages, 1)), "{what}");
    }
}

#[test]
fn what_no_client_can_be_asked_is_a_fault_of_the_server() {
    let hello = || Sample::new(["Hello"], 1);
    let empty = SampleMessage { role: Role::User, content: Vec::new() };
    for (what, sample) in [
        ("no message", Sample::new(Vec::<SampleMessage>::new(), 1)),
        ("no piece", Sample::new([SampleMessage::user("Hello"), empty], 1)),
        ("no number", hello().temperature(f64::NAN)),
        ("no end", hello().temperature(f64::INFINITY)),
        ("less than 0", hello().priorities(-0.1, 0.0, 0.0)),
        ("more than 1", hello().priorities(0.0, 1.1, 0.0)),
        ("no priority", hello().priorities(0.0, 0.0, f64::NAN)),
    ] {
        assert!(is_internal(&sample), "{what}");
    }
}

#[test]
fn what_a_model_said_is_read() {
    let sample = Sample::new(["Hello"], 1);
    let said = sample
        .read(json!({
            "role": "assistant", "model": "m-1", "stopReason": "endTurn", "_meta": {},
            "content": {"type": "text", "text": "Hi", "annotations": {"priority": 1}},
        }))
        .unwrap();
    let expected = Sampled {
        role: Role::Assistant,
        content: vec![SampleContent::Text("Hi".into())],
        model: "m-1".into(),
        stop_reason: Some("endTurn".into()),
    };
    assert_eq!(said, expected);
    assert_eq!((said.text().as_str(), said.tool_uses().count()), ("Hi", 0));

    let pieces = json!([
        {"type": "text", "text": "One, "},
        {"type": "image", "data": "cG5n", "mimeType": "image/png"},
        {"type": "audio", "data": "d2F2", "mimeType": "audio/wav"},
        {"type": "tool_use", "id": "1", "name": "weather", "input": {"city": "Graz"}},
        {"type": "text", "text": "two"},
    ]);
    let said = sample.read(json!({"role": "user", "model": "m-1", "content": pieces})).unwrap();
    assert_eq!((said.role, &said.stop_reason), (Role::User, &None));
    assert_eq!(said.text(), "One, two");
    assert_eq!(said.tool_uses().collect::<Vec<_>>(), [&tool_use("1")]);
    assert_eq!(said.content[1], SampleContent::image(b"png", "image/png"));
    assert_eq!(said.content[2], SampleContent::audio(b"wav", "audio/wav"));
    let message = SampleMessage::from(said.clone());
    assert_eq!((message.role, message.content), (said.role, said.content));
}

#[test]
fn what_no_model_says_is_an_error() {
    let sample = Sample::new(["Hello"], 1);
    let text = json!({"type": "text", "text": "Hi"});
    for result in [
        json!(null),
        json!({}),
        json!({"role": "assistant", "model": "m"}),
        json!({"role": "assistant", "content": text}),
        json!({"model": "m", "content": text}),
        json!({"role": "system", "model": "m", "content": text}),
        json!({"role": "assistant", "model": 1, "content": text}),
        json!({"role": "assistant", "model": "m", "content": "Hi"}),
        json!({"role": "assistant", "model": "m", "content": []}),
        json!({"role": "assistant", "model": "m", "content": [text, {"type": "video"}]}),
        json!({"role": "assistant", "model": "m", "content": {"type": "text"}}),
        json!({"role": "assistant", "model": "m", "content": {"type": "image", "data": ""}}),
        json!({"role": "assistant", "model": "m", "content": {"type": "tool_use", "id": "1", "name": "a", "input": []}}),
        json!({"role": "assistant", "model": "m", "stopReason": 1, "content": text}),
    ] {
        let interrupt = sample.read(result.clone()).unwrap_err();
        assert!(matches!(interrupt.input_error(), Some(InputError::Unreadable(_))), "{result}");
    }
}

#[test]
fn a_tool_answers_with_text() {
    let answer = tool_use("1").answer("sunny");
    let expected =
        ToolUseResult { tool_use_id: "1".into(), content: vec![Content::text("sunny")], is_error: false };
    assert_eq!(answer, expected);
    assert_eq!(tool_use("1").failure("sunny"), ToolUseResult { is_error: true, ..expected });
}
