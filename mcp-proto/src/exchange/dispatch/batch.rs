//! Batches, which 2025-03-26 alone has: everything in one is judged before anything in it runs.

use crate::{
    auth::scope::Scopes,
    exchange::{
        Exchange, Step,
        audit::{About, Element, Named},
        batch::Batch,
        message::{Member, Message},
        mirrored::VersionField,
        use_session::{Deed, Place, Purpose},
    },
    jsonrpc::{self, RawId},
    refusal::{Refusal, RequestFault},
    revision::Revision,
    time::Now,
};

use super::{Plan, Shape, legacy, shape, target};

const REVISION: Revision = Revision::V2025_03_26;

/// DT-27 to DT-30: whether an array may be a batch here. A client that says nothing is of this revision
/// (HTTP-35).
pub(super) fn is_of_its_revision(exchange: &Exchange<'_>) -> bool {
    if let Some(session) = exchange.session() {
        return session.revision() == REVISION && !exchange.is_posted();
    }
    exchange.engine.mode().serves_legacy()
        && match exchange.mirrored.version {
            VersionField::Absent | VersionField::Known(REVISION) => true,
            VersionField::Known(_) | VersionField::Other(_) | VersionField::Repeated => false,
        }
}

/// Authorizes all requests of a batch, then begins with the first.
pub(super) fn batch<'e>(mut exchange: Exchange<'e>, message: &Message, now: Now) -> Step<'e> {
    exchange.manner.revision = REVISION;
    if exchange.session().is_none() && exchange.engine.sessions().is_some() {
        return exchange.refuse_without_id(Refusal::SessionIdMissing);
    }
    let Sorted { requests, mut deeds } = match sort(&exchange, message) {
        Ok(sorted) => sorted,
        Err(fault) => return exchange.refuse_without_id(Refusal::InvalidRequest(fault)),
    };
    if requests.is_empty() && exchange.session().is_none() {
        return exchange.acknowledge();
    }
    let is_answered = !requests.is_empty();
    if is_answered && !exchange.manner.accept.json && !exchange.manner.accept.event_stream {
        return exchange.refuse_without_id(Refusal::NotAcceptable);
    }
    match judge(&exchange, &requests, &mut deeds, now) {
        Ok(batch) if exchange.session().is_some() => {
            exchange.use_session(Purpose::Batch(deeds, Box::new(batch)))
        }
        Ok(batch) => batch.go_on(exchange),
        Err(Denied { needs, first }) => {
            if exchange.engine.keeps_records() {
                exchange.named = Named::of(first).map(Box::new);
            }
            exchange.refuse_without_id(Refusal::InsufficientScope(needs))
        }
    }
}

/// The messages of a batch by what becomes of them.
struct Sorted {
    requests: Vec<(RawId, Message)>,
    /// What is done to the session at once.
    deeds: Vec<(Option<Place>, Deed)>,
}

/// DT-26, DT-31 to DT-34: requests, and what is not answered. Without a session there is nobody to take a
/// response, nor anything for a notification to do.
fn sort(exchange: &Exchange<'_>, message: &Message) -> Result<Sorted, RequestFault> {
    let limits = exchange.engine.limits();
    if message.values() > limits.body_values_max {
        return Err(RequestFault::TooManyValues);
    }
    let elements = message.elements(limits.batch_items_max).ok_or(RequestFault::BatchTooLong)?;
    if elements.is_empty() {
        return Err(RequestFault::EmptyBatch);
    }
    let in_session = exchange.session().is_some();
    let mut sorted = Sorted { requests: Vec::new(), deeds: Vec::new() };
    for element in elements {
        let message = Message::read(element).map_err(|_| RequestFault::BatchItem)?;
        let shape = shape(&message, limits).map_err(|_| RequestFault::BatchItem)?;
        let comes_alone = message.has(Member::ProtocolVersion)
            || message.bytes(Member::Method).as_deref() == Some(b"initialize");
        match shape {
            _ if comes_alone => return Err(RequestFault::BatchItem),
            Shape::Request(id) => sorted.requests.push((id, message)),
            Shape::Notification => sorted.deeds.push((None, legacy::deed(&message, limits))),
            Shape::Response(Some(id)) if in_session => {
                sorted.deeds.push((None, legacy::answer(&message, id)));
            }
            Shape::Response(_) => return Err(RequestFault::BatchItem),
        }
    }
    Ok(sorted)
}

/// Requests of which the caller may not make all.
struct Denied<'m> {
    /// What all of them need (AUTH-22).
    needs: Scopes,
    /// The first that the caller may not make.
    first: &'m Message,
}

/// What each request comes to. One that the caller may not make refuses them all.
fn judge<'e, 'm>(
    exchange: &Exchange<'e>,
    requests: &'m [(RawId, Message)],
    deeds: &mut Vec<(Option<Place>, Deed)>,
    now: Now,
) -> Result<Batch<'e>, Denied<'m>> {
    let mut batch = Batch::of(requests.len(), exchange.engine.limits());
    let mut denied = None;
    for (place, (id, message)) in requests.iter().enumerate() {
        let method = message.bytes(Member::Method).unwrap_or_default();
        let planned = legacy::judge(exchange, message, &method, REVISION)
            .and_then(|(method, client)| target::plan(exchange, message, method, client, id, now));
        let named = || Named::of(message).map(Box::new);
        let keeps_records = exchange.engine.keeps_records();
        let element = |rule| keeps_records.then(|| Element { named: named(), rule });
        match planned {
            Ok(Plan::Deed(deed)) => {
                batch.record(element(None));
                deeds.push((Some((place, id.clone())), deed));
            }
            Ok(Plan::Answer(result) | Plan::Handshake(result)) => {
                batch.record(element(None));
                if batch.is_full() {
                    batch.refuse(place, id.clone());
                } else {
                    batch.answer(place, jsonrpc::result(id, &result));
                }
            }
            Ok(Plan::List(list)) => {
                batch.record(element(None));
                batch.list(place, id.clone(), list);
            }
            Ok(Plan::Call(mut call)) => {
                if keeps_records {
                    call.about = Some(Box::new(About::new(exchange.caller.clone(), named())));
                }
                batch.call(place, call);
            }
            Err(Refusal::InsufficientScope(_)) => denied = denied.or(Some(message)),
            Err(refusal) => {
                batch.record(element(Some(refusal.rule())));
                batch.answer(place, refusal.entry(id.clone(), REVISION));
            }
        }
    }
    match denied {
        None => Ok(batch),
        Some(first) => {
            let needs = |(_, message): &(RawId, Message)| {
                target::needs(exchange.engine, message, &message.bytes(Member::Method)?)
            };
            let needs: Vec<Scopes> = requests.iter().filter_map(needs).collect();
            Err(Denied { needs: Scopes::union(&needs), first })
        }
    }
}
