//! What the server says when it begins.

use std::net::SocketAddr;

use mcp_driver::Server;

use crate::whoami::{
    development::Development,
    flags::{Callers, Flags},
    names::DpopMode,
    trust::{Proofs, Trust},
};

pub(crate) fn announce(flags: &Flags, callers: &Callers, server: &Server, address: SocketAddr) {
    let endpoint = flags.endpoint(address);
    let tls = flags.tls.curl();
    println!("endpoint      {endpoint}");
    println!("{}", server.describe());
    match callers {
        Callers::Anybody => try_it(&endpoint, &tls),
        Callers::Keys(file) => {
            let header = file.keys.header_name();
            println!("API keys      in the header {header}");
            for key in &file.listed {
                println!("  {key}");
            }
            try_it(&endpoint, &format!("{tls}  -H '{header}: KEY' \\\n"));
        }
        Callers::Tokens(trust) => {
            sources(flags, trust);
            match (trust.development(), trust.dpop) {
                (Some(development), _) => offer(development, &endpoint, &tls),
                // A proof is good once, so there is no line to print.
                (None, Some(Proofs { mode: DpopMode::Required, .. })) => {}
                (None, _) => {
                    try_it(&endpoint, &format!("{tls}  -H \"Authorization: Bearer $TOKEN\" \\\n"));
                }
            }
        }
    }
    println!("Stop it with ctrl-c.");
}

/// Why tokens are trusted, issuer by issuer.
fn sources(flags: &Flags, trust: &Trust) {
    if let Some(file) = &trust.file {
        println!("config        {}", file.display());
    }
    println!("trust");
    for issuer in &trust.issuers {
        println!("  {}: {}", issuer.policy.issuer(), issuer.source);
    }
    match trust.dpop {
        Some(proofs) => println!("DPoP          {proofs}"),
        None => println!("DPoP          off"),
    }
    if let Some(roots) = &flags.tls_roots {
        println!("TLS roots     {}", roots.display());
    }
}

fn offer(development: &Development, endpoint: &str, tls: &str) {
    println!("\n*** DEVELOPMENT ISSUER: its key was made when this process began and is good for");
    println!("*** trying things out. Name a real one with --issuer.\n");
    let token = development.token();
    println!("token (one hour, scopes {}):\n{token}", development.scopes());
    try_it(endpoint, &format!("{tls}  -H 'Authorization: Bearer {token}' \\\n"));
    println!("Without the Authorization line the same shows the challenge; add -i to see it.");
}

/// `options` are lines of the command.
fn try_it(endpoint: &str, options: &str) {
    println!(
        "\ntry it:\n\ncurl -s {endpoint} \\\n{options}  -H 'Content-Type: application/json' \\\n  \
         -H 'Accept: application/json, text/event-stream' \\\n  -H 'MCP-Protocol-Version: 2026-07-28' \\\n  \
         -H 'Mcp-Method: tools/call' \\\n  -H 'Mcp-Name: whoami' \\\n  -d '{{\"jsonrpc\":\"2.0\",\"id\":1,\
         \"method\":\"tools/call\",\"params\":{{\"name\":\"whoami\",\"arguments\":{{}},\"_meta\":{{\
         \"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\",\
         \"io.modelcontextprotocol/clientCapabilities\":{{}}}}}}}}'\n"
    );
}
