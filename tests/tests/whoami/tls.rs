//! A server that listens with TLS.

use std::process::Command;

use rcgen::{CertifiedKey, generate_simple_self_signed};

use crate::whoami::{
    files::{folder, write},
    program::{Program, ended},
};

/// A certificate for this machine and its key, in files.
fn pair(name: &str) -> [String; 2] {
    let folder = folder(name);
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).expect("a certificate");
    [write(&folder, "tls.crt", &cert.pem()), write(&folder, "tls.key", &signing_key.serialize_pem())]
}

/// It needs `curl`, as whoever copies the line does.
#[test]
fn the_line_that_is_printed_is_a_command_that_works() {
    let [certificate, key] = pair("tls_printed");
    let program = Program::start(&["--tls-cert", &certificate, "--tls-key", &key]);
    let address = &program.address;
    let expected = format!("endpoint      https://{address}/mcp\n");
    assert!(program.announced.contains(&expected), "{}", program.announced);
    assert!(program.announced.contains("\ntls           1.2 and 1.3\n"), "{}", program.announced);
    let (_, command) = program.announced.split_once("try it:\n\n").expect("a command");
    let (command, _) = command.split_once("\n\n").expect("the end of the command");
    assert!(command.contains(&format!("  --cacert {certificate} \\\n")), "{command}");
    let said = Command::new("sh").args(["-c", command]).output().expect("a shell");
    let said = String::from_utf8(said.stdout).expect("text");
    assert!(said.contains(r#""subject":"alice""#), "{said:?}");
}

#[test]
fn clients_may_have_a_certificate_where_an_authority_is_named() {
    let [certificate, key] = pair("tls_clients");
    let flags = ["--tls-cert", &certificate, "--tls-key", &key, "--tls-client-ca", &certificate];
    let program = Program::start(&flags);
    let expected = "\ntls           1.2 and 1.3; clients may have a certificate\n";
    assert!(program.announced.contains(expected), "{}", program.announced);
}

#[test]
fn what_does_not_make_a_server_is_named() {
    let [certificate, key] = pair("tls_refused");
    let [_, other] = pair("tls_refused_too");
    let table = [
        (["/nowhere/file", &*key, &*certificate], "whoami: /nowhere/file cannot be read: entity not found\n"),
        (
            [&certificate, &other, &certificate],
            "whoami: the server's private key is not that of its certificate\n",
        ),
        (
            [&certificate, &key, &key],
            "whoami: client certificates need an authority that is trusted to vouch for them\n",
        ),
    ];
    for ([certificate, key, authorities], expected) in table {
        let flags = ["--tls-cert", certificate, "--tls-key", key, "--tls-client-ca", authorities];
        let said = ended(&[&["--listen", "127.0.0.1:0"][..], &flags].concat(), "");
        assert_eq!((said.code, said.complaints.as_str()), (Some(1), expected));
    }
}
