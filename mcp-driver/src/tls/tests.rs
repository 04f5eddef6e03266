use super::*;

fn certificate() -> String {
    rcgen::generate_simple_self_signed(["id.example".to_owned()]).unwrap().cert.pem()
}

fn count(roots: Result<TlsRoots, TlsError>) -> Result<usize, TlsError> {
    Ok(roots?.store()?.len())
}

#[test]
fn pem_text_has_certificates_or_is_an_error() {
    let certificate = certificate();
    let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    assert_eq!(count(TlsRoots::pem(&certificate)), Ok(1));
    assert_eq!(count(TlsRoots::pem(format!("a name\n{certificate}{key}{certificate}"))), Ok(2));
    for none in ["", "certificate", key] {
        assert_eq!(count(TlsRoots::pem(none)), Err(TlsError::RootsMissing), "{none}");
    }
    let cut = certificate.replace("-----END CERTIFICATE-----", "");
    let other = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for bad in [cut, other.to_owned(), format!("{certificate}{other}")] {
        assert_eq!(count(TlsRoots::pem(&bad)), Err(TlsError::Malformed), "{bad}");
    }
}

#[test]
fn a_file_is_named_when_it_cannot_be_read() {
    let path = std::env::temp_dir().join(format!("tls-roots-{}.pem", std::process::id()));
    std::fs::write(&path, certificate()).unwrap();
    assert_eq!(count(TlsRoots::pem_file(&path)), Ok(1));
    std::fs::remove_file(&path).unwrap();
    let error = count(TlsRoots::pem_file(&path)).unwrap_err();
    assert_eq!(error, TlsError::File(path.clone(), io::ErrorKind::NotFound));
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
}

#[test]
fn a_configuration_speaks_both_versions_without_a_default_of_the_process() {
    let config = client_config(&TlsRoots::pem(certificate()).unwrap()).unwrap();
    assert!(rustls::crypto::CryptoProvider::get_default().is_none());
    let versions = |suite: &rustls::SupportedCipherSuite| suite.version().version;
    let offered: Vec<_> = config.crypto_provider().cipher_suites.iter().map(versions).collect();
    assert!(offered.contains(&rustls::ProtocolVersion::TLSv1_2));
    assert!(offered.contains(&rustls::ProtocolVersion::TLSv1_3));
}

#[test]
fn failures_are_told_apart() {
    let table = [
        (CertificateError::UnknownIssuer, TlsFailure::IssuerUnknown),
        (CertificateError::NotValidForName, TlsFailure::NameWrong),
        (CertificateError::Expired, TlsFailure::Expired),
        (CertificateError::NotValidYet, TlsFailure::NotYetValid),
        (CertificateError::BadSignature, TlsFailure::Handshake),
        (CertificateError::Revoked, TlsFailure::Handshake),
    ];
    for (certificate, failure) in table {
        let error = io::Error::other(Error::InvalidCertificate(certificate.clone()));
        assert_eq!(tls_failure(&error), Some(failure), "{certificate:?}");
    }
    assert_eq!(tls_failure(&io::Error::other(Error::DecryptError)), Some(TlsFailure::Handshake));
    for gone in [io::ErrorKind::UnexpectedEof.into(), io::Error::other("else")] {
        assert_eq!(tls_failure(&gone), None, "{gone}");
    }
}

#[test]
fn nothing_is_read_before_it_is_needed() {
    assert_eq!(format!("{:?}", TlsRoots::default()), "TlsRoots(platform)");
    assert_eq!(format!("{:?}", TlsRoots::pem(certificate()).unwrap()), "TlsRoots(1 given)");
}
