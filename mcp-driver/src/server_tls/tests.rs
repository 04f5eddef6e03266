use std::fs;

use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};

use super::*;

/// A certificate and its key.
fn pair() -> (String, String) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    (cert.pem(), signing_key.serialize_pem())
}

/// A folder that is gone when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("server-tls-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).expect("a file");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn same(one: &Arc<ServerConfig>, other: &Arc<ServerConfig>) -> bool {
    Arc::ptr_eq(one, other)
}

#[test]
fn what_is_not_whole_is_named() {
    let ((certificate, key), (_, other_key)) = (pair(), pair());
    let not_a_certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let not_a_key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    let cut = |text: &str| text.split("-----END").next().expect("a piece").to_owned();
    let table = [
        (certificate.clone(), key.clone(), Ok(())),
        (format!("a name\n{key}{certificate}"), format!("{certificate}{key}"), Ok(())),
        (String::new(), key.clone(), Err(ServerTlsError::CertificateMissing)),
        (key.clone(), key.clone(), Err(ServerTlsError::CertificateMissing)),
        (cut(&certificate), key.clone(), Err(ServerTlsError::CertificateMalformed)),
        (not_a_certificate.to_owned(), key.clone(), Err(ServerTlsError::CertificateMalformed)),
        (certificate.clone(), String::new(), Err(ServerTlsError::KeyMissing)),
        (certificate.clone(), certificate.clone(), Err(ServerTlsError::KeyMissing)),
        (certificate.clone(), cut(&key), Err(ServerTlsError::KeyMalformed)),
        (certificate.clone(), not_a_key.to_owned(), Err(ServerTlsError::KeyMalformed)),
        (certificate.clone(), other_key, Err(ServerTlsError::KeyForeign)),
    ];
    for (number, (certificate, key, expected)) in table.into_iter().enumerate() {
        let built = ServerTls::pem(certificate, key).build();
        assert_eq!(built.map(|_| ()), expected, "line {number}");
    }
}

#[test]
fn authorities_for_clients_are_there_and_whole() {
    let (certificate, key) = pair();
    let tls = || ServerTls::pem(certificate.clone(), key.clone());
    let not_a_certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let without = tls().build().expect("TLS");
    let asks = tls().client_ca_pem(certificate.clone()).build().expect("TLS");
    let requires =
        tls().client_ca_pem(certificate.clone()).require_client_certificate().build().expect("TLS");
    for (tls, expected) in [(&without, (false, false)), (&asks, (true, false)), (&requires, (true, true))] {
        assert_eq!((tls.asks_clients(), tls.requires_client_certificate()), expected);
        // What was good in an earlier handshake is looked at again, where there is anything to look at.
        assert_eq!(tls.config().session_storage.can_cache(), !expected.0);
        assert_eq!(tls.config().send_tls13_tickets > 0, !expected.0);
        assert_eq!(tls.config().max_early_data_size, 0);
    }
    let table = [
        (tls().require_client_certificate(), ServerTlsError::ClientAuthorityMissing),
        (tls().client_ca_pem(""), ServerTlsError::ClientAuthorityMissing),
        (tls().client_ca_pem(key.clone()), ServerTlsError::ClientAuthorityMissing),
        (tls().client_ca_pem(not_a_certificate), ServerTlsError::ClientAuthorityMalformed),
    ];
    for (builder, expected) in table {
        assert_eq!(builder.build().map(|_| ()), Err(expected));
    }
}

#[test]
fn both_versions_and_both_protocols_are_offered_without_a_default_of_the_process() {
    let (certificate, key) = pair();
    let config = ServerTls::pem(certificate, key).build().expect("TLS").config();
    assert!(rustls::crypto::CryptoProvider::get_default().is_none());
    assert_eq!(config.alpn_protocols, [b"h2".to_vec(), b"http/1.1".to_vec()]);
    let versions = |suite: &rustls::SupportedCipherSuite| suite.version().version;
    let offered: Vec<_> = config.crypto_provider().cipher_suites.iter().map(versions).collect();
    assert!(offered.contains(&rustls::ProtocolVersion::TLSv1_2));
    assert!(offered.contains(&rustls::ProtocolVersion::TLSv1_3));
}

#[test]
fn files_are_read_again_and_what_is_not_whole_changes_nothing() {
    let folder = Folder::new("reload");
    let ((certificate, key), (new_certificate, new_key)) = (pair(), pair());
    let (certificates, keys) = (folder.write("crt", &certificate), folder.write("key", &key));
    let authority = folder.write("ca", &certificate);
    let tls = ServerTls::files(&certificates, &keys).client_ca_file(&authority).build().expect("TLS");
    let first = tls.config();
    assert_eq!(tls.reload(), Ok(false), "nothing has changed");
    assert!(same(&tls.config(), &first));

    folder.write("crt", &new_certificate);
    assert_eq!(tls.reload(), Err(ServerTlsError::KeyForeign), "one of two is replaced");
    folder.write("crt", "");
    assert_eq!(tls.reload(), Err(ServerTlsError::CertificateMissing));
    fs::remove_file(&certificates).expect("removed");
    let gone = ServerTlsError::File(certificates, std::io::ErrorKind::NotFound);
    assert_eq!(tls.reload(), Err(gone));
    assert!(same(&tls.config(), &first), "what was there before is still in use");

    folder.write("crt", &new_certificate);
    folder.write("key", &new_key);
    assert_eq!(tls.reload(), Ok(true));
    let second = tls.config();
    assert!(!same(&second, &first));
    assert_eq!(tls.reload(), Ok(false));
    folder.write("ca", &new_certificate);
    assert_eq!(tls.reload(), Ok(true), "the authority counts too");
    assert!(!same(&tls.config(), &second));
}

#[test]
fn text_stays_as_it_is() {
    let (certificate, key) = pair();
    let tls = ServerTls::pem(certificate, key).build().expect("TLS");
    assert_eq!(tls.reload(), Ok(false));
    assert!(tls.0.watch_every.is_none(), "there is nothing to look at");
}

#[test]
fn files_are_looked_at_unless_somebody_says_otherwise() {
    let folder = Folder::new("watch");
    let (certificate, key) = pair();
    let both = folder.write("both", &format!("{certificate}{key}"));
    let builder = || ServerTls::files(&both, &both);
    assert_eq!(builder().build().expect("TLS").0.watch_every, Some(Duration::from_secs(10)));
    let never = builder().watch_every(Duration::ZERO).build().expect("TLS");
    assert_eq!(never.0.watch_every, None);
}

#[test]
fn a_file_may_be_one_mebibyte_long_and_no_longer() {
    let folder = Folder::new("long");
    let (certificate, key) = pair();
    let keys = folder.write("key", &key);
    for (length, is_good) in [(TLS_FILE_BYTES_MAX, true), (TLS_FILE_BYTES_MAX + 1, false)] {
        let filler = " ".repeat(length - certificate.len() - 1);
        let certificates = folder.write("crt", &format!("{certificate}{filler}\n"));
        let built = ServerTls::files(&certificates, &keys).build().map(|_| ());
        let expected = if is_good { Ok(()) } else { Err(ServerTlsError::FileTooLong(certificates)) };
        assert_eq!(built, expected, "{length}");
    }
}

#[test]
fn nothing_shows_the_key() {
    let (certificate, key) = pair();
    let secret = key.lines().nth(1).expect("a line of the key");
    let tls = ServerTls::pem(certificate.clone(), key.clone()).client_ca_pem(certificate.clone());
    let shown = format!("{tls:?} {:?}", tls.clone().build().expect("TLS"));
    assert!(!shown.contains(secret) && shown.contains(&format!("{} bytes", key.len())), "{shown}");
    let other = KeyPair::generate().expect("a key").serialize_pem();
    let error = ServerTls::pem(certificate, other).build().expect_err("another key");
    assert!(!format!("{error:?} {error}").contains("PRIVATE KEY"));
}
