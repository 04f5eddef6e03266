use std::{
    future::pending,
    io,
    panic::panic_any,
    sync::atomic::{AtomicUsize, Ordering},
    task::Waker,
};

use http::{HeaderMap, HeaderValue, Method, Uri};
use mcp_proto::UnixSeconds;

use super::*;
use crate::{keys::testing::ManualRuntime, signature::test_signer::START};

/// Header fields.
type Fields = &'static [(&'static str, &'static str)];

/// A head with these fields.
fn head(uri: &'static str, fields: Fields) -> RequestHead {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(*name, HeaderValue::from_static(value));
    }
    RequestHead::new(Method::POST, Uri::from_static(uri), headers)
}

fn asked(verifier: impl Verifier) -> Verdict {
    let erased: Arc<dyn ErasedVerifier> = Arc::new(verifier);
    ManualRuntime::at(START).finish(ask(&*erased, head("/mcp", &[])))
}

/// Verdicts that can be compared.
#[derive(Debug, PartialEq)]
enum Outcome {
    Accepted(Arc<Principal>),
    Denied,
    Failed,
    Unavailable,
}

fn outcome(verifier: impl Verifier) -> Outcome {
    match asked(verifier) {
        Verdict::Accepted(principal, _) => Outcome::Accepted(principal),
        Verdict::Denied => Outcome::Denied,
        Verdict::Failed => Outcome::Failed,
        Verdict::Unavailable => Outcome::Unavailable,
    }
}

fn parts(identity: Identity) -> Principal {
    identity.into_parts().expect("names").0
}

async fn alice(head: RequestHead) -> Result<Identity, Rejection> {
    assert_eq!(head.method(), Method::POST);
    Ok(Identity::new("alice"))
}

#[test]
fn a_function_accepts_denies_is_unavailable_or_fails() {
    let Outcome::Accepted(principal) = outcome(alice) else { panic!("accepted") };
    assert_eq!(principal.subject(), "alice");
    assert_eq!(outcome(async |_: RequestHead| Err(Rejection::denied())), Outcome::Denied);
    assert_eq!(outcome(async |_: RequestHead| Err(Rejection::unavailable())), Outcome::Unavailable);
    assert_eq!(outcome(async |_: RequestHead| Err(io::Error::other("s3cret").into())), Outcome::Failed);
}

#[test]
fn a_question_mark_turns_any_error_into_a_failure() {
    async fn parses(_: RequestHead) -> Result<Identity, Rejection> {
        let number: u32 = "x".parse()?;
        Ok(Identity::new(number.to_string()))
    }
    assert_eq!(outcome(parses), Outcome::Failed);
}

#[test]
fn a_closure_takes_along_what_it_captured_and_the_value_comes_through() {
    struct User(u32);
    let users = Arc::new(vec![7]);
    let verdict = asked(move |_: RequestHead| {
        let users = Arc::clone(&users);
        async move {
            let number = users.first().copied().ok_or_else(Rejection::denied)?;
            Ok(Identity::new("alice").value(User(1)).value(User(number)))
        }
    });
    let Verdict::Accepted(_, Some(value)) = verdict else { panic!("a value") };
    assert_eq!(value.downcast::<User>().map(|user| user.0).ok(), Some(7));
}

/// A future that panics when it is dropped, and is ready before that if it says so.
struct PanicsInDrop(bool);

impl Future for PanicsInDrop {
    type Output = Result<Identity, Rejection>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        if self.0 { Poll::Ready(Ok(Identity::new("alice"))) } else { Poll::Pending }
    }
}

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        panic_any(());
    }
}

#[test]
fn a_panic_wherever_it_happens_is_a_failure() {
    fn at_once(_: RequestHead) -> std::future::Ready<Result<Identity, Rejection>> {
        panic_any(())
    }
    async fn later(_: RequestHead) -> Result<Identity, Rejection> {
        panic_any(())
    }
    assert_eq!(outcome(at_once), Outcome::Failed);
    assert_eq!(outcome(later), Outcome::Failed);
    assert_eq!(outcome(|_: RequestHead| PanicsInDrop(true)), Outcome::Failed);
}

#[test]
fn one_that_is_left_while_it_waits_is_dropped_and_a_panic_of_that_goes_nowhere() {
    let verifier: Arc<dyn ErasedVerifier> = Arc::new(|_: RequestHead| PanicsInDrop(false));
    let mut asking = Box::pin(ask(&*verifier, head("/", &[])));
    assert!(asking.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(asking);

    static ENDED: AtomicUsize = AtomicUsize::new(0);
    struct Ends;
    impl Drop for Ends {
        fn drop(&mut self) {
            ENDED.fetch_add(1, Ordering::Relaxed);
        }
    }
    let verifier: Arc<dyn ErasedVerifier> = Arc::new(async |_: RequestHead| {
        let _ends = Ends;
        pending::<Result<Identity, Rejection>>().await
    });
    let mut asking = Box::pin(ask(&*verifier, head("/", &[])));
    assert!(asking.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert_eq!(ENDED.load(Ordering::Relaxed), 0);
    drop(asking);
    assert_eq!(ENDED.load(Ordering::Relaxed), 1);
}

#[test]
fn an_empty_name_is_a_failure_and_never_somebody() {
    let table: [fn() -> Identity; 5] = [
        || Identity::new(""),
        || Identity::new("").client("client"),
        || Identity::new("").issuer("issuer").client("client").scopes("admin"),
        || Identity::new("alice").issuer(""),
        || Identity::new("alice").client(""),
    ];
    for identity in table {
        assert_eq!(outcome(move |_: RequestHead| async move { Ok(identity()) }), Outcome::Failed);
    }
}

#[test]
fn what_an_identity_does_not_say_has_a_default() {
    let principal = parts(Identity::new("alice"));
    assert_eq!(principal.issuer(), "application");
    assert_eq!(principal.subject(), "alice");
    assert_eq!(principal.client(), "alice");
    assert!(principal.scopes().is_empty());
    assert_eq!(principal.expires(), UnixSeconds(u64::MAX));

    let identity = Identity::new("alice").issuer("ldap").client("phone").expires(UnixSeconds(9));
    let principal = parts(identity);
    assert_eq!((principal.issuer(), principal.client()), ("ldap", "phone"));
    assert_eq!(principal.expires(), UnixSeconds(9));
}

#[test]
fn scopes_add_up_and_what_is_no_scope_grants_nothing() {
    let table = [
        (Identity::new("a").scope("read").scope("write"), "read write"),
        (Identity::new("a").scopes("read write").scope("list"), "read write list"),
        (Identity::new("a").scopes("read  write "), "read write"),
        // One scope is one scope: it does not smuggle in a second one.
        (Identity::new("a").scope("read admin"), ""),
        (Identity::new("a").scope(""), ""),
        (Identity::new("a").scope("\"admin\"").scope("read"), "read"),
        (Identity::new("a").scopes("read\tadmin write"), "write"),
    ];
    for (identity, expected) in table {
        assert_eq!(parts(identity).scopes().as_str(), expected);
    }
}

#[test]
fn a_header_counts_when_there_is_exactly_one() {
    let one = head("/mcp", &[("x-user", "alice"), ("other", "x")]);
    assert_eq!(one.header("X-User").map(HeaderValue::as_bytes), Some(&b"alice"[..]));
    assert_eq!(one.header("x-absent"), None);
    let twice = head("/mcp", &[("x-user", "alice"), ("x-user", "alice")]);
    assert_eq!(twice.header("x-user"), None);
    assert_eq!(twice.headers().len(), 2);
}

#[test]
fn a_bearer_token_counts_when_it_is_the_only_credential() {
    let table: [(&str, Fields, Option<&str>); 8] = [
        ("/mcp", &[("authorization", "Bearer abc")], Some("abc")),
        ("/mcp?a=b", &[("authorization", "bearer abc=")], Some("abc=")),
        ("/mcp", &[], None),
        ("/mcp", &[("authorization", "Basic abc")], None),
        ("/mcp", &[("authorization", "Bearer abc def")], None),
        ("/mcp", &[("authorization", "Bearer abc"), ("authorization", "Bearer abc")], None),
        ("/mcp", &[("authorization", "Basic abc"), ("authorization", "Bearer abc")], None),
        ("/mcp?access_token=abc", &[("authorization", "Bearer abc")], None),
    ];
    for (uri, fields, expected) in table {
        let head = head(uri, fields);
        assert_eq!(head.bearer(), expected, "{uri} {fields:?}");
    }
}

#[test]
fn debug_shows_no_secrets() {
    let head = head("/mcp?key=s3cret", &[("authorization", "Bearer s3cret"), ("x-key", "s3cret")]);
    assert_eq!(head.uri().query(), Some("key=s3cret"));
    let shown = format!("{head:?}");
    assert_eq!(shown, r#"RequestHead { method: POST, path: "/mcp", headers: ["authorization", "x-key"] }"#);

    let failed = Rejection::from(io::Error::other("s3cret"));
    assert_eq!(format!("{failed:?}"), r#"Failed("std::io::error::Error")"#);
    assert_eq!(format!("{:?}", Rejection::denied()), "Denied");
    assert_eq!(format!("{:?}", Rejection::unavailable()), "Unavailable");

    let identity = format!("{:?}", Identity::new("alice").value("s3cret"));
    assert!(identity.contains("alice") && !identity.contains("s3cret"), "{identity}");
}
