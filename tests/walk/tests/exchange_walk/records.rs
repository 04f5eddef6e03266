//! Who asked for what, for those who keep records.

use mcp_proto::{Response, exchange::About};
use serde_json::Value;

use crate::{
    case::Case,
    compare::{Compared, same},
    drive::Run,
    messages::{MethodKind, Operation},
    table::{
        ROWS, Refused, Then, With, has_run, is_behind_the_gate, is_of_call, is_request, is_verified,
        lookup_element,
    },
};

/// Methods that records name.
const METHODS: [&str; 14] = [
    "resources/subscribe",
    "resources/unsubscribe",
    "initialize",
    "ping",
    "logging/setLevel",
    "server/discover",
    "tools/list",
    "tools/call",
    "resources/list",
    "resources/templates/list",
    "resources/read",
    "prompts/list",
    "prompts/get",
    "completion/complete",
];

/// What a record says.
#[derive(Debug, PartialEq, Eq)]
struct Record {
    caller: Option<(String, String, String)>,
    method: Option<String>,
    target: Option<String>,
}

/// Every exchange that got to the gate of credentials has one record, of the call if there was one, of
/// each call of a batch if there were several; where nobody keeps any, none has. `place` is that of the
/// row that applies.
pub(crate) fn compare_records(case: &Case<'_>, run: &Run<'_>, response: &Response, place: usize) -> Compared {
    if !case.records() || !is_behind_the_gate(place) {
        same("a record", 0, run.abouts.len())?;
        return same("a record", None, response.about.as_deref().map(read));
    }
    let calls = if matches!(ROWS[place].then, Then::Entries) {
        calls_of_batch(case)
    } else {
        has_run(case, place).then(|| expected(case, place)).into_iter().collect()
    };
    let answer = match ROWS[place].then {
        // The record of the call that was to begin.
        Then::Refuse(Refused { with: With::RetryAfter, .. })
            if run.has_read_body && !case.elements().is_empty() =>
        {
            calls_of_batch(case).into_iter().next()
        }
        _ => calls.is_empty().then(|| expected(case, place)),
    };
    same("records of calls", calls, run.abouts.iter().map(read).collect())?;
    same("record of the answer", answer, response.about.as_deref().map(read))
}

fn calls_of_batch(case: &Case<'_>) -> Vec<Record> {
    let record = |_| {
        let place = lookup_element(case);
        is_of_call(place).then(|| expected(case, place))
    };
    case.each_request(record).into_iter().flatten().collect()
}

fn expected(case: &Case<'_>, place: usize) -> Record {
    let caller = if is_verified(place) { case.party() } else { None };
    let operation = is_request(place).then(|| case.operation());
    let named = operation.filter(|operation| METHODS.contains(&operation.method));
    Record {
        caller: caller.map(|party| (party.issuer.into(), party.subject.into(), party.client.into())),
        method: named.map(|operation| operation.method.into()),
        target: named.and_then(target),
    }
}

/// What is named: what a field has to mirror where it is called or read, and what is subscribed to.
fn target(operation: &Operation) -> Option<String> {
    match operation.kind {
        MethodKind::Offered => operation.mirrored.map(Into::into),
        MethodKind::InSessions => {
            let params: Value = serde_json::from_str(&format!("{{{}}}", operation.params)).expect("JSON");
            params["uri"].as_str().map(Into::into)
        }
        MethodKind::Discover | MethodKind::Removed | MethodKind::Unknown => None,
    }
}

fn read(about: &About) -> Record {
    let text = |text: &str| text.to_owned();
    Record {
        caller: about.caller().map(|caller| {
            let principal = caller.principal();
            (text(principal.issuer()), text(principal.subject()), text(principal.client()))
        }),
        method: about.method().map(|method| text(method.as_str())),
        target: about.target().map(text),
    }
}
