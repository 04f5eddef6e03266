//! What a request asks for, with what can be right and wrong about it.

use crate::listed::List;

/// What a request asks for.
pub(crate) struct Operation {
    pub(crate) method: &'static str,
    /// The JSON members of `params` besides `_meta`; of a [`REGION_CALLS`], the arguments.
    pub(crate) params: &'static str,
    /// What `Mcp-Name` has to mirror (HDR-03).
    pub(crate) mirrored: Option<&'static str>,
    /// Whether the method exists and its capability is advertised by a server with a full catalog.
    pub(crate) kind: MethodKind,
    /// The scopes of what is named, besides those of the endpoint.
    pub(crate) needs: &'static [&'static str],
    /// What `Mcp-Param-*` has to mirror of a tool that has such fields: suffix, and the values that
    /// are equal to the argument; none for an argument that is absent or null.
    pub(crate) params_mirrored: Option<&'static [(&'static str, &'static [&'static str])]>,
    pub(crate) comes_to: ComesTo,
    /// Whether it is a handshake that says more than a session keeps.
    pub(crate) is_too_much: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MethodKind {
    /// Served even by a server that offers nothing.
    Discover,
    /// Served where its capability is.
    Offered,
    /// Of an older revision or of an extension that is not there (VER-10, XTSK).
    Removed,
    /// Of older revisions, and in sessions alone.
    InSessions,
    Unknown,
}

/// What is behind all checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ComesTo {
    /// An answer without a handler.
    Answer,
    /// A list, from behind the item that the cursor names.
    List(List, Option<&'static str>),
    /// A handler: its kind, its number in the catalog, and its input.
    Call(&'static str, u32, &'static str),
    /// `params` do not fit (DT-77, DT-81).
    BadParams,
    /// A cursor that was never given out (ERR-18).
    BadCursor,
    /// There is no such tool, prompt or completion (DT-82).
    Nothing,
    /// There is no such resource (ERR-17).
    NoResource(&'static str),
    /// `initialize`: the version that is asked for, where it is text, and whether everything is there
    /// (DT-112).
    Handshake { asked: Option<&'static str>, is_good: bool },
}

const fn plain(method: &'static str, kind: MethodKind, comes_to: ComesTo) -> Operation {
    Operation {
        method,
        params: "",
        mirrored: None,
        kind,
        needs: &[],
        params_mirrored: None,
        comes_to,
        is_too_much: false,
    }
}

const fn list(method: &'static str, list: List) -> Operation {
    plain(method, MethodKind::Offered, ComesTo::List(list, None))
}

/// A list from behind an item; a cursor is the name of the item in base64url.
const fn behind(method: &'static str, params: &'static str, list: List, item: &'static str) -> Operation {
    with(method, params, None, &[], ComesTo::List(list, Some(item)))
}

const fn absent(method: &'static str, kind: MethodKind) -> Operation {
    plain(method, kind, ComesTo::Nothing)
}

const fn with(
    method: &'static str,
    params: &'static str,
    mirrored: Option<&'static str>,
    needs: &'static [&'static str],
    comes_to: ComesTo,
) -> Operation {
    Operation { params, mirrored, needs, ..plain(method, MethodKind::Offered, comes_to) }
}

const fn level(params: &'static str, comes_to: ComesTo) -> Operation {
    Operation { params, ..plain("logging/setLevel", MethodKind::Removed, comes_to) }
}

pub(super) const fn handshake(params: &'static str, asked: Option<&'static str>, is_good: bool) -> Operation {
    let comes_to = ComesTo::Handshake { asked, is_good };
    Operation { params, ..plain("initialize", MethodKind::Removed, comes_to) }
}

const CALL: &str = "tools/call";
const GET: &str = "prompts/get";
const READ: &str = "resources/read";
const COMPLETE: &str = "completion/complete";

/// Every method, and of the methods with parameters what can be right and wrong with them.
pub(crate) const OPERATIONS: &[Operation] = &[
    with(
        CALL,
        r#""name":"echo","arguments":{"a":1}"#,
        Some("echo"),
        &[],
        ComesTo::Call("tool", 0, r#"{"a":1}"#),
    ),
    with(CALL, r#""name":"echo""#, Some("echo"), &[], ComesTo::Call("tool", 0, "{}")),
    with(
        CALL,
        r#""name":"write","arguments":{}"#,
        Some("write"),
        &["files:write"],
        ComesTo::Call("tool", 1, "{}"),
    ),
    with(
        CALL,
        r#""arguments":{ },"name":"read""#,
        Some("read"),
        &["files:read"],
        ComesTo::Call("tool", 2, "{ }"),
    ),
    with(CALL, r#""name":"write","arguments":[]"#, Some("write"), &["files:write"], ComesTo::BadParams),
    with(CALL, r#""name":"echo","arguments":null"#, Some("echo"), &[], ComesTo::BadParams),
    with(CALL, r#""name":"nothing","arguments":{}"#, Some("nothing"), &[], ComesTo::Nothing),
    with(CALL, r#""name":"Echo","arguments":{}"#, Some("Echo"), &[], ComesTo::Nothing),
    with(CALL, r#""arguments":{}"#, None, &[], ComesTo::BadParams),
    with(CALL, r#""name":7,"arguments":{}"#, None, &[], ComesTo::BadParams),
    plain("server/discover", MethodKind::Discover, ComesTo::Answer),
    list("tools/list", List::Tools),
    list("prompts/list", List::Prompts),
    list("resources/list", List::Resources),
    list("resources/templates/list", List::Templates),
    with("tools/list", r#""cursor":"forged""#, None, &[], ComesTo::BadCursor),
    with("resources/list", r#""cursor":7"#, None, &[], ComesTo::BadCursor),
    with(
        GET,
        r#""name":"greet","arguments":{"who":"Bo"}"#,
        Some("greet"),
        &[],
        ComesTo::Call("prompt", 0, r#"{"who":"Bo"}"#),
    ),
    with(GET, r#""name":"greet","arguments":{}"#, Some("greet"), &[], ComesTo::BadParams),
    with(GET, r#""name":"greet","arguments":{"who":7}"#, Some("greet"), &[], ComesTo::BadParams),
    with(GET, r#""name":"secret""#, Some("secret"), &["prompts:secret"], ComesTo::Call("prompt", 1, "{}")),
    with(GET, r#""name":"nothing""#, Some("nothing"), &[], ComesTo::Nothing),
    with(GET, "", None, &[], ComesTo::BadParams),
    with(READ, r#""uri":"file:///a""#, Some("file:///a"), &[], ComesTo::Call("resource", 0, "file:///a")),
    with(
        READ,
        r#""uri":"file:///b""#,
        Some("file:///b"),
        &["files:read"],
        ComesTo::Call("resource", 1, "file:///b"),
    ),
    with(READ, r#""uri":"note://7""#, Some("note://7"), &[], ComesTo::Call("template", 0, "note://7")),
    with(
        READ,
        r#""uri":"vault://7""#,
        Some("vault://7"),
        &["vault:read"],
        ComesTo::Call("template", 1, "vault://7"),
    ),
    with(READ, r#""uri":"file:///c""#, Some("file:///c"), &[], ComesTo::NoResource("file:///c")),
    with(READ, r#""uri":[]"#, None, &[], ComesTo::BadParams),
    with(
        COMPLETE,
        r#""ref":{"type":"ref/prompt","name":"greet"},"argument":{"name":"who","value":"B"}"#,
        None,
        &[],
        ComesTo::Call("completion", 0, "who=B"),
    ),
    with(
        COMPLETE,
        r#""ref":{"type":"ref/prompt","name":"secret"},"argument":{"name":"x","value":""}"#,
        None,
        &["prompts:secret"],
        ComesTo::Call("completion", 2, "x="),
    ),
    with(
        COMPLETE,
        r#""ref":{"type":"ref/resource","uri":"note://{id}"},"argument":{"name":"id","value":"1"}"#,
        None,
        &[],
        ComesTo::Call("completion", 1, "id=1"),
    ),
    with(
        COMPLETE,
        r#""ref":{"type":"ref/prompt","name":"nothing"},"argument":{"name":"x","value":""}"#,
        None,
        &[],
        ComesTo::Nothing,
    ),
    with(
        COMPLETE,
        r#""ref":{"type":"ref/other"},"argument":{"name":"x","value":""}"#,
        None,
        &[],
        ComesTo::BadParams,
    ),
    with(COMPLETE, r#""ref":{"type":"ref/prompt","name":"greet"}"#, None, &[], ComesTo::BadParams),
    with(
        COMPLETE,
        r#""ref":{"type":"ref/prompt","name":"greet"},"argument":{"name":"who","value":"B"},"context":7"#,
        None,
        &[],
        ComesTo::BadParams,
    ),
    plain("ping", MethodKind::Removed, ComesTo::Answer),
    level(r#""level":"info""#, ComesTo::Answer),
    level("", ComesTo::BadParams),
    absent("resources/subscribe", MethodKind::InSessions),
    absent("resources/unsubscribe", MethodKind::InSessions),
    // XTSK-22: of the revision before, and of no other.
    absent("tasks/result", MethodKind::Removed),
    absent("tasks/list", MethodKind::Removed),
    absent("subscriptions/listen", MethodKind::Unknown),
    absent("Tools/Call", MethodKind::Unknown),
    absent("tools/call ", MethodKind::Unknown),
    absent("notifications/initialized", MethodKind::Unknown),
    absent("nothing", MethodKind::Unknown),
    handshake(
        r#""protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}"#,
        Some("2025-11-25"),
        true,
    ),
    handshake("", None, false),
    absent("notifications/cancelled", MethodKind::Unknown),
    // TSKD-04, XTSK-23: a task that nobody offered is none.
    with(
        CALL,
        r#""name":"echo","arguments":{"b":2},"task":{"ttl":1}"#,
        Some("echo"),
        &[],
        ComesTo::Call("tool", 0, r#"{"b":2}"#),
    ),
];

/// Every level of log messages (LOGG-08), and what is none.
pub(crate) const LEVELS: &[Operation] = &[
    level(r#""level":"debug""#, ComesTo::Answer),
    level(r#""level":"info""#, ComesTo::Answer),
    level(r#""level":"notice""#, ComesTo::Answer),
    level(r#""level":"warning""#, ComesTo::Answer),
    level(r#""level":"error""#, ComesTo::Answer),
    level(r#""level":"critical""#, ComesTo::Answer),
    level(r#""level":"alert""#, ComesTo::Answer),
    level(r#""level":"emergency""#, ComesTo::Answer),
    level(r#""level":"warn\u0069ng""#, ComesTo::Answer),
    level(r#""level":"loud""#, ComesTo::BadParams),
    level(r#""level":"INFO""#, ComesTo::BadParams),
    level(r#""level":"""#, ComesTo::BadParams),
    level(r#""level":3"#, ComesTo::BadParams),
    level(r#""level":null"#, ComesTo::BadParams),
    level(r#""level":["info"]"#, ComesTo::BadParams),
    level("", ComesTo::BadParams),
];

const fn subscription(
    method: &'static str,
    params: &'static str,
    needs: &'static [&'static str],
    comes_to: ComesTo,
) -> Operation {
    Operation { params, needs, ..plain(method, MethodKind::InSessions, comes_to) }
}

const SUBSCRIBE: &str = "resources/subscribe";
const UNSUBSCRIBE: &str = "resources/unsubscribe";

/// RSRC-08, RSRC-09: what a client of a session may want to be told of, and no longer.
pub(crate) const SUBSCRIPTIONS: &[Operation] = &[
    subscription(SUBSCRIBE, r#""uri":"file:///a""#, &[], ComesTo::Answer),
    subscription(SUBSCRIBE, r#""uri":"file:///b""#, &["files:read"], ComesTo::Answer),
    subscription(SUBSCRIBE, r#""uri":"note://7""#, &[], ComesTo::Answer),
    subscription(SUBSCRIBE, r#""uri":"note://8""#, &[], ComesTo::Answer),
    subscription(SUBSCRIBE, r#""uri":"vault://7""#, &["vault:read"], ComesTo::Answer),
    subscription(SUBSCRIBE, r#""uri":"file:///c""#, &[], ComesTo::NoResource("file:///c")),
    subscription(SUBSCRIBE, r#""uri":7"#, &[], ComesTo::BadParams),
    subscription(SUBSCRIBE, r#""name":"file:///a""#, &[], ComesTo::BadParams),
    // To hear no more of something needs nothing.
    subscription(UNSUBSCRIBE, r#""uri":"file:///a""#, &[], ComesTo::Answer),
    subscription(UNSUBSCRIBE, r#""uri":"file:///b""#, &[], ComesTo::Answer),
    subscription(UNSUBSCRIBE, r#""uri":"vault://7""#, &[], ComesTo::Answer),
    subscription(UNSUBSCRIBE, r#""uri":"file:///c""#, &[], ComesTo::Answer),
    subscription(UNSUBSCRIBE, r#""uri":7"#, &[], ComesTo::BadParams),
    subscription(UNSUBSCRIBE, "", &[], ComesTo::BadParams),
];

/// Lists from behind each of their items, and from behind what is in another list.
pub(crate) const PAGES: &[Operation] = &[
    list("tools/list", List::Tools),
    behind("tools/list", r#""cursor":"ZWNobw""#, List::Tools, "echo"),
    behind("tools/list", r#""cursor":"d3JpdGU""#, List::Tools, "write"),
    behind("tools/list", r#""cursor":"cmVhZA""#, List::Tools, "read"),
    behind("tools/list", r#""cursor":"cmVnaW9u""#, List::Tools, "region"),
    list("prompts/list", List::Prompts),
    behind("prompts/list", r#""cursor":"Z3JlZXQ""#, List::Prompts, "greet"),
    behind("prompts/list", r#""cursor":"c2VjcmV0""#, List::Prompts, "secret"),
    list("resources/list", List::Resources),
    behind("resources/list", r#""cursor":"ZmlsZTovLy9h""#, List::Resources, "file:///a"),
    behind("resources/list", r#""cursor":"ZmlsZTovLy9i""#, List::Resources, "file:///b"),
    list("resources/templates/list", List::Templates),
    behind("resources/templates/list", r#""cursor":"bm90ZTovL3tpZH0""#, List::Templates, "note://{id}"),
    behind("resources/templates/list", r#""cursor":"dmF1bHQ6Ly97aWR9""#, List::Templates, "vault://{id}"),
    with("tools/list", r#""cursor":"Z3JlZXQ""#, None, &[], ComesTo::BadCursor),
    with("tools/list", r#""cursor":"""#, None, &[], ComesTo::BadCursor),
    with("prompts/list", r#""cursor":"ZWNobw""#, None, &[], ComesTo::BadCursor),
    with("resources/list", r#""cursor":"ZmlsZTovLy9h=""#, None, &[], ComesTo::BadCursor),
    with("resources/templates/list", r#""cursor":null"#, None, &[], ComesTo::BadCursor),
];

const fn region(
    arguments: &'static str,
    mirrored: &'static [(&'static str, &'static [&'static str])],
) -> Operation {
    Operation {
        params: arguments,
        mirrored: Some("region"),
        params_mirrored: Some(mirrored),
        ..plain(CALL, MethodKind::Offered, ComesTo::Call("tool", 3, arguments))
    }
}

/// Calls of the tool whose arguments are mirrored in `Mcp-Param-*`: `region` (string), `count`
/// (integer), `flag` (boolean) and `zone`, which is `place.zone`.
pub(crate) const REGION_CALLS: &[Operation] = &[
    region(r#"{}"#, &[]),
    region(r#"{"region":"eu"}"#, &[("region", &["eu"])]),
    region(r#"{"region":"\u0065u"}"#, &[("region", &["eu"])]),
    region(r#"{"region":""}"#, &[("region", &[""])]),
    region(r#"{"region":null}"#, &[]),
    region(r#"{"region":"Größe"}"#, &[("region", &["Größe"])]),
    region(r#"{"region":"=?base64?ZXU=?="}"#, &[("region", &["=?base64?ZXU=?="])]),
    region(r#"{"count":42}"#, &[("count", &["42", "42.0"])]),
    region(r#"{"count":9007199254740992}"#, &[("count", &[])]),
    region(r#"{"flag":true}"#, &[("flag", &["true"])]),
    region(r#"{"place":{"zone":"z1"}}"#, &[("zone", &["z1"])]),
    region(r#"{"zone":"z1"}"#, &[]),
    region(
        r#"{"region":"eu","count":42,"flag":true}"#,
        &[("region", &["eu"]), ("count", &["42", "42.0"]), ("flag", &["true"])],
    ),
];

/// A set of `Mcp-Param-*` fields: name, value as sent, and the text that it stands for.
pub(crate) type ParamSet = &'static [(&'static str, &'static [u8], Option<&'static str>)];

pub(crate) const NO_PARAMS: ParamSet = &[];

const REGION: &str = "mcp-param-region";
const COUNT: &str = "mcp-param-count";

/// HDR-06 to HDR-10 and HDR-15 hold for these fields too.
pub(crate) const PARAM_SETS: &[ParamSet] = &[
    NO_PARAMS,
    &[(REGION, b"eu", Some("eu"))],
    &[(REGION, b"  eu ", Some("eu"))],
    &[(REGION, b"EU", Some("EU"))],
    &[(REGION, b"", Some(""))],
    &[(REGION, b"=?base64??=", Some(""))],
    &[(REGION, b"=?base64?ZXU=?=", Some("eu"))],
    &[(REGION, b"=?base64?ZXU?=", None)],
    &[(REGION, b"=?base64?R3LDtsOfZQ==?=", Some("Größe"))],
    &[(REGION, b"=?base64?/w==?=", None)],
    &[(REGION, b"=?base64?PT9iYXNlNjQ/WlhVPT89?=", Some("=?base64?ZXU=?="))],
    &[(REGION, b"Gr\xC3\xB6\xC3\x9Fe", None)],
    &[(REGION, b"eu", Some("eu")), (REGION, b"eu", Some("eu"))],
    &[(REGION, b"eu", Some("eu")), ("mcp-param-other", b"x", Some("x"))],
    &[("mcp-param-other", b"x", Some("x"))],
    &[(REGION, b"7", Some("7"))],
    &[(REGION, b"null", Some("null"))],
    &[(COUNT, b"42", Some("42"))],
    &[(COUNT, b"42.0", Some("42.0"))],
    &[(COUNT, b"43", Some("43"))],
    &[(COUNT, b"9007199254740992", Some("9007199254740992"))],
    &[("mcp-param-flag", b"true", Some("true"))],
    &[("mcp-param-flag", b"TRUE", Some("TRUE"))],
    &[("mcp-param-zone", b"z1", Some("z1"))],
    &[(REGION, b"eu", Some("eu")), (COUNT, b"42", Some("42")), ("mcp-param-flag", b"true", Some("true"))],
    &[(REGION, b"eu", Some("eu")), (COUNT, b"42", Some("42")), ("mcp-param-flag", b"false", Some("false"))],
];
