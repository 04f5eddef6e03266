//! The tokens of JSON, one after the other.

use super::text::{end_of_escaped_string, end_of_plain_run};
use super::{Fault, Kind, Span, offset};

/// A place in the body. Small and copied, so that a reading keeps it in registers.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'b> {
    pub(super) body: &'b [u8],
    pub(super) at: usize,
}

impl Cursor<'_> {
    #[inline(always)]
    pub(super) fn peek(self) -> Option<u8> {
        self.body.get(self.at).copied()
    }

    /// The next byte that is not white space, without taking it; NUL, which no token begins with,
    /// at the end.
    #[inline(always)]
    pub(super) fn token(&mut self) -> u8 {
        match self.peek() {
            Some(byte) if byte > b' ' => byte,
            _ => {
                self.at = skip_white_space(self.body, self.at);
                self.peek().unwrap_or_default()
            }
        }
    }

    #[inline(always)]
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    #[inline(always)]
    pub(super) fn span_from(self, start: usize) -> Span {
        Span { start: offset(start), end: offset(self.at) }
    }

    #[inline(always)]
    pub(super) fn literal<const N: usize>(&mut self, word: &[u8; N], kind: Kind) -> Result<Kind, Fault> {
        let found = self.body.get(self.at..).and_then(|rest| rest.first_chunk::<N>());
        if found != Some(word) {
            return Err(Fault::Syntax);
        }
        self.at += N;
        Ok(kind)
    }

    #[inline(always)]
    pub(super) fn number(&mut self) -> Result<Kind, Fault> {
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        let mut kind = Kind::Integer;
        if self.take(b'.') {
            kind = Kind::Number;
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            kind = Kind::Number;
            if !self.take(b'+') {
                self.take(b'-');
            }
            self.digits()?;
        }
        Ok(kind)
    }

    /// At least one digit.
    #[inline(always)]
    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { Err(Fault::Syntax) }
    }

    /// Reads a string, from its opening quote.
    #[inline(always)]
    pub(super) fn string(&mut self) -> Result<Kind, Fault> {
        self.at = end_of_plain_run(self.body, self.at + 1);
        match self.peek() {
            Some(b'"') => {
                self.at += 1;
                Ok(Kind::String)
            }
            Some(b'\\') => {
                self.at = end_of_escaped_string(self.body, self.at).ok_or(Fault::Syntax)?;
                Ok(Kind::EscapedString)
            }
            _ => Err(Fault::Syntax),
        }
    }
}

/// Where the white space that may be at `at` ends.
fn skip_white_space(body: &[u8], at: usize) -> usize {
    let rest = body.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t')).count()
}
