//! The flags about TLS.

use std::path::PathBuf;

use clap::Args;
use mcp_driver::{ServerTls, ServerTlsError};

/// How clients connect.
#[derive(Debug, Args)]
#[command(next_help_heading = "TLS")]
pub(crate) struct TlsFlags {
    /// Listen with TLS: PEM file with the server's certificate and those on the way to its authority; read again when
    /// it changes
    #[arg(long, value_name = "FILE")]
    tls_cert: Option<PathBuf>,

    /// PEM file with the private key of that certificate
    #[arg(long, value_name = "FILE")]
    tls_key: Option<PathBuf>,

    /// Ask clients for a certificate that one of the authorities in this PEM file vouches for; tokens may be bound
    /// to it (RFC 8705)
    #[arg(long, value_name = "FILE")]
    tls_client_ca: Option<PathBuf>,
}

impl TlsFlags {
    /// How URLs of the server begin.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.tls_cert.is_some() { "https" } else { "http" }
    }

    /// What connections are made with, where it is TLS.
    pub(crate) fn tls(&self) -> Result<Option<ServerTls>, ServerTlsError> {
        let (Some(certificate), Some(key)) = (&self.tls_cert, &self.tls_key) else { return Ok(None) };
        let tls = ServerTls::files(certificate, key);
        let tls = match &self.tls_client_ca {
            Some(authorities) => tls.client_ca_file(authorities),
            None => tls,
        };
        tls.build().map(Some)
    }

    /// What `curl` has to be told, as lines of a command.
    pub(crate) fn curl(&self) -> String {
        self.tls_cert.as_ref().map(|file| format!("  --cacert {} \\\n", file.display())).unwrap_or_default()
    }
}
