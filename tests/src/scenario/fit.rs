//! Placeholders: what a file leaves open, found in what came.

use std::collections::BTreeMap;

/// What was captured: a name, and what it stood for when it was first met.
pub(super) type Captured = BTreeMap<String, String>;

/// Captured values of at least this length are masked wherever they stand; a shorter one could be part of
/// something else.
const TELLING_LENGTH: usize = 8;

/// `actual` in the words of `expected`: a line that says what is expected is written as the file has it, any other
/// one as it came. What is met for the first time is captured.
pub(super) fn masked(expected: &str, actual: &str, body_length: usize, captured: &mut Captured) -> String {
    let mut expected = expected.split('\n');
    let lines = actual.split('\n').map(|line| match expected.next() {
        Some(pattern) if fits(pattern, line, body_length, captured) => pattern.to_owned(),
        _ if line.strip_prefix("date: ").is_some_and(is_date) => "date: {date}".to_owned(),
        _ => without_secrets(line, captured),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Puts what was captured in the place of its names.
///
/// # Errors
/// The name of what was never captured.
pub(super) fn filled(text: &str, captured: &Captured) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, name, behind)) = next_placeholder(rest) {
        filled.push_str(before);
        match captured.get(name) {
            Some(value) => filled.push_str(value),
            None if is_of_requests(name) => filled.push_str(&format!("{{{name}}}")),
            None => return Err(format!("{{{name}}} was never met")),
        }
        rest = behind;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// Placeholders that others fill in.
fn is_of_requests(name: &str) -> bool {
    name == "content-length" || name == "token" || name.starts_with("token:")
}

fn without_secrets(line: &str, captured: &Captured) -> String {
    captured.iter().filter(|(_, value)| value.len() >= TELLING_LENGTH).fold(line.to_owned(), |line, pair| {
        let (name, value) = pair;
        line.replace(value.as_str(), &format!("{{{name}}}"))
    })
}

fn fits(pattern: &str, line: &str, body_length: usize, captured: &mut Captured) -> bool {
    let mut met = Captured::new();
    let mut pattern = pattern;
    let mut line = line;
    while let Some((before, name, behind)) = next_placeholder(pattern) {
        let Some(rest) = line.strip_prefix(before) else { return false };
        let length = match name {
            "date" => rest.get(..DATE_SHAPE.len()).filter(|value| is_date(value)).map(str::len),
            "content-length" => {
                let length = body_length.to_string();
                rest.starts_with(&length).then_some(length.len())
            }
            name => match captured.get(name).or_else(|| met.get(name)) {
                Some(known) => rest.starts_with(known.as_str()).then_some(known.len()),
                None => {
                    let length = rest.bytes().take_while(|byte| is_capturable(*byte)).count();
                    let value = rest.get(..length).unwrap_or_default();
                    met.insert(name.to_owned(), value.to_owned());
                    (length > 0).then_some(length)
                }
            },
        };
        let Some(length) = length else { return false };
        line = rest.get(length..).unwrap_or_default();
        pattern = behind;
    }
    let fits = line == pattern;
    if fits {
        captured.append(&mut met);
    }
    fits
}

/// What is before the next placeholder, its name, and what is behind it.
fn next_placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let begin = text.get(from..)?.find('{')?.checked_add(from)?;
        let inner = text.get(begin.checked_add(1)?..)?;
        let length = inner
            .bytes()
            .take_while(|byte| byte.is_ascii_lowercase() || matches!(byte, b'-' | b':' | b'0'..=b'9'))
            .count();
        let (name, behind) = inner.split_at(length);
        if let Some(behind) = behind.strip_prefix('}').filter(|_| !name.is_empty()) {
            return Some((text.get(..begin)?, name, behind));
        }
        from = begin.checked_add(1)?;
    }
}

fn is_capturable(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// IMF-fixdate (RFC 9110 section 5.6.7).
const DATE_SHAPE: &str = "Aaa, 00 Aaa 0000 00:00:00 GMT";

fn is_date(value: &str) -> bool {
    value.len() == DATE_SHAPE.len()
        && value.chars().zip(DATE_SHAPE.chars()).all(|(actual, shape)| match shape {
            '0' => actual.is_ascii_digit(),
            'A' => actual.is_ascii_uppercase(),
            'a' => actual.is_ascii_lowercase(),
            other => actual == other,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

    #[test]
    fn a_date_is_told_from_other_text() {
        assert!(is_date(DATE));
        for text in ["Sun, 6 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "", "now"] {
            assert!(!is_date(text), "{text:?}");
        }
    }

    #[test]
    fn lines_that_say_what_is_expected_are_written_as_expected() {
        let expected = "a: {date}\nb: {content-length}\nid: {session}\n{\"x\":{}}\n{session}-{other}!";
        let actual = format!("a: {DATE}\nb: 12\nid: 0123456789abcdef\n{{\"x\":{{}}}}\n0123456789abcdef-7!");
        let mut captured = Captured::new();
        assert_eq!(masked(expected, &actual, 12, &mut captured), expected);
        assert_eq!(captured["session"], "0123456789abcdef");
        assert_eq!(captured["other"], "7");
        assert_eq!(
            filled("/{session}?{token:writer}{}", &captured).unwrap(),
            "/0123456789abcdef?{token:writer}{}"
        );
        assert!(filled("{nobody}", &captured).is_err());
    }

    #[test]
    fn lines_that_say_something_else_are_written_as_they_came() {
        let mut captured = Captured::from([("session".to_owned(), "0123456789abcdef".to_owned())]);
        for (expected, actual, written) in [
            ("b: {content-length}", "b: 13", "b: 13"),
            ("a: {date}", "a: today", "a: today"),
            ("id: {session}", "id: 0123456789abcdeX", "id: 0123456789abcdeX"),
            ("x", "y 0123456789abcdef", "y {session}"),
            ("id: {new}", "id: ", "id: "),
            ("id: {new}", "id: a b", "id: a b"),
            ("a\nb", "a", "a"),
            ("a", "a\nb", "a\nb"),
            ("a", "a\ndate: Sun, 06 Nov 1994 08:49:37 GMT", "a\ndate: {date}"),
        ] {
            assert_eq!(masked(expected, actual, 12, &mut captured), written);
        }
        assert_eq!(captured.len(), 1);
    }
}
