//! Many at once, on several threads: what holds for one after the other holds then too.

use std::sync::Arc;

use mcp_tests::socket::Socket;
use mcp_tokio::Change;
use serde_json::json;
use tokio::task::JoinSet;

use crate::{
    client::{NEWEST, call, handshake, ping, post, puppet, result, said_by_tool},
    served::{Served, said},
    tokens::{ALICE, BOB},
};

/// How many do something at once.
const CROWD: usize = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn handshakes_at_once_stay_within_the_share_of_their_party() {
    let served = Arc::new(Served::with(|policy| policy.sessions_per_principal_max = 3).await);
    for _ in 0..10 {
        let mut crowd = JoinSet::new();
        for _ in 0..CROWD {
            let served = Arc::clone(&served);
            crowd.spawn(async move {
                let request = post(handshake(NEWEST, &json!({})).to_string()).token(&ALICE.text());
                let status = served.answer(&request).await.head.status;
                assert!(matches!(status, 200 | 429), "{status}");
            });
        }
        crowd.join_all().await;
        assert!(served.sessions() <= 3, "{}", served.sessions());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn handshakes_at_once_stay_within_the_bound_of_the_server() {
    let served = Arc::new(Served::open(|policy| policy.sessions_max = 7).await);
    let mut crowd = JoinSet::new();
    for _ in 0..CROWD {
        let served = Arc::clone(&served);
        crowd.spawn(async move {
            let request = post(handshake(NEWEST, &json!({})).to_string());
            served.answer(&request).await.head.status
        });
    }
    let statuses = crowd.join_all().await;
    let opened = statuses.iter().filter(|status| **status == 200).count();
    assert_eq!((opened, served.sessions()), (7, 7));
    assert!(statuses.iter().all(|status| matches!(status, 200 | 503)), "{statuses:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sessions_that_come_and_go_leave_nothing_behind() {
    let served = Arc::new(Served::with(|policy| policy.sessions_per_principal_max = 1_000).await);
    let mut crowd = JoinSet::new();
    for place in 0..CROWD {
        let served = Arc::clone(&served);
        crowd.spawn(async move {
            for _ in 0..5 {
                let session = served.session(if place % 2 == 0 { ALICE } else { BOB }).await;
                let stream = session.listen().await;
                let answer = session.served(&call(1, "whoami")).await;
                let name = if place % 2 == 0 { "alice" } else { "bob" };
                assert_eq!(answer, said_by_tool(1, name));
                served.server.sessions().notify_all(&Change::ToolsChanged);
                if place % 3 == 0 {
                    drop(stream);
                }
                session.end().await;
                assert!(!session.is_there().await);
            }
        });
    }
    crowd.join_all().await;
    assert_eq!(served.sessions(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_session_that_is_ended_under_its_requests_ends_once() {
    let served = Arc::new(Served::start().await);
    for _ in 0..10 {
        let session = served.session(ALICE).await;
        let (id, revision) = (session.id.clone(), session.revision);
        let mut crowd = JoinSet::new();
        for place in 0..CROWD {
            let request = match place % 4 {
                0 => session.delete(),
                1 => session.post(&ping(1)),
                2 => session.post(&call(place, "whoami")),
                _ => session.get().with("Accept", "text/html"),
            };
            let served = Arc::clone(&served);
            crowd.spawn(async move { (place % 4, served.answer(&request).await) });
        }
        let mut ended = 0;
        for (kind, response) in crowd.join_all().await {
            match (kind, response.head.status) {
                (0, 200) => ended += 1,
                (1, 200) => assert_eq!(said(&response).1, result(1, json!({}))),
                (2, 200) | (3, 406) => {}
                (_, 404) => assert_eq!(said(&response).1["error"]["code"], -32001),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(ended, 1, "{} {revision}", id.len());
        assert_eq!(served.sessions(), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_take_up_a_stream_one_has_it_and_hears_everything() {
    let served = Arc::new(Served::start().await);
    let session = served.session(ALICE).await;
    let socket = session.begin(&puppet(1)).await;
    let mut running = served.begun().await;
    running.progress(1).await;
    let mut stream = socket.stream().await;
    let last = stream.event().await.id().to_owned();
    let mut crowd = JoinSet::new();
    for _ in 0..CROWD {
        let request = session.get().field("Last-Event-ID", &last);
        let address = served.address;
        crowd.spawn(async move {
            let mut socket = Socket::connect(address).await;
            socket.send(request.bytes()).await;
            socket.stream().await.rest().await
        });
    }
    // One after the other they lose it; whoever comes last is told the end.
    let waiting = async {
        let mut ended = Vec::new();
        while ended.len() < CROWD - 1 {
            ended.extend(crowd.join_next().await.map(|joined| joined.expect("no panic")));
        }
        ended
    };
    let ended = mcp_tests::socket::in_time("all but one lose the stream", waiting).await;
    let done = said_by_tool(1, "done");
    for (events, _) in &ended {
        assert!(events.iter().all(|event| event.message() != done));
    }
    running.finish("done");
    let (events, _) = crowd.join_next().await.expect("one is left").expect("no panic");
    assert_eq!(events.last().map(mcp_tests::event_reader::Event::message), Some(done));
    assert_eq!(events.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn calls_at_once_in_one_session_are_each_answered_once() {
    let served = Arc::new(Served::start().await);
    let session = served.session(ALICE).await;
    let mut crowd = JoinSet::new();
    for id in 0..CROWD {
        let request = session.post(&call(id, "whoami"));
        let served = Arc::clone(&served);
        crowd.spawn(async move { (id, said(&served.answer(&request).await)) });
    }
    for (id, answer) in crowd.join_all().await {
        assert_eq!(answer, (200, said_by_tool(id, "alice")));
    }
    // One id, many calls: those that do not run at the same time are served, the others are refused.
    let mut crowd = JoinSet::new();
    for _ in 0..CROWD {
        let request = session.post(&call("one", "whoami"));
        let served = Arc::clone(&served);
        crowd.spawn(async move { said(&served.answer(&request).await) });
    }
    for (status, json) in crowd.join_all().await {
        match status {
            200 => assert_eq!(json, said_by_tool("one", "alice")),
            _ => assert_eq!((status, &json["error"]["code"]), (400, &json!(-32600))),
        }
    }
}
