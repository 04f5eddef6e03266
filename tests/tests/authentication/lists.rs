//! Lists of which a caller gets to see a part.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use mcp_tests::{asking::Ask, audited::Audited};
use mcp_tokio::{
    Auth, Content, Context, CustomPolicy, Identity, Interrupt, ItemKind, Limits, NoArguments, Prompt,
    PromptArguments, PromptMessage, PromptResult, ReadRequest, Rejection, RequestHead, Resource,
    ResourceContents, ResourceTemplate, Server, ServerBuilder, Tool,
};
use serde_json::{Value, json};

/// Items by name, each with the scope that it needs, in the order of the catalog.
const ITEMS: [(&str, &str); 9] = [
    ("open-0", ""),
    ("low-1", "low"),
    ("high-2", "high"),
    ("open-3", ""),
    ("low-4", "low"),
    ("low-5", "low"),
    ("open-6", ""),
    ("high-7", "high"),
    ("high-8", "high"),
];

/// A kind of list: its method, the member of its result, and the member of an item that names it.
#[derive(Debug, Clone, Copy)]
struct Kind {
    item: ItemKind,
    method: &'static str,
    member: &'static str,
    names: &'static str,
}

const KINDS: [Kind; 4] = [
    Kind { item: ItemKind::Tool, method: "tools/list", member: "tools", names: "name" },
    Kind { item: ItemKind::Prompt, method: "prompts/list", member: "prompts", names: "name" },
    Kind { item: ItemKind::Resource, method: "resources/list", member: "resources", names: "uri" },
    Kind {
        item: ItemKind::Template,
        method: "resources/templates/list",
        member: "resourceTemplates",
        names: "uriTemplate",
    },
];

impl Kind {
    /// What an item of this kind is called.
    fn named(self, name: &str) -> String {
        match self.item {
            ItemKind::Tool | ItemKind::Prompt => name.to_owned(),
            ItemKind::Resource => format!("test://{name}"),
            ItemKind::Template => format!("test://{name}/{{id}}"),
        }
    }
}

/// Lets everybody in with the scopes that the token names, with dots between.
async fn as_the_token_says(head: RequestHead) -> Result<Identity, Rejection> {
    let token = head.bearer().ok_or_else(Rejection::denied)?;
    Ok(Identity::new("alice").scopes(&token.replace('.', " ")).value(token.to_owned()))
}

async fn read(request: ReadRequest) -> Result<ResourceContents, Interrupt> {
    Ok(ResourceContents::text(request.uri, "read"))
}

async fn get(_: PromptArguments, _: Context) -> Result<PromptResult, Interrupt> {
    Ok(PromptMessage::user(Content::text("got")).into())
}

/// A server with the items as tools, prompts, resources and templates, in pages of two.
fn server() -> ServerBuilder {
    let policy = CustomPolicy::builder().implies("root", "high");
    let mut limits = Limits::default();
    limits.page_items = 2;
    let server = Server::builder("test", "1", Auth::custom(policy, as_the_token_says)).core_limits(limits);
    ITEMS.iter().fold(server, |server, (name, scope)| {
        let tool = Tool::new(*name);
        let prompt = Prompt::new(*name);
        let resource = Resource::new(format!("test://{name}"), *name);
        let template = ResourceTemplate::new(format!("test://{name}/{{id}}"), *name);
        let (tool, prompt, resource, template) = match *scope {
            "" => (tool, prompt, resource, template),
            scope => (tool.scope(scope), prompt.scope(scope), resource.scope(scope), template.scope(scope)),
        };
        server
            .tool(tool.typed(async |_: NoArguments| "called"))
            .prompt(prompt.handler(get))
            .resource(resource.handler(read))
            .template(template.handler(read))
    })
}

/// The names on all pages of a list, page by page.
async fn pages(bench: &Audited, kind: Kind, token: &str) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let answer = Ask::list(kind.method, cursor.as_deref()).bearer(token).send(&bench.service).await;
        let result = answer.json()["result"].clone();
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(result["cacheScope"], "private", "{kind:?} {token}");
        let items = result[kind.member].as_array().expect("a list");
        pages.push(items.iter().map(|item| item[kind.names].as_str().expect("a name").to_owned()).collect());
        match &result["nextCursor"] {
            Value::Null => return pages,
            Value::String(next) => cursor = Some(next.clone()),
            other => panic!("{other}"),
        }
        assert!(pages.len() <= ITEMS.len(), "the pages have no end");
    }
}

/// The pages of two that these items make.
fn in_pages(kind: Kind, shown: impl Fn(&str, &str) -> bool) -> Vec<Vec<String>> {
    let shown: Vec<String> =
        ITEMS.iter().filter(|(name, scope)| shown(name, scope)).map(|(name, _)| kind.named(name)).collect();
    if shown.is_empty() { vec![Vec::new()] } else { shown.chunks(2).map(<[String]>::to_vec).collect() }
}

/// Tokens, and the scopes that items shown to them may need.
const CALLERS: [(&str, &[&str]); 5] = [
    ("none", &[""]),
    ("low", &["", "low"]),
    ("low.high", &["", "low", "high"]),
    ("root", &["", "high"]),
    ("LOW.highest", &[""]),
];

#[tokio::test(start_paused = true)]
async fn by_scope_a_list_has_what_the_caller_has_the_scopes_for() {
    let bench = Audited::start(server().list_by_scope());
    for kind in KINDS {
        for (token, scopes) in CALLERS {
            let expected = in_pages(kind, |_, scope| scopes.contains(&scope));
            assert_eq!(pages(&bench, kind, token).await, expected, "{kind:?} {token}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_filter_a_list_has_everything_for_everybody() {
    let bench = Audited::start(server());
    for kind in KINDS {
        let mut names = Vec::new();
        let mut cursor = None;
        while let Some(answer) = {
            let ask = Ask::list(kind.method, cursor.as_deref()).bearer("none");
            (names.len() < ITEMS.len()).then_some(ask.send(&bench.service).await.json())
        } {
            let items = answer["result"][kind.member].as_array().expect("a list").clone();
            names.extend(items.iter().map(|item| item[kind.names].as_str().expect("a name").to_owned()));
            cursor = answer["result"]["nextCursor"].as_str().map(str::to_owned);
        }
        let all: Vec<String> = ITEMS.iter().map(|(name, _)| kind.named(name)).collect();
        assert_eq!((names, cursor), (all, None), "{kind:?}");
    }
}

/// Shows what a filter says yes to, and has the scopes for.
#[tokio::test(start_paused = true)]
async fn a_filter_hides_and_never_shows_more_than_the_scopes() {
    let asked = Arc::<Mutex<BTreeSet<(String, String)>>>::default();
    let heard = Arc::clone(&asked);
    let bench = Audited::start(server().list_filter(move |viewer, item| {
        let kind = format!("{:?}", item.kind);
        heard.lock().expect("a set").insert((kind, item.name.to_owned()));
        let subject = viewer.principal().map(|principal| principal.subject().to_owned());
        assert_eq!(subject.as_deref(), Some("alice"));
        // A value of another type than it has is not there.
        assert_eq!(viewer.value::<u8>(), None);
        viewer.value::<String>().is_some_and(|token| token.contains("low")) || !item.name.contains("open-3")
    }));
    for kind in KINDS {
        for (token, scopes) in CALLERS {
            let expected = in_pages(kind, |name, scope| {
                scopes.contains(&scope) && (token.contains("low") || name != "open-3")
            });
            assert_eq!(pages(&bench, kind, token).await, expected, "{kind:?} {token}");
        }
    }
    let expected: BTreeSet<(String, String)> = KINDS
        .iter()
        .flat_map(|kind| ITEMS.map(|(name, _)| (format!("{:?}", kind.item), kind.named(name))))
        .collect();
    assert_eq!(*asked.lock().expect("a set"), expected, "each item is asked about under its kind and name");
}

#[tokio::test(start_paused = true)]
async fn a_filter_that_panics_hides_the_item_and_nothing_else() {
    let bench = Audited::start(server().list_filter(|_, item| {
        assert!(!item.name.contains("low-4"), "about this one");
        true
    }));
    for kind in KINDS {
        let expected = in_pages(kind, |name, scope| scope != "high" && name != "low-4");
        assert_eq!(pages(&bench, kind, "low").await, expected, "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_filter_that_hides_everything_leaves_an_empty_list() {
    let bench = Audited::start(server().list_filter(|_, _| false));
    for kind in KINDS {
        assert_eq!(pages(&bench, kind, "low.high").await, [[""; 0]; 1], "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cursor_that_names_what_is_hidden_tells_nothing() {
    let filtered = server().list_filter(|_, item| !item.name.contains("open-3"));
    for bench in [Audited::start(server().list_by_scope()), Audited::start(filtered)] {
        for kind in KINDS {
            let at = async |name: &str| {
                let cursor = URL_SAFE_NO_PAD.encode(kind.named(name));
                Ask::list(kind.method, Some(&cursor)).bearer("none").send(&bench.service).await
            };
            let hidden = at("high-2").await;
            let unknown = at("no-such-item").await;
            assert_eq!((hidden.status, &hidden.body), (unknown.status, &unknown.body), "{kind:?}");
            assert_eq!(hidden.json()["error"]["code"], -32602, "{}", hidden.body);
            assert!(at("open-0").await.json().get("result").is_some());
        }
    }
}

/// What uses an item of this kind.
fn using(kind: Kind, name: &str) -> Ask {
    let uri = format!("test://{name}");
    let read = |uri: &str| Ask::new("resources/read", Some(uri), json!({"uri": uri}));
    match kind.item {
        ItemKind::Tool => Ask::call(name),
        ItemKind::Prompt => Ask::new("prompts/get", Some(name), json!({"name": name})),
        ItemKind::Resource => read(&uri),
        ItemKind::Template => read(&format!("{uri}/7")),
    }
}

#[tokio::test(start_paused = true)]
async fn hiding_is_no_check_and_listing_is_no_permission() {
    let by_scope = Audited::start(server().list_by_scope());
    let hiding = Audited::start(server().list_filter(|_, _| false));
    let showing = Audited::start(server());
    for bench in [by_scope, hiding, showing] {
        for kind in KINDS {
            let lacking = (403, Some("insufficient_scope".to_owned()));
            assert_eq!(bench.judge(using(kind, "high-2").bearer("low")).await, lacking, "{kind:?}");
            assert_eq!(bench.judge(using(kind, "high-2").bearer("high")).await, (200, None), "{kind:?}");
            assert_eq!(bench.judge(using(kind, "open-3").bearer("none")).await, (200, None), "{kind:?}");
            let refused = using(kind, "high-2").bearer("low").send(&bench.service).await;
            let challenge = refused.challenges().concat();
            assert!(challenge.contains(r#"scope="high""#), "told what is missing: {challenge}");
        }
    }
}
