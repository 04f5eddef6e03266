//! The application's own value about a caller, on its way to handlers.

use std::{sync::Arc, time::Duration};

use mcp_tests::{
    asking::{Answer, Ask},
    clock::Clock,
    journal::Journal,
};
use mcp_tokio::{
    Auth, Caller, CallerValue, Identity, Limits, NoArguments, Rejection, RequestHead, Server, ServerError,
    ServerLimits, Service, Tool,
};

/// How many requests run at once.
const CALLERS: usize = 400;

struct User {
    name: String,
}

struct Other;

fn whoami() -> Tool {
    Tool::new("whoami").typed(async |_: NoArguments, caller: Caller, CallerValue(user): CallerValue<User>| {
        // Long enough for all the others to begin.
        tokio::time::sleep(Duration::from_millis(5)).await;
        format!("{} is {}", caller.principal().subject(), user.name)
    })
}

/// A server whose function gives callers a value as their token says.
fn service() -> Service<Clock> {
    let auth = Auth::verifier(async |head: RequestHead| {
        let token = head.bearer().ok_or_else(Rejection::denied)?.to_owned();
        // Not everyone is looked up in the same time, so that answers overtake one another.
        tokio::time::sleep(Duration::from_millis(token.len() as u64 % 7)).await;
        let identity = Identity::new(token.clone());
        Ok(match token.as_str() {
            "nothing" => identity,
            "other" => identity.value(Other),
            "shared" => identity.value(Arc::new(User { name: token })),
            "replaced" => identity.value(Other).value(User { name: token }),
            _ => identity.value(User { name: token }),
        })
    });
    let mut limits = ServerLimits::default();
    limits.calls = CALLERS;
    let server =
        Server::builder("test", "1", auth).tool(whoami()).limits(limits).core_limits(Limits::default());
    Service::start(server.build().expect("a server"), Clock::new(), None).expect("a service")
}

async fn ask(service: &Service<Clock>, token: &str) -> Answer {
    Ask::call("whoami").bearer(token).send(service).await
}

#[tokio::test(start_paused = true)]
async fn it_reaches_a_handler_under_its_type() {
    let service = service();
    assert_eq!(ask(&service, "alice").await.text(), "alice is alice");
    assert_eq!(ask(&service, "replaced").await.text(), "replaced is replaced");
}

#[tokio::test(start_paused = true)]
async fn a_value_of_another_type_or_none_is_an_internal_error() {
    let service = service();
    let journal = Journal::open();
    // What is wrapped has another type.
    for token in ["nothing", "other", "shared"] {
        let answer = ask(&service, token).await;
        assert_eq!(answer.error(), (200, -32603, "Internal error".into()), "{token}: {}", answer.body);
        assert!(!answer.contains("User"), "{}", answer.body);
    }
    assert!(journal.text().contains("User"), "the operator is told which type: {}", journal.text());
}

#[test]
fn a_server_without_authentication_has_no_handler_that_takes_it() {
    let server = Server::builder("test", "1", Auth::none()).tool(whoami()).build();
    assert_eq!(server.err(), Some(ServerError::NeedsCaller("whoami".into())));
}

#[tokio::test(start_paused = true)]
async fn callers_at_the_same_time_are_never_mixed_up() {
    let service = service();
    let tasks: Vec<_> = (0..CALLERS)
        .map(|number| {
            let service = service.clone();
            // Names of different lengths, and the same id for all of them.
            let name = format!("caller-{number}{}", "x".repeat(number % 11));
            tokio::spawn(async move { (ask(&service, &name).await.text(), format!("{name} is {name}")) })
        })
        .collect();
    for task in tasks {
        let (text, expected) = task.await.expect("an answer");
        assert_eq!(text, expected);
    }
}
