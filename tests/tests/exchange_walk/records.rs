//! Who asked for what, for those who keep records.

use mcp_proto::{Response, exchange::About};

use crate::{
    case::Case,
    compare::{Compared, same},
    drive::Run,
    messages::MethodKind,
    table::{is_behind_the_gate, is_request, is_verified},
};

/// Methods that records name.
const METHODS: [&str; 9] = [
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

/// Every exchange that got to the gate of credentials has one record, of the call if there was one;
/// where nobody keeps any, none has. `place` is that of the row that applies.
pub(crate) fn compare_records(case: &Case<'_>, run: &Run<'_>, response: &Response, place: usize) -> Compared {
    let of_response = response.about.as_deref();
    let (kept, left) = if run.called.is_some() {
        (run.about.as_ref(), of_response)
    } else {
        (of_response, run.about.as_ref())
    };
    same("a second record", None, left.map(read))?;
    let expected = (case.records() && is_behind_the_gate(place)).then(|| expected(case, place));
    same("record", expected, kept.map(read))
}

fn expected(case: &Case<'_>, place: usize) -> Record {
    let caller = if is_verified(place) { case.party() } else { None };
    let operation = is_request(place).then(|| case.operation());
    let named = operation.filter(|operation| METHODS.contains(&operation.method));
    Record {
        caller: caller.map(|party| (party.issuer.into(), party.subject.into(), party.client.into())),
        method: named.map(|operation| operation.method.into()),
        target: named
            .filter(|operation| operation.kind == MethodKind::Offered)
            .and_then(|operation| operation.mirrored)
            .map(Into::into),
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
