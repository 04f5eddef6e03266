//! Inputs that are lines of text: so a corpus reads like what it stands for, and a fuzzer that copies a line
//! copies something whole.

/// The next line, and what is behind it; without a line end, all there is and nothing.
pub(crate) fn line(input: &[u8]) -> (&[u8], &[u8]) {
    match input.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&input[..end], &input[end + 1..]),
        None => (input, &[]),
    }
}

/// The next line as text; nothing where it is no UTF-8.
pub(crate) fn text(input: &[u8]) -> (Option<&str>, &[u8]) {
    let (line, rest) = line(input);
    (std::str::from_utf8(line).ok(), rest)
}
