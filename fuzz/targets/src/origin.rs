//! `Host` and `Origin` against a reading from RFC 9112 section 3.2 and RFC 6454 section 7.
//!
//! The first line of the input is a `Host`, the second an `Origin`, each further one an entry of an allow-list.

use std::net::{Ipv4Addr, Ipv6Addr};

use mcp_proto::origin::{HostPolicy, OriginPolicy, Scheme, is_loopback_host, parse_host, parse_origin};

use crate::lines;

/// Judges host and origin by the ordinary policies, and by the list of the input.
pub(crate) fn run(input: &[u8]) {
    let (host, rest) = lines::line(input);
    let (origin, rest) = lines::line(rest);
    let entries: Vec<&str> = std::str::from_utf8(rest).map(|text| text.lines().collect()).unwrap_or_default();
    judge_host(host, &entries);
    judge_origin(origin, &entries);
}

/// Host in lower case or as an address, and port.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Name(String, Option<u16>),
    V6(Ipv6Addr, Option<u16>),
}

impl Place {
    fn read(text: &str) -> Option<Self> {
        if let Some(behind) = text.strip_prefix('[') {
            let end = behind.find(']')?;
            return Some(Self::V6(behind[..end].parse().ok()?, port(&behind[end + 1..])?));
        }
        let end = text.find(':').unwrap_or(text.len());
        let name = &text[..end];
        let is_name = |character: char| character.is_ascii_alphanumeric() || "-._".contains(character);
        if name.is_empty() || !name.chars().all(is_name) {
            return None;
        }
        Some(Self::Name(name.to_ascii_lowercase(), port(&text[end..])?))
    }

    fn port(&self) -> Option<u16> {
        match self {
            Self::Name(_, port) | Self::V6(_, port) => *port,
        }
    }

    fn is_same_host(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Name(one, _), Self::Name(two, _)) => one == two,
            (Self::V6(one, _), Self::V6(two, _)) => one == two,
            _ => false,
        }
    }

    /// One of the three names that the ordinary policies allow.
    fn is_ordinary(&self) -> bool {
        match self {
            Self::Name(name, _) => name == "localhost" || name == "127.0.0.1",
            Self::V6(address, _) => *address == Ipv6Addr::LOCALHOST,
        }
    }

    fn is_everywhere(&self) -> bool {
        match self {
            Self::Name(name, _) => name == "0.0.0.0",
            Self::V6(address, _) => {
                address.is_unspecified()
                    || address.to_ipv4_mapped().is_some_and(|address| address.is_unspecified())
            }
        }
    }
}

/// Nothing, or a colon and a number up to 65535 of one to five digits.
fn port(text: &str) -> Option<Option<u16>> {
    match text.strip_prefix(':') {
        None if text.is_empty() => Some(None),
        Some(digits) if digits.len() <= 5 && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse().ok().map(Some)
        }
        None | Some(_) => None,
    }
}

fn read_origin(text: &str) -> Option<(bool, Place)> {
    let lower = text.to_ascii_lowercase();
    let behind = ["https://", "http://"].into_iter().find(|scheme| lower.starts_with(scheme))?;
    Some((behind == "https://", Place::read(&text[behind.len()..])?))
}

fn port_of(is_https: bool, place: &Place) -> u16 {
    place.port().unwrap_or(if is_https { 443 } else { 80 })
}

fn judge_host(host: &[u8], entries: &[&str]) {
    let text = std::str::from_utf8(host).ok();
    let place = text.and_then(Place::read);
    let may = place.as_ref().is_some_and(Place::is_ordinary);
    assert_eq!(HostPolicy::loopback().judge(Some(host)), may, "an ordinary host");
    let is_readable = place.as_ref().is_some_and(|place| !place.is_everywhere());
    assert_eq!(HostPolicy::allow_any_host().judge(Some(host)), is_readable, "any host");
    assert!(!HostPolicy::allow_any_host().judge(None), "no host");
    if let Some(text) = text {
        let parsed = parse_host(text);
        assert_eq!(parsed.is_some(), place.is_some(), "what a host is");
        if let (Some(parsed), Some(place)) = (&parsed, &place) {
            assert_eq!(parsed.port, place.port());
            let again = if parsed.host.contains(':') {
                format!("[{}]", parsed.host)
            } else {
                parsed.host.to_string()
            };
            assert_eq!(parse_host(&again).map(|again| again.host), Some(parsed.host.clone()), "one spelling");
            let is_loopback = match place {
                Place::Name(name, _) => {
                    name == "localhost"
                        || name.parse::<Ipv4Addr>().is_ok_and(|address| address.octets()[0] == 127)
                }
                Place::V6(address, _) => *address == Ipv6Addr::LOCALHOST,
            };
            assert_eq!(is_loopback_host(&parsed.host), is_loopback, "loopback");
        }
    }
    let Ok(policy) = HostPolicy::allow(entries.iter().copied()) else {
        assert!(
            entries.iter().any(|entry| host_entry(entry).is_none()),
            "a good list is refused: {entries:?}"
        );
        return;
    };
    let allows = |entry: &&str| {
        let (allowed, any_port) = host_entry(entry).expect("a list with a bad entry is accepted");
        let is_usual = |port: Option<u16>| port.is_none_or(|port| port == 80 || port == 443);
        place.as_ref().is_some_and(|place| {
            let is_port = match (allowed.port(), place.port()) {
                _ if any_port => true,
                (None, port) => is_usual(port),
                (Some(port), None) => is_usual(Some(port)),
                (Some(allowed), Some(port)) => allowed == port,
            };
            is_port && allowed.is_same_host(place)
        })
    };
    assert_eq!(policy.judge(Some(host)), entries.iter().any(allows), "a listed host");
}

fn host_entry(entry: &str) -> Option<(Place, bool)> {
    let any_port = entry.ends_with(":*");
    let place = Place::read(if any_port { &entry[..entry.len() - 2] } else { entry })?;
    let is_refused = place.is_everywhere() || any_port && place.port().is_some();
    (!is_refused).then_some((place, any_port))
}

/// Whether the ordinary policy lets pages of this origin in.
pub(crate) fn is_ordinary_origin(origin: &[u8]) -> bool {
    std::str::from_utf8(origin).ok().and_then(read_origin).is_some_and(|(_, place)| place.is_ordinary())
}

fn judge_origin(origin: &[u8], entries: &[&str]) {
    let text = std::str::from_utf8(origin).ok();
    let read = text.and_then(read_origin);
    let may = read.as_ref().is_some_and(|(_, place)| place.is_ordinary());
    assert_eq!(OriginPolicy::loopback().judge(Some(origin)), may, "an ordinary origin");
    assert!(OriginPolicy::loopback().judge(None), "no page");
    if let Some(text) = text {
        let parsed = parse_origin(text).map(|origin| (origin.scheme == Scheme::Https, origin.port));
        assert_eq!(parsed, read.as_ref().map(|(is_https, place)| (*is_https, port_of(*is_https, place))));
    }
    let Ok(policy) = OriginPolicy::allow(entries.iter().copied()) else {
        let is_bad = |entry: &&str| read_origin(entry).is_none_or(|(_, place)| place.is_everywhere());
        assert!(entries.iter().any(is_bad), "a good list is refused: {entries:?}");
        return;
    };
    let allows = |entry: &&str| {
        let (is_https, allowed) = read_origin(entry).expect("a list with a bad entry is accepted");
        read.as_ref().is_some_and(|(https, place)| {
            *https == is_https
                && allowed.is_same_host(place)
                && port_of(is_https, &allowed) == port_of(is_https, place)
        })
    };
    assert_eq!(policy.judge(Some(origin)), entries.iter().any(allows), "a listed origin");
}
