//! A server that is to speak TLS, on a driver with and without its feature `https`. `mcp-driver` has it in both: another
//! crate of a program may turn it on.

use mcp_driver::{Auth, Server, ServerTls, StartError};

#[test]
fn it_is_never_served_without_tls() {
    let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let tls = ServerTls::pem(pair.cert.pem(), pair.signing_key.serialize_pem()).build().expect("TLS");
    let server = Server::builder("tls", "1", Auth::none()).tls(tls).build().expect("a server");
    let bound = smol::block_on(mcp_smol::bind(server, "127.0.0.1:0"));
    if cfg!(feature = "https") {
        assert!(bound.is_ok(), "{bound:?}");
    } else {
        assert!(matches!(bound, Err(StartError::TlsUnsupported)), "{bound:?}");
    }
}
