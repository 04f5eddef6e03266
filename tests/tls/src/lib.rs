//! Connections with TLS are tried in `tests`.
