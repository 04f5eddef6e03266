//! A server below any driver: a thread for each connection, blocking reads and writes, no async. Every rule is the
//! core's; here is what the core asks for. `touche` reads and writes HTTP.
//!
//! `cargo run -p mcp-proto --example blocking` prints a request to try it with. A peer holds its thread for as long as
//! it likes: before strangers reach such a server, it wants the deadlines that the steps carry.

mod issuer;

use std::{convert::Infallible, error::Error, io, io::Read, net::TcpListener, sync::Arc, time::SystemTime};

use mcp_proto::{BodyRead, Call, Engine, Finish, Head, Now, Outcome, Step, Tick, UnixSeconds, jws};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use touche::{Body, HttpBody, Request, Response, Server};

/// The rules, the issuer's keys, and what runs a call that every rule has allowed.
pub(crate) type Blocking = (Engine, jws::KeySet, fn(&Call) -> Outcome);

fn main() -> Result<(), Box<dyn Error>> {
    let server = issuer::server("http://127.0.0.1:8000/mcp", now().unix)?;
    Ok(serve(Arc::new(server), &TcpListener::bind("127.0.0.1:8000")?)?)
}

/// Answers whoever connects, so many at once as there are threads.
pub(crate) fn serve(server: Arc<Blocking>, sockets: &TcpListener) -> io::Result<()> {
    let listener = Server::builder().max_threads(32).from_connections(sockets.incoming().flatten());
    listener.serve(move |it: Request<_>| Ok::<_, Infallible>(answer(&server, it.map(Body::into_reader))))
}

fn answer((engine, keys, run): &Blocking, request: Request<impl Read>) -> Response<Vec<u8>> {
    let (parts, mut body) = request.into_parts();
    let head = Head::from_parts(&parts.method, &parts.uri, &parts.headers, engine.route(parts.uri.path()));
    let mut step = engine.accept(&head, now());
    let response = loop {
        step = match step {
            Step::Probe(probe) => probe.resolve(true),
            Step::Verify(verify) => verify.resolve_signed(|_| Some(keys), is_valid, now()),
            Step::ReadId(read) => {
                let body = read_body(&mut body, read.limit());
                Step::Respond(read.resolve(body))
            }
            Step::ReadBody(read) => {
                let body = read_body(&mut body, read.limit());
                read.resolve(body, now())
            }
            Step::Call(call) => {
                let outcome = run(&call);
                match call.reply.finish(engine, outcome) {
                    Finish::Whole(response) => Step::Respond(response),
                    Finish::Next { call, .. } => Step::Call(call),
                    Finish::LastFrame(_) | Finish::Queued => unreachable!("nothing was told while it ran"),
                }
            }
            Step::Respond(response) => break response,
            _ => unreachable!("there are no sessions, and no list is filtered"),
        }
    };
    // What is left unread would be taken for the next request.
    io::copy(&mut body, &mut io::sink()).ok();
    response.into_http().map(Vec::from)
}

/// One byte more than is wanted says that there is too much.
fn read_body(body: &mut impl Read, limit: u32) -> BodyRead {
    let mut bytes = Vec::new();
    let read = body.take(u64::from(limit) + 1).read_to_end(&mut bytes);
    read.map_or(BodyRead::Aborted, |_| BodyRead::Complete(bytes.into()))
}

fn is_valid(check: &jws::SignatureCheck<'_>) -> bool {
    let jws::KeyMaterial::EcP256 { x, y } = check.key().material() else { return false };
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, [&[4], &x[..], y].concat());
    key.verify(check.message(), check.signature()).is_ok()
}

fn now() -> Now {
    let unix = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    Now { tick: Tick(unix.as_micros() as u64), unix: UnixSeconds(unix.as_secs()) }
}
