//! Lists of hosts and origins that are allowed.

use std::fmt;
use std::net::Ipv6Addr;

use super::{Host, Parts, Scheme, split_origin};

const LOOPBACK: [Host<'static>; 3] =
    [Host::Name("localhost"), Host::Name("127.0.0.1"), Host::V6(Ipv6Addr::LOCALHOST)];

/// Which values of `Host` are ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPolicy(Hosts);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Hosts {
    Any,
    Listed(Box<[HostEntry]>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct HostEntry {
    host: OwnedHost,
    ports: Ports,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ports {
    Any,
    /// None given, or that of `http` or `https`: a client leaves out the port of its scheme, which
    /// we may not know.
    Default,
    One(u16),
}

impl HostPolicy {
    /// `localhost`, `127.0.0.1` and `[::1]`, with any port.
    #[must_use]
    pub fn loopback() -> Self {
        let entries = LOOPBACK.map(|host| HostEntry { host: OwnedHost::of(host), ports: Ports::Any });
        Self(Hosts::Listed(entries.into()))
    }

    /// The hosts of `entries`, and no others: `example.com` with the port of `http` or `https` or
    /// none, `example.com:8443` with that port, `example.com:*` with any. An IPv6 address is in
    /// brackets. A policy without entries refuses every request.
    ///
    /// # Errors
    /// The first entry that is not one of these, or that names an address which only means "every
    /// interface".
    pub fn allow<'e>(entries: impl IntoIterator<Item = &'e str>) -> Result<Self, PolicyError> {
        let entries: Result<Box<[HostEntry]>, _> = entries.into_iter().map(HostEntry::parse).collect();
        Ok(Self(Hosts::Listed(entries?)))
    }

    /// Gives up the defence against DNS rebinding: for a server behind a proxy that has checked
    /// `Host` itself.
    #[must_use]
    pub fn allow_any_host() -> Self {
        Self(Hosts::Any)
    }

    /// Whether a request with this `Host` is for us (HTTP-06). One without, one that cannot be read
    /// and one for `0.0.0.0` or `[::]` is not, whatever the policy. Does not allocate.
    #[must_use]
    pub fn judge(&self, host: Option<&[u8]>) -> bool {
        if let (Hosts::Listed(entries), Some(host)) = (&self.0, host)
            && entries.iter().any(|entry| entry.is_spelt(host))
        {
            return true;
        }
        let Some(parts) = host.and_then(text).and_then(Parts::parse) else {
            return false;
        };
        if parts.host.is_unspecified() {
            return false;
        }
        match &self.0 {
            Hosts::Any => true,
            Hosts::Listed(entries) => entries.iter().any(|entry| entry.is(&parts)),
        }
    }
}

impl Default for HostPolicy {
    fn default() -> Self {
        Self::loopback()
    }
}

impl HostEntry {
    fn parse(entry: &str) -> Result<Self, PolicyError> {
        let fail = |fault| PolicyError { entry: entry.into(), fault };
        let (authority, any_port) = match entry.strip_suffix(":*") {
            Some(host) => (host, true),
            None => (entry, false),
        };
        let parts = Parts::parse(authority).ok_or_else(|| fail(EntryFault::Malformed))?;
        let ports = match (parts.port, any_port) {
            (None, true) => Ports::Any,
            (None, false) => Ports::Default,
            (Some(port), false) => Ports::One(port),
            (Some(_), true) => return Err(fail(EntryFault::Malformed)),
        };
        if parts.host.is_unspecified() {
            return Err(fail(EntryFault::Unspecified));
        }
        Ok(Self { host: OwnedHost::of(parts.host), ports })
    }

    /// Whether `host` is this entry's name, spelt as in the entry, with whatever port: what most
    /// requests to a server on loopback send, and cheaper to see than to parse.
    fn is_spelt(&self, host: &[u8]) -> bool {
        match (&self.host, self.ports) {
            (OwnedHost::Name(name), Ports::Any) => {
                host.strip_prefix(name.as_bytes()).is_some_and(is_any_port)
            }
            (OwnedHost::Name(_) | OwnedHost::V6(_), _) => false,
        }
    }

    fn is(&self, parts: &Parts<'_>) -> bool {
        let port = match self.ports {
            Ports::Any => true,
            Ports::Default => parts.port.is_none_or(is_default_port),
            Ports::One(port) => parts.port.map_or(is_default_port(port), |given| given == port),
        };
        port && self.host.is(parts.host)
    }
}

/// Whether this is nothing, or a colon and a port.
fn is_any_port(behind_name: &[u8]) -> bool {
    match behind_name {
        [] => true,
        [b':', digits @ ..] if (1..=5).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit) => {
            digits.iter().fold(0, |port, digit| port * 10 + u32::from(digit - b'0')) <= u32::from(u16::MAX)
        }
        _ => false,
    }
}

/// Which pages may talk to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginPolicy(Origins);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Origins {
    Any,
    Loopback,
    Listed(Box<[OriginEntry]>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct OriginEntry {
    scheme: Scheme,
    host: OwnedHost,
    port: u16,
}

impl OriginPolicy {
    /// Pages of `localhost`, `127.0.0.1` and `[::1]`, over `http` and `https`, with any port.
    #[must_use]
    pub fn loopback() -> Self {
        Self(Origins::Loopback)
    }

    /// The origins of `entries`, and no others: `https://example.com` or `http://localhost:6274`. A
    /// policy without entries refuses every page.
    ///
    /// # Errors
    /// The first entry that is not an origin, see [`parse_origin`](super::parse_origin), or that names an address which
    /// only means "every interface".
    pub fn allow<'e>(entries: impl IntoIterator<Item = &'e str>) -> Result<Self, PolicyError> {
        let entries: Result<Box<[OriginEntry]>, _> = entries.into_iter().map(OriginEntry::parse).collect();
        Ok(Self(Origins::Listed(entries?)))
    }

    /// Lets every page in the world talk to us from its visitors' browsers, local files and
    /// sandboxed frames included.
    #[must_use]
    pub fn allow_any_origin() -> Self {
        Self(Origins::Any)
    }

    /// Whether a request with this `Origin` may be served (HTTP-03, HTTP-04). One without comes
    /// from no page and may (HTTP-05); `null` and what cannot be read may not unless any origin
    /// may. Does not allocate.
    #[must_use]
    pub fn judge(&self, origin: Option<&[u8]>) -> bool {
        let Some(origin) = origin else { return true };
        let parsed = || text(origin).and_then(split_origin);
        match &self.0 {
            Origins::Any => true,
            Origins::Loopback => parsed().is_some_and(|(_, parts)| LOOPBACK.contains(&parts.host)),
            Origins::Listed(entries) => {
                parsed().is_some_and(|(scheme, parts)| entries.iter().any(|entry| entry.is(scheme, &parts)))
            }
        }
    }
}

impl Default for OriginPolicy {
    fn default() -> Self {
        Self::loopback()
    }
}

impl OriginEntry {
    fn parse(entry: &str) -> Result<Self, PolicyError> {
        let fail = |fault| PolicyError { entry: entry.into(), fault };
        let (scheme, parts) = split_origin(entry).ok_or_else(|| fail(EntryFault::Malformed))?;
        if parts.host.is_unspecified() {
            return Err(fail(EntryFault::Unspecified));
        }
        Ok(Self {
            scheme,
            host: OwnedHost::of(parts.host),
            port: parts.port.unwrap_or(scheme.default_port()),
        })
    }

    fn is(&self, scheme: Scheme, parts: &Parts<'_>) -> bool {
        self.scheme == scheme
            && self.port == parts.port.unwrap_or(scheme.default_port())
            && self.host.is(parts.host)
    }
}

/// An entry of an allow-list that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyError {
    /// The entry as it was given.
    pub entry: Box<str>,
    /// What is wrong with it.
    pub fault: EntryFault,
}

/// What is wrong with an entry of an allow-list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryFault {
    /// Not a host or not an origin.
    Malformed,
    /// `0.0.0.0` or `::`, which one can listen on but not be asked for.
    Unspecified,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fault = match self.fault {
            EntryFault::Malformed => "cannot be read",
            EntryFault::Unspecified => "means every interface and is nobody's address",
        };
        write!(formatter, "the allow-list entry {:?} {fault}", self.entry)
    }
}

impl std::error::Error for PolicyError {}

#[derive(Debug, Clone, PartialEq, Eq)]
enum OwnedHost {
    Name(Box<str>),
    V6(Ipv6Addr),
}

impl OwnedHost {
    fn of(host: Host<'_>) -> Self {
        match host {
            Host::Name(name) => Self::Name(name.to_ascii_lowercase().into()),
            Host::V6(address) => Self::V6(address),
        }
    }

    fn is(&self, host: Host<'_>) -> bool {
        match self {
            Self::Name(name) => Host::Name(name) == host,
            Self::V6(address) => Host::V6(*address) == host,
        }
    }
}

fn is_default_port(port: u16) -> bool {
    [Scheme::Http, Scheme::Https].iter().any(|scheme| scheme.default_port() == port)
}

fn text(value: &[u8]) -> Option<&str> {
    std::str::from_utf8(value).ok()
}
