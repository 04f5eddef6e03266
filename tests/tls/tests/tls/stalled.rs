//! A peer that takes nothing, behind TLS.

use std::time::Duration;

use mcp_tokio::{Auth, ConnectionTimeouts, Context, NoArguments, Tool};
use tokio::sync::mpsc;

use crate::{
    authority::Authority,
    client::{Client, call, call_body, in_time},
    served::{Driver, builder, tls},
};

/// Tells that the handler was dropped.
struct Ended(mpsc::UnboundedSender<()>);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

/// The buffers of TLS are between the guard and the socket, and hide nothing from it.
#[tokio::test]
async fn a_peer_that_takes_nothing_ends_its_call() {
    let authority = Authority::new("servers");
    for driver in Driver::ALL {
        for is_http2 in [false, true] {
            let (told, mut tell) = mpsc::unbounded_channel();
            let flood = move |_: NoArguments, cx: Context| {
                let ended = Ended(told.clone());
                async move {
                    let _ended = ended;
                    let piece = "x".repeat(64 << 10);
                    let mut done = 0.0;
                    loop {
                        done += 1.0;
                        cx.progress_with(done, None, piece.as_str()).await;
                        if done < 0.0 {
                            break "never";
                        }
                    }
                }
            };
            let mut timeouts = ConnectionTimeouts::default();
            timeouts.write_stall = Duration::from_millis(300);
            let mut core = mcp_tokio::Timeouts::default();
            core.heartbeat_micros = 200_000;
            let server = builder(tls(&authority).build().expect("TLS"), Auth::none())
                .tool(Tool::new("flood").typed(flood))
                .connection_timeouts(timeouts)
                .core_timeouts(core);
            let running = driver.serve(server.build().expect("a server"));
            let client = Client::new(&authority);
            let client = if is_http2 { client.http2() } else { client };
            let mut connection = client.connect(running.address).await;
            let answer = connection.begin(call("flood", None), call_body("flood")).await;
            assert_eq!(answer.status(), 200);
            in_time("the end of the call", tell.recv()).await.expect("told");
            drop(answer);
        }
    }
}
