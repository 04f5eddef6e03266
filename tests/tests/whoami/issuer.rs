//! An issuer on loopback: its tokens, and what it publishes.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    sync::mpsc::{self, Receiver},
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

use mcp_driver::{DevIssuer, proto::UnixSeconds};

/// Now.
pub(crate) fn now() -> UnixSeconds {
    UnixSeconds(SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970").as_secs())
}

/// An issuer of this name.
pub(crate) fn named(name: &str) -> DevIssuer {
    DevIssuer::new(name).expect("random bytes")
}

/// A server of an issuer's documents: a request gets what the first matching path says, else 404. It goes on
/// until the test ends.
pub(crate) struct Publisher {
    /// Where it listens.
    pub(crate) origin: String,
    /// What it was asked: the head, and the body behind it.
    pub(crate) asked: Receiver<String>,
}

impl Publisher {
    /// Publishes the documents that `documents` makes of its origin: paths with JSON.
    pub(crate) fn start(documents: impl FnOnce(&str) -> Vec<(&'static str, String)>) -> Self {
        let sockets = TcpListener::bind("127.0.0.1:0").expect("a port");
        let origin = format!("http://{}", sockets.local_addr().expect("an address"));
        let documents = documents(&origin);
        let (sender, asked) = mpsc::channel();
        thread::spawn(move || {
            for stream in sockets.incoming() {
                let Ok(mut stream) = stream else { continue };
                let Some(question) = question(&stream) else { continue };
                let path = question.split(' ').nth(1).unwrap_or_default();
                let found = documents.iter().find(|(place, _)| *place == path);
                let (status, body) = found.map_or(("404 Not Found", ""), |(_, body)| ("200 OK", body));
                let answer = format!(
                    "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
                     Connection: close\r\n\r\n{body}",
                    body.len()
                );
                _ = stream.write_all(answer.as_bytes());
                // Nobody has to look at them.
                _ = sender.send(question);
            }
        });
        Self { origin, asked }
    }
}

/// A request, whole.
fn question(stream: impl std::io::Read) -> Option<String> {
    let mut reader = BufReader::new(stream);
    let mut text = String::new();
    while !text.ends_with("\r\n\r\n") {
        if reader.read_line(&mut text).ok()? == 0 {
            return None;
        }
    }
    let length = text.to_ascii_lowercase();
    let length =
        length.split_once("content-length: ").and_then(|(_, rest)| rest.split("\r\n").next()?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some(text + &String::from_utf8(body).ok()?)
}
