//! What a method names, and what it comes to: an answer at once, or a call.

use std::{borrow::Cow, collections::BTreeMap};

use bytes::Bytes;
use serde::Deserialize;

use super::{judge_scopes, legacy};
use crate::{
    auth::scope::Scopes,
    catalog::{CompletionSpec, Listing, ToolFacts},
    engine::{Engine, Visibility},
    exchange::{
        Exchange,
        call::{Call, Callee, ClientFacts, CompletionInput},
        filter::{ItemKind, List},
        message::{Member, Message},
        mirrored::Mirrored,
        reply::{Operation, Reply},
        use_session::Deed,
    },
    head::ParamFields,
    jsonrpc::{RawId, strict::Kind},
    method::Method,
    mirror::{self, ParamHeader},
    refusal::{Mirror, ParamsFault, Refusal, TargetKind},
    time::{Deadline, Now, Why},
};

/// What a request comes to.
pub(super) enum Plan<'e> {
    /// The JSON text of a result.
    Answer(Cow<'e, [u8]>),
    /// The JSON text of the result of a handshake.
    Handshake(Cow<'e, [u8]>),
    /// Something is done to the session of the request.
    Deed(Deed),
    /// A list of which the caller does not get to see everything.
    List(List<'e>),
    /// A handler has to run.
    Call(Box<Call>),
}

/// A callee that the caller may use.
type Target = (Callee, Operation);

pub(super) fn plan<'e>(
    exchange: &Exchange<'e>,
    message: &Message,
    method: Method,
    client: ClientFacts,
    id: &RawId,
    now: Now,
) -> Result<Plan<'e>, Refusal> {
    let engine = exchange.engine;
    let catalog = engine.catalog();
    let (callee, operation) = match method {
        Method::Initialize => {
            legacy::handshake(message).map_err(Refusal::InvalidParams)?;
            return Ok(Plan::Handshake(engine.handshake(client.revision).into()));
        }
        Method::Ping => return Ok(Plan::Answer(b"{}".into())),
        Method::SetLevel => {
            let level = legacy::level(message).map_err(Refusal::InvalidParams)?;
            // Without a session there is nothing to remember it in.
            let plan = match exchange.session() {
                Some(_) => Plan::Deed(Deed::SetLevel(level)),
                None => Plan::Answer(b"{}".into()),
            };
            return Ok(plan);
        }
        Method::Subscribe => return legacy::subscribe(exchange, message).map(Plan::Deed),
        Method::Unsubscribe => return legacy::unsubscribe(exchange, message).map(Plan::Deed),
        Method::Discover => return Ok(Plan::Answer(engine.discovery().into())),
        Method::ToolsList => return list(exchange, message, &catalog.tool_list, ItemKind::Tool),
        Method::ResourcesList => return list(exchange, message, &catalog.resource_list, ItemKind::Resource),
        Method::ResourceTemplatesList => {
            return list(exchange, message, &catalog.template_list, ItemKind::Template);
        }
        Method::PromptsList => return list(exchange, message, &catalog.prompt_list, ItemKind::Prompt),
        Method::ToolsCall => tool(exchange, message)?,
        Method::PromptsGet => prompt(exchange, message)?,
        Method::ResourcesRead => resource(exchange, message)?,
        Method::Complete => completion(exchange, message)?,
    };
    let deadline = Deadline { at: now.tick.after_micros(engine.timeouts().call_micros), why: Why::Call };
    let reply = Reply::new(
        id.clone(),
        operation,
        exchange.manner.clone(),
        message.json(Member::ProgressToken).map(RawId::from_checked),
        client.log_level,
    );
    let caller = exchange.caller.clone();
    Ok(Plan::Call(Box::new(Call {
        callee,
        caller,
        client,
        deadline,
        reply,
        about: None,
        session: None,
        acknowledged: None,
    })))
}

/// One page of a list: rendered already, unless it depends on who asks.
fn list<'e>(
    exchange: &Exchange<'e>,
    message: &Message,
    listing: &'e Listing,
    kind: ItemKind,
) -> Result<Plan<'e>, Refusal> {
    let unknown = Refusal::InvalidParams(ParamsFault::Cursor);
    let cursor = match message.kind(Member::Cursor) {
        None => None,
        Some(_) => Some(message.text(Member::Cursor).ok_or_else(|| unknown.clone())?),
    };
    match exchange.engine.visibility() {
        Visibility::Everything => {
            let page = listing.page(cursor.as_deref(), exchange.manner.revision);
            page.map(Plan::Answer).ok_or(unknown)
        }
        Visibility::ByScope | Visibility::ByApplication => {
            let cursor = cursor.map(|cursor| listing.position(&cursor).ok_or(unknown)).transpose()?;
            Ok(Plan::List(List::new(listing, kind, cursor)))
        }
    }
}

/// What the message's target needs, where it names one that there is; whatever else is wrong with it.
pub(super) fn needs(engine: &Engine, message: &Message, method: &[u8]) -> Option<Scopes> {
    let catalog = engine.catalog();
    let method = Method::from_name(method)?;
    if method == Method::Complete {
        let reference = reference(message).ok()??;
        return Some(catalog.completion(&reference)?.1.scopes().clone());
    }
    let named = message.named(method)?;
    if method == Method::ToolsCall {
        return Some(catalog.tool(&named)?.1.needs.scopes().clone());
    }
    if method == Method::PromptsGet {
        return Some(catalog.prompt(&named)?.1.needs.scopes().clone());
    }
    // What else is named is a resource.
    if let Some((_, needs)) = catalog.resource(&named) {
        return Some(needs.scopes().clone());
    }
    let uri = Some(named).filter(|uri| uri.len() <= engine.limits().uri_bytes_max)?;
    Some(catalog.template(&uri)?.2.scopes().clone())
}

fn tool(exchange: &Exchange<'_>, message: &Message) -> Result<Target, Refusal> {
    let name = message.text(Member::Name).ok_or(Refusal::InvalidParams(ParamsFault::Name))?;
    let found = exchange.engine.catalog().tool(&name);
    if let Some((_, facts)) = found {
        judge_scopes(exchange, &facts.needs)?;
    }
    let arguments = match message.kind(Member::Arguments) {
        None => Bytes::from_static(b"{}"),
        Some(Kind::Object) => message.shared(Member::Arguments).unwrap_or_default(),
        Some(_) => return Err(Refusal::InvalidParams(ParamsFault::Arguments)),
    };
    let (tool, facts) = found.ok_or(Refusal::UnknownTarget(TargetKind::Tool))?;
    if exchange.manner.revision.is_modern() {
        compare_params(&exchange.mirrored, facts, &arguments)?;
    }
    Ok((Callee::Tool(tool, arguments), Operation::Tool(tool)))
}

/// DT-83, MPH-09 to MPH-16: the fields that the tool's schema asks for equal the arguments.
fn compare_params(mirrored: &Mirrored, facts: &ToolFacts, arguments: &[u8]) -> Result<(), Refusal> {
    if facts.params.is_empty() {
        return Ok(());
    }
    let arguments = std::str::from_utf8(arguments).unwrap_or_default();
    let equal = |param: &ParamHeader| {
        let argument = mirror::argument_at(arguments, &param.path);
        match field_of(mirrored.params.as_ref(), &param.suffix) {
            Ok(field) => mirror::param_matches(param.kind, field, argument),
            Err(Repeated) => false,
        }
    };
    if facts.params.iter().all(equal) { Ok(()) } else { Err(Refusal::HeaderMismatch(Mirror::Param)) }
}

struct Repeated;

/// The one field `Mcp-Param-{suffix}`.
fn field_of<'f>(fields: Option<&'f ParamFields>, suffix: &str) -> Result<Option<&'f [u8]>, Repeated> {
    const PREFIX_BYTES: usize = "mcp-param-".len();
    let is_named =
        |name: &str| name.get(PREFIX_BYTES..).is_some_and(|named| named.eq_ignore_ascii_case(suffix));
    let mut named = fields
        .into_iter()
        .flat_map(|fields| fields.iter())
        .filter(|(name, _)| is_named(name.as_str()))
        .map(|(_, value)| value.as_bytes());
    match (named.next(), named.next()) {
        (field, None) => Ok(field),
        (_, Some(_)) => Err(Repeated),
    }
}

fn prompt(exchange: &Exchange<'_>, message: &Message) -> Result<Target, Refusal> {
    let name = message.text(Member::Name).ok_or(Refusal::InvalidParams(ParamsFault::Name))?;
    let found = exchange.engine.catalog().prompt(&name);
    if let Some((_, facts)) = found {
        judge_scopes(exchange, &facts.needs)?;
    }
    let arguments: BTreeMap<String, String> = match message.json(Member::Arguments) {
        None => BTreeMap::new(),
        Some(json) => {
            serde_json::from_slice(json).map_err(|_| Refusal::InvalidParams(ParamsFault::Arguments))?
        }
    };
    let (prompt, facts) = found.ok_or(Refusal::UnknownTarget(TargetKind::Prompt))?;
    if !facts.required.iter().all(|name| arguments.contains_key(&**name)) {
        return Err(Refusal::InvalidParams(ParamsFault::MissingArgument));
    }
    Ok((Callee::Prompt(prompt, arguments), Operation::Prompt(prompt)))
}

/// Resources by their URI first, then the templates in the order they were added.
fn resource(exchange: &Exchange<'_>, message: &Message) -> Result<Target, Refusal> {
    let uri = message.text(Member::Uri).ok_or(Refusal::InvalidParams(ParamsFault::Uri))?;
    // Each template looks at all of it.
    if uri.len() > exchange.engine.limits().uri_bytes_max {
        return Err(Refusal::InvalidParams(ParamsFault::UriTooLong));
    }
    let catalog = exchange.engine.catalog();
    if let Some((resource, needs)) = catalog.resource(&uri) {
        judge_scopes(exchange, needs)?;
        return Ok((Callee::Resource(resource, uri.into()), Operation::Resource(resource)));
    }
    let Some((template, variables, needs)) = catalog.template(&uri) else {
        return Err(Refusal::UnknownResource(uri.into()));
    };
    judge_scopes(exchange, &needs)?;
    Ok((Callee::Template(template, uri.into(), variables), Operation::Template(template)))
}

#[derive(Deserialize)]
#[serde(tag = "type")]
enum Reference {
    #[serde(rename = "ref/prompt")]
    Prompt { name: String },
    #[serde(rename = "ref/resource")]
    Resource { uri: String },
}

#[derive(Deserialize)]
struct Argument {
    name: String,
    value: String,
}

#[derive(Deserialize, Default)]
struct Context {
    #[serde(default)]
    arguments: BTreeMap<String, String>,
}

fn completion(exchange: &Exchange<'_>, message: &Message) -> Result<Target, Refusal> {
    let reference = reference(message)?.ok_or(Refusal::InvalidParams(ParamsFault::Reference))?;
    let found = exchange.engine.catalog().completion(&reference);
    if let Some((_, needs)) = found {
        judge_scopes(exchange, needs)?;
    }
    let argument: Option<Argument> = read(message, Member::Argument, ParamsFault::Argument)?;
    let argument = argument.ok_or(Refusal::InvalidParams(ParamsFault::Argument))?;
    let context: Option<Context> = read(message, Member::Context, ParamsFault::Context)?;
    let (completion, _) = found.ok_or(Refusal::UnknownTarget(TargetKind::Completion))?;
    let input = CompletionInput {
        argument: argument.name,
        value: argument.value,
        chosen: context.unwrap_or_default().arguments,
    };
    Ok((Callee::Completion(completion, input), Operation::Completion(completion)))
}

fn reference(message: &Message) -> Result<Option<CompletionSpec>, Refusal> {
    let reference = read(message, Member::Reference, ParamsFault::Reference)?;
    Ok(reference.map(|reference| match reference {
        Reference::Prompt { name } => CompletionSpec::Prompt(name),
        Reference::Resource { uri } => CompletionSpec::Template(uri),
    }))
}

/// A member that is an object with a shape of its own.
fn read<'m, T: Deserialize<'m>>(
    message: &'m Message,
    member: Member,
    fault: ParamsFault,
) -> Result<Option<T>, Refusal> {
    message
        .json(member)
        .map(|json| serde_json::from_slice(json).map_err(|_| Refusal::InvalidParams(fault)))
        .transpose()
}
