//! A result against what the revision of the request has.

use serde_json::{Value, json};

use crate::{
    answer::Message,
    case::Case,
    compare::{Compared, id_of_body, same},
    drive::Called,
    handled::{expected_result, fits},
    listed::{List, Page, expected_page},
    messages::{ComesTo, EnvelopeMeans, Meta},
    scene::ServerKind,
    sessions::client_of_session,
    surface::{self, INSTRUCTIONS, Revision},
    table::{Then, is_of_old, revision},
};

/// A result, member by member, as the revision of the request has it.
pub(crate) fn compare_result(case: &Case<'_>, then: &Then, message: &Message<'_>) -> Compared {
    same("jsonrpc", "2.0", message.jsonrpc)?;
    same("error", true, message.error.is_none())?;
    same("id", id_of_body(case), message.id.map(|id| id.get()))?;
    let result = message.result.ok_or("no result member")?.get();
    let result: Value = serde_json::from_str(result).map_err(|error| error.to_string())?;
    let revision = revision(case);
    match (then, case.operation().comes_to) {
        (Then::Handshake, _) => compare_handshake(case, &result),
        (Then::Answer, ComesTo::List(list, cursor)) => compare_list(case, list, cursor, result),
        (Then::Answer, _) if case.operation().method == "server/discover" => compare_discovery(case, result),
        (Then::Answer, _) => same("result", json!({}), result),
        (_, ComesTo::Call(kind, _, _)) => {
            let expected = expected_result(kind, case.outcome(), revision)
                .ok_or("what the handler came to is told as an error")?;
            compare_handled(expected, &result)
        }
        (_, _) => Err("a handler for what has none".into()),
    }
}

fn compare_handled(expected: &Value, got: &Value) -> Compared {
    if fits(expected, got) { Ok(()) } else { Err(format!("result: expected {expected}, got {got}")) }
}

/// LIF-02 to LIF-05, in the words of the revision that is agreed on.
fn compare_handshake(case: &Case<'_>, got: &Value) -> Compared {
    let revision = revision(case);
    let expected = json!({
        "protocolVersion": revision.name(),
        "capabilities": surface::capabilities(
            revision,
            case.server() != ServerKind::Bare,
            case.mode().keeps_sessions(),
        ),
        "serverInfo": surface::server_info(revision),
        "instructions": INSTRUCTIONS,
    });
    same("handshake", &expected, got)
}

/// The items that this caller gets to see, as the revision has them, and whether others may (CACH-01,
/// CACH-04).
fn compare_list(case: &Case<'_>, list: List, cursor: Option<&str>, mut result: Value) -> Compared {
    let members = result.as_object_mut().ok_or("no object")?;
    let mut take = |member: &str| members.remove(member).unwrap_or_default();
    let Page { items, next } = expected_page(case, list, cursor);
    let revision = revision(case);
    let told = items.iter().map(|place| &surface::items(list, revision)[*place]);
    match take(list.member()) {
        Value::Array(got) if got.iter().eq(told.clone()) => {}
        got => return Err(format!("items: expected {:?}, got {got}", told.collect::<Vec<_>>())),
    }
    same("nextCursor", next.as_deref(), take("nextCursor").as_str())?;
    if !revision.is_legacy() {
        let scope = if case.server().lists_are_shared() { "public" } else { "private" };
        same("cacheScope", Some(scope), take("cacheScope").as_str())?;
        same("ttlMs", true, take("ttlMs").is_u64())?;
        compare_modern(&mut take)?;
    }
    same("other members", json!({}), result)
}

/// DIS-02 to DIS-06, VER-06: whatever else the server serves, this tells of what knows this method.
fn compare_discovery(case: &Case<'_>, mut result: Value) -> Compared {
    let members = result.as_object_mut().ok_or("no object")?;
    let mut take = |member: &str| members.remove(member).unwrap_or_default();
    same("supportedVersions", json!([Revision::E.name()]), take("supportedVersions"))?;
    let capabilities = surface::capabilities(Revision::E, case.server() != ServerKind::Bare, false);
    same("capabilities", capabilities, take("capabilities"))?;
    same("instructions", json!(INSTRUCTIONS), take("instructions"))?;
    same("cacheScope", true, take("cacheScope").is_string())?;
    same("ttlMs", true, take("ttlMs").is_u64())?;
    compare_modern(&mut take)?;
    same("other members", json!({}), result)
}

/// JR-16, META-12: what every modern result has.
fn compare_modern(take: &mut impl FnMut(&str) -> Value) -> Compared {
    same("resultType", json!("complete"), take("resultType"))?;
    let meta = json!({"io.modelcontextprotocol/serverInfo": surface::server_info(Revision::E)});
    same("_meta", meta, take("_meta"))
}

pub(crate) fn expected_call(case: &Case<'_>) -> Option<Called> {
    let ComesTo::Call(kind, item, input) = case.operation().comes_to else {
        return None;
    };
    Some(Called {
        kind,
        item,
        input: input.to_owned(),
        subject: case.party().map(|party| party.subject.to_owned()),
        revision: revision(case).name(),
        log_level: log_level(case),
        client: client(case),
    })
}

/// META-09: what a client says of itself with each request. Before, it said so once, and who keeps no
/// sessions has not kept that either.
fn client(case: &Case<'_>) -> (Value, Value) {
    if is_of_old(case) && case.may_name_session() {
        return client_of_session();
    }
    let meta = match case.envelope().meta {
        Meta::Is(json) if !is_of_old(case) => serde_json::from_str(json).expect("JSON"),
        _ => Value::Null,
    };
    let member = |name: &str| meta[&format!("io.modelcontextprotocol/{name}")].clone();
    (member("clientCapabilities"), member("clientInfo"))
}

/// LOGG-02, LOGG-05: from which level on the caller hears log messages.
pub(crate) fn log_level(case: &Case<'_>) -> Option<&'static str> {
    match case.envelope().means {
        _ if is_of_old(case) => Some("info"),
        EnvelopeMeans::Complete(_, log_level) => log_level,
        _ => None,
    }
}
