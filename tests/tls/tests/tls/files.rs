//! Certificates that are replaced while the server runs.

use std::{fs, path::PathBuf, time::Duration};

use http::Request;
use http_body_util::BodyExt as _;
use mcp_tokio::{Change, ServerTls, ServerTlsError};
use serde_json::{Value, json};

use crate::{
    authority::{Authority, Pair},
    client::{Client, in_time, initialize, post},
    served::{Driver, open},
};

/// A folder with a certificate and its key, gone when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tls-files-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn write(&self, pair: &Pair) {
        fs::write(self.0.join("crt"), &pair.certificate).expect("written");
        fs::write(self.0.join("key"), &pair.key).expect("written");
    }

    fn files(&self) -> mcp_tokio::ServerTlsBuilder {
        ServerTls::files(self.0.join("crt"), self.0.join("key"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn open_connections_and_streams_go_on_while_new_ones_see_the_new_certificate() {
    let (before, after) = (Authority::new("before"), Authority::new("after"));
    for driver in Driver::ALL {
        let folder = Folder::new(&format!("reload-{driver:?}"));
        folder.write(&before.server());
        let tls = folder.files().watch_every(Duration::ZERO).build().expect("TLS");
        let server = open(tls.clone());
        let sessions = server.sessions();
        let running = driver.serve(server);

        let mut calls = Client::new(&before).connect(running.address).await;
        let opened = calls.exchange(post(None), initialize()).await;
        let id = opened.header("mcp-session-id").to_owned();
        let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        let in_session = || post(None).header("mcp-session-id", &id);
        assert_eq!(calls.exchange(in_session(), ready).await.status, 202);
        let mut listening = Client::new(&before).connect(running.address).await;
        let listen = Request::get("/mcp").header("accept", "text/event-stream").header("mcp-session-id", &id);
        let mut stream = listening.begin(listen, Value::Null).await;
        assert_eq!(stream.status(), 200);

        // Not whole: what was there stays.
        fs::write(folder.0.join("crt"), after.server().certificate).expect("written");
        assert_eq!(tls.reload(), Err(ServerTlsError::KeyForeign));
        Client::new(&before).connect(running.address).await.who(None).await.said();
        Client::new(&after).handshake(running.address).await.expect_err("nobody vouches for it yet");

        folder.write(&after.server());
        assert_eq!(tls.reload(), Ok(true));
        Client::new(&after).connect(running.address).await.who(None).await.said();
        Client::new(&before).handshake(running.address).await.expect_err("it is not in use any more");

        let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"});
        assert_eq!(calls.exchange(in_session(), ping).await.status, 200, "{driver:?}");
        sessions.notify_all(&Change::ToolsChanged);
        let mut seen = Vec::new();
        while !String::from_utf8_lossy(&seen).contains("notifications/tools/list_changed") {
            let frame = in_time("an event", stream.body_mut().frame()).await;
            let frame = frame.expect("the stream is open").expect("no error");
            seen.extend_from_slice(frame.data_ref().expect("data"));
        }
    }
}

#[tokio::test]
async fn a_server_that_runs_looks_by_itself() {
    let (before, after) = (Authority::new("before"), Authority::new("after"));
    for driver in Driver::ALL {
        let folder = Folder::new(&format!("watch-{driver:?}"));
        folder.write(&before.server());
        let tls = folder.files().watch_every(Duration::from_millis(20)).build().expect("TLS");
        let running = driver.serve(open(tls));
        Client::new(&before).connect(running.address).await.who(None).await.said();
        folder.write(&after.server());
        let client = Client::new(&after);
        in_time("the new certificate", async {
            while client.handshake(running.address).await.is_err() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
    }
}
