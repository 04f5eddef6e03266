//! What clients may send as `Last-Event-ID`, and what it gets them.

use http::StatusCode;
use mcp_proto::{Engine, response::Payload, session::EventId};
use proptest::{collection::vec, prelude::*, test_runner::TestCaseResult};
use serde_json::Value;

use crate::{
    command::{Accepts, Command, Pick, Since, Story, malformed},
    laws::Kept,
    machine::{Got, Machine},
    reference::{Level, Note, Revision, is_event_id},
    server, settled, steps,
};

const STREAM: &str = "text/event-stream";

/// A session in which two calls have each told three things, which their client has seen, and one more that
/// it has not.
fn talkative<'e>(engine: &'e Engine, story: &Story) -> Machine<'e> {
    let mut machine = Machine::open(engine, story);
    let say =
        |call: u8, what: &str| Command::Tell(Pick(call), Note::Log(Level::Error, format!("{call} {what}")));
    let call = || Command::Call { accepts: Accepts::Both, wants_progress: false, reuse: None };
    let mut commands = vec![call(), call()];
    commands.extend(["a", "b", "c"].into_iter().flat_map(|what| [say(0, what), say(1, what)]));
    commands.extend([Command::ReadAll, say(0, "d"), say(1, "d")]);
    for command in &commands {
        steps::step(&mut machine, command).expect("an ordinary session");
    }
    machine
}

fn is_refused(machine: &mut Machine<'_>, id: &str) -> TestCaseResult {
    let Got::Response(response) = machine.get(STREAM, Some(id)) else {
        return Err(TestCaseError::fail(format!("{id:?} gets a stream")));
    };
    prop_assert_eq!(response.status, StatusCode::BAD_REQUEST);
    let Payload::Whole(body) = response.payload else { return Err(TestCaseError::fail("no error")) };
    let body: Value = serde_json::from_slice(&body).expect("JSON");
    prop_assert_eq!(&body["error"]["code"], &Value::from(-32600));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_id_reads_back(stream in 1..u64::MAX, sequence in 1..u64::MAX) {
        let id = EventId { stream, sequence };
        prop_assert_eq!(EventId::read(id.to_string().as_bytes()), Some(id));
        prop_assert_eq!(id.to_string(), format!("{stream}-{sequence}"));
    }

    #[test]
    fn nothing_else_reads(text in prop_oneof![malformed(), "[0-9-]{1,9}", "\\PC{0,9}"]) {
        prop_assert_eq!(EventId::read(text.as_bytes()).is_some(), is_event_id(&text), "{:?}", text);
    }

    #[test]
    fn bytes_that_are_no_text_do_not_read(bytes in vec(any::<u8>(), 0..12)) {
        let expected = std::str::from_utf8(&bytes).is_ok_and(is_event_id);
        prop_assert_eq!(EventId::read(&bytes).is_some(), expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// AMB-19: what this server never gave out is refused, and changes nothing.
    #[test]
    fn what_was_never_given_out_gets_nothing(
        texts in vec(prop_oneof![malformed(), "[1-4]-[1-9]", "[1-9]{1,2}-[1-9]{1,2}"], 1..20),
        revision in prop::sample::select(Revision::ALL.to_vec()),
    ) {
        let story = Story::of(revision);
        let engine = server::engine(&story);
        let mut machine = talkative(&engine, &story);
        let given: Vec<String> = machine.shown.keys().map(ToString::to_string).collect();
        for text in texts.iter().filter(|text| !given.contains(text)) {
            is_refused(&mut machine, text)?;
        }
        settled::compare(&mut machine).map_err(TestCaseError::fail)?;
        steps::step(&mut machine, &Command::ReadAll).map_err(TestCaseError::fail)?;
    }

    /// RES-04, RES-05: behind each id comes exactly what follows it on its own stream.
    #[test]
    fn each_that_was_given_out_gets_its_suffix(
        order in vec(any::<u8>().prop_map(Pick), 1..9),
        revision in prop::sample::select(Revision::ALL.to_vec()),
    ) {
        let story = Story::of(revision);
        let engine = server::engine(&story);
        let mut machine = talkative(&engine, &story);
        for pick in order {
            steps::step(&mut machine, &Command::Get { since: Since::Given(pick), takes_stream: true })
                .and_then(|()| settled::compare(&mut machine))
                .and_then(|()| steps::step(&mut machine, &Command::ReadAll))
                .map_err(TestCaseError::fail)?;
        }
        machine.transcript.judge(Kept::Everything).map_err(TestCaseError::fail)?;
    }
}
