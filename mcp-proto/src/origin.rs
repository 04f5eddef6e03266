//! Who a request says it is for (`Host`) and which page sent it (`Origin`).
//!
//! A browser that was made to connect to a local server by DNS rebinding sends the name of the
//! attacker's site in `Host` and `Origin`. So both are read strictly and compared with lists, part
//! by part, never by prefix or suffix. The lists hold the loopback names unless the operator says
//! otherwise.
//!
//! Names are ASCII; an internationalised name is listed and sent in its `xn--` form.

use std::net::{Ipv4Addr, Ipv6Addr};

mod policy;

pub use policy::{EntryFault, HostPolicy, OriginPolicy, PolicyError};

/// The host and port of a `Host` field or an `:authority`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// The name or address in lower case, an IPv6 address without brackets and in its shortest
    /// form.
    pub host: Box<str>,
    /// The port, if one was given.
    pub port: Option<u16>,
}

/// The origin of a web page (RFC 6454).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// `http` or `https`.
    pub scheme: Scheme,
    /// As in [`Authority::host`].
    pub host: Box<str>,
    /// The port, which is that of the scheme when none was given.
    pub port: u16,
}

/// The schemes that pages are served over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// `http`, port 80.
    Http,
    /// `https`, port 443.
    Https,
}

/// Reads the value of a `Host` field (RFC 9112 section 3.2) or an `:authority`: `None` when it is
/// empty, has user information, an IPv6 address without brackets or a port that is not 1 to 5
/// digits up to 65535.
#[must_use]
pub fn parse_host(value: &str) -> Option<Authority> {
    let parts = Parts::parse(value)?;
    Some(Authority { host: parts.host.to_text(), port: parts.port })
}

/// Reads the value of an `Origin` field (RFC 6454 section 7): `None` for `null`, for a list, for
/// anything behind the port, and for schemes other than `http` and `https`.
#[must_use]
pub fn parse_origin(value: &str) -> Option<Origin> {
    let (scheme, parts) = split_origin(value)?;
    Some(Origin { scheme, host: parts.host.to_text(), port: parts.port.unwrap_or(scheme.default_port()) })
}

/// Whether a host, given without port, is this machine: `localhost`, 127.0.0.0/8, `::1` or `[::1]`.
#[must_use]
pub fn is_loopback_host(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    if let Some(bare) = bare {
        return bare.parse().is_ok_and(|address: Ipv6Addr| address.is_loopback());
    }
    host.eq_ignore_ascii_case("localhost")
        || host.parse().is_ok_and(|address: Ipv4Addr| address.is_loopback())
        || host.parse().is_ok_and(|address: Ipv6Addr| address.is_loopback())
}

impl Scheme {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Http => "http://",
            Self::Https => "https://",
        }
    }

    const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// What a `Host` field consists of, still in its bytes.
#[derive(Clone, Copy)]
struct Parts<'v> {
    host: Host<'v>,
    port: Option<u16>,
}

/// Names, among which IPv4 addresses, are equal whatever their case.
#[derive(Clone, Copy)]
enum Host<'v> {
    Name(&'v str),
    V6(Ipv6Addr),
}

impl<'v> Parts<'v> {
    fn parse(value: &'v str) -> Option<Self> {
        if let Some(bracketed) = value.strip_prefix('[') {
            let (address, port) = bracketed.split_once(']')?;
            return Some(Self { host: Host::V6(address.parse().ok()?), port: parse_port(port)? });
        }
        let (name, port) = value.split_at(value.find(':').unwrap_or(value.len()));
        let well_formed = !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
        if !well_formed {
            return None;
        }
        Some(Self { host: Host::Name(name), port: parse_port(port)? })
    }
}

/// What may follow a host: nothing, or a colon and a port.
fn parse_port(text: &str) -> Option<Option<u16>> {
    if text.is_empty() {
        return Some(None);
    }
    let digits = text.strip_prefix(':')?;
    let well_formed = digits.len() <= 5 && digits.bytes().all(|byte| byte.is_ascii_digit());
    if well_formed { digits.parse().ok().map(Some) } else { None }
}

fn split_origin(value: &str) -> Option<(Scheme, Parts<'_>)> {
    [Scheme::Https, Scheme::Http].into_iter().find_map(|scheme| {
        let (prefix, authority) = value.split_at_checked(scheme.prefix().len())?;
        let authority = prefix.eq_ignore_ascii_case(scheme.prefix()).then_some(authority)?;
        Some((scheme, Parts::parse(authority)?))
    })
}

impl Host<'_> {
    fn to_text(self) -> Box<str> {
        match self {
            Self::Name(name) => name.to_ascii_lowercase().into(),
            Self::V6(address) => address.to_string().into(),
        }
    }

    /// An address that can be listened on, which some systems let one connect to as well.
    fn is_unspecified(self) -> bool {
        match self {
            Self::Name(name) => name == "0.0.0.0",
            Self::V6(address) => address.to_canonical().is_unspecified(),
        }
    }
}

impl PartialEq for Host<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Name(one), Self::Name(two)) => one.eq_ignore_ascii_case(two),
            (Self::V6(one), Self::V6(two)) => one == two,
            (Self::Name(_), Self::V6(_)) | (Self::V6(_), Self::Name(_)) => false,
        }
    }
}

#[cfg(test)]
mod tests;
