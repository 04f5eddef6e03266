//! URI templates: what they match, and what their variables may be given.
//!
//! The first line of the input is a template, each further one a URI.

use mcp_proto::uri_template::{UriTemplate, VARIABLES_MAX};

use crate::lines;

/// Matches the URIs.
pub(crate) fn run(input: &[u8]) {
    let (template, rest) = lines::text(input);
    let Some(Ok(template)) = template.map(UriTemplate::parse) else { return };
    let parts = parts(template.as_str());
    let names: Vec<&str> = parts.iter().map(|part| part.name).collect();
    assert_eq!(template.names().collect::<Vec<_>>(), names, "the names");
    assert!(names.len() <= VARIABLES_MAX, "too many variables");
    for uri in rest.split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok()) {
        let expected = expected(template.as_str(), &parts, uri);
        let found = template.matches(uri);
        let found = found.as_ref().map(|found| found.iter().map(|(_, value)| value.to_owned()).collect());
        assert_eq!(found, expected, "{uri:?}");
    }
}

/// A variable and the literal behind it.
struct Part<'t> {
    name: &'t str,
    may_be_several: bool,
    before: &'t str,
    until: &'t str,
}

fn parts(template: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut pieces = template.split('{');
    let mut before = pieces.next().unwrap_or("");
    for piece in pieces {
        let (expression, until) = piece.split_once('}').expect("an accepted template closes what it opens");
        let name = expression.strip_prefix('+').unwrap_or(expression);
        parts.push(Part { name, may_be_several: name.len() < expression.len(), before, until });
        before = until;
    }
    parts
}

/// The values, by what the documentation of `UriTemplate::matches` promises.
fn expected(template: &str, parts: &[Part<'_>], uri: &str) -> Option<Vec<String>> {
    let mut rest = uri.strip_prefix(template.split('{').next().unwrap_or(""))?;
    let mut values = Vec::new();
    for part in parts {
        let end = if part.until.is_empty() { rest.len() } else { rest.find(part.until)? };
        let raw = &rest[..end];
        rest = &rest[end + part.until.len()..];
        values.push(value(part, raw)?);
    }
    rest.is_empty().then_some(values)
}

fn value(part: &Part<'_>, raw: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut escaped = Vec::new();
    let mut rest = raw.as_bytes();
    while let [first, behind @ ..] = rest {
        rest = behind;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let [high, low, behind @ ..] = rest else { return None };
        let digit = |byte: u8| (byte as char).to_digit(16);
        let byte = u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()?;
        escaped.push(byte);
        bytes.push(byte);
        rest = behind;
    }
    let value = String::from_utf8(bytes).ok()?;
    let needs_no_escape = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    let is_odd = |character: char| character.is_control() || character == '\\';
    if value.is_empty()
        || value.contains(is_odd)
        || raw.contains(['?', '#'])
        || escaped.iter().any(needs_no_escape)
    {
        return None;
    }
    let climbs = |segment: &str| segment == "." || segment == "..";
    if !part.may_be_several {
        return (!value.contains('/') && !climbs(&value)).then_some(value);
    }
    if escaped.contains(&b'/') || is_directory(part.before) && value.starts_with('/') {
        return None;
    }
    let path = match value.find("://") {
        Some(scheme) if part.before.is_empty() => &value[scheme + 3..],
        _ => &value,
    };
    let mut segments: Vec<&str> = path.split('/').collect();
    // One slash in front and one behind are no empty segments.
    if segments.len() > 1 && segments[0].is_empty() {
        segments.remove(0);
    }
    if segments.len() > 1 && segments.last() == Some(&"") {
        segments.pop();
    }
    (!segments.iter().any(|segment| segment.is_empty() || climbs(segment))).then_some(value)
}

/// A literal that ends with the slash of a directory, not with those of a scheme.
fn is_directory(before: &str) -> bool {
    before.ends_with('/') && !before.ends_with("://")
}
