//! A handler that panics, behind TLS.

use mcp_tokio::{Auth, NoArguments, Tool};

use crate::{
    authority::Authority,
    client::{Client, call, call_body},
    served::{Driver, builder, tls},
};

const SECRET: &str = "a detail that nobody may learn";

/// Whether a handler panics; told at run time, so that its future has a value to come to.
fn panics() -> bool {
    !SECRET.is_empty()
}

#[tokio::test]
async fn its_call_is_answered_and_its_connection_goes_on() {
    let authority = Authority::new("servers");
    for driver in Driver::ALL {
        let panicking = Tool::new("panicking").typed(async |_: NoArguments| {
            assert!(!panics(), "{SECRET}");
            "never"
        });
        let server = builder(tls(&authority).build().expect("TLS"), Auth::none()).tool(panicking);
        let running = driver.serve(server.build().expect("a server"));
        for is_http2 in [false, true] {
            let client = Client::new(&authority);
            let client = if is_http2 { client.http2() } else { client };
            let mut connection = client.connect(running.address).await;
            for _ in 0..3 {
                let answer = connection.exchange(call("panicking", None), call_body("panicking")).await;
                assert!(answer.body.contains(r#""code":-32603"#), "{driver:?} {answer:?}");
                assert!(!answer.body.contains(SECRET), "{answer:?}");
                assert_eq!(connection.who(None).await.said(), " ", "{driver:?}");
            }
        }
    }
}
