//! Sends a given number of `tools/call` requests over one connection and checks each answer: the
//! load under which instructions are counted.
//!
//! `requests PORT COUNT REVISION [TOKEN]`

use std::{
    error::Error,
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
    time::{Duration, Instant},
};

const META: &str = r#","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1.0.0"},"io.modelcontextprotocol/clientCapabilities":{}}"#;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let port: u16 = arguments.next().ok_or("PORT is missing")?.parse()?;
    let count: u32 = arguments.next().ok_or("COUNT is missing")?.parse()?;
    let revision = arguments.next().ok_or("REVISION is missing")?;
    let authorization =
        arguments.next().map_or(String::new(), |token| format!("Authorization: Bearer {token}\r\n"));
    let (mirrored, meta) = match revision.as_str() {
        "2026-07-28" => ("Mcp-Method: tools/call\r\nMcp-Name: echo\r\n", META),
        _ => ("", ""),
    };
    let mut socket = connect(port)?;
    let mut answer = vec![0; 8192];
    for id in 100_000_000..100_000_000 + count {
        let body = format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"echo","arguments":{{"text":"hello anchor"}}{meta}}}}}"#
        );
        write!(
            socket,
            "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: anchor/1\r\nAccept: application/json, text/event-stream\r\nContent-Type: application/json\r\nContent-Length: {}\r\nMCP-Protocol-Version: {revision}\r\n{mirrored}{authorization}\r\n{body}",
            body.len()
        )?;
        check(&read(&mut socket, &mut answer)?, id)?;
    }
    Ok(())
}

/// A server under a profiler takes a while to listen. Until then, a port among those that the system hands out
/// can be given to this very socket, which is then connected to itself.
const PATIENCE: Duration = Duration::from_secs(30);

fn connect(port: u16) -> Result<TcpStream, Box<dyn Error>> {
    let begun = Instant::now();
    loop {
        match TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
            Ok(socket) if socket.local_addr()? != socket.peer_addr()? => {
                socket.set_nodelay(true)?;
                return Ok(socket);
            }
            Ok(itself) => drop(itself),
            Err(error) if begun.elapsed() > PATIENCE => return Err(error.into()),
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// One answer with a `Content-Length`.
fn read(socket: &mut TcpStream, buffer: &mut [u8]) -> Result<String, Box<dyn Error>> {
    let mut length = 0;
    loop {
        let read = socket.read(buffer.get_mut(length..).ok_or("the answer is too long")?)?;
        if read == 0 {
            return Err("the server closed the connection".into());
        }
        length += read;
        let text = std::str::from_utf8(buffer.get(..length).unwrap_or_default())?;
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let announced = head
                .lines()
                .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:").map(str::to_owned))
                .ok_or("no Content-Length")?;
            if body.len() >= announced.trim().parse()? {
                return Ok(text.to_owned());
            }
        }
    }
}

fn check(answer: &str, id: u32) -> Result<(), Box<dyn Error>> {
    let good = answer.starts_with("HTTP/1.1 200 ")
        && answer.contains(&format!("\"id\":{id},"))
        && answer.contains("hello anchor");
    if good { Ok(()) } else { Err(format!("unexpected answer: {answer}").into()) }
}
