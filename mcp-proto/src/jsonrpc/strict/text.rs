//! The inside of strings: where they end, and what their escapes stand for.

/// The end of the run of bytes from `start` that has no quote, no backslash and no control
/// character.
#[inline(always)]
pub(super) fn end_of_plain_run(body: &[u8], start: usize) -> usize {
    let rest = body.get(start..).unwrap_or_default();
    match rest.first_chunk().map(stops_in_word) {
        Some(stops) if stops != 0 => start + first_stop(stops),
        Some(_) => end_of_longer_run(body, start + 8),
        None => start + rest.iter().take_while(|byte| !stops_run(**byte)).count(),
    }
}

/// A run this long is likely to go on, so that it pays to look at larger blocks.
const SHORT_RUN_WORDS: usize = 8;

// A function of its own, so that its constants stay in registers.
#[inline(never)]
fn end_of_longer_run(body: &[u8], start: usize) -> usize {
    let mut at = start;
    for _ in 0..SHORT_RUN_WORDS {
        let Some(word) = body.get(at..).and_then(|rest| rest.first_chunk()) else {
            break;
        };
        let stops = stops_in_word(word);
        if stops != 0 {
            return at + first_stop(stops);
        }
        at += 8;
    }
    end_of_long_run(body, at)
}

#[inline(never)]
fn end_of_long_run(body: &[u8], start: usize) -> usize {
    let rest = body.get(start..).unwrap_or_default();
    let plain_blocks = rest.chunks_exact(64).take_while(|block| {
        // No early exit, for the compiler to turn it into vector instructions.
        !block.iter().fold(false, |stop, byte| stop | stops_run(*byte))
    });
    let at = start + plain_blocks.count() * 64;
    let rest = body.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| !stops_run(**byte)).count()
}

#[inline(always)]
const fn stops_run(byte: u8) -> bool {
    (byte == b'"') | (byte == b'\\') | (byte < 0x20)
}

/// The lowest bit that is set is the highest bit of the first byte of `word` for which [`stops_run`]
/// holds; none is set if there is no such byte. Bytes behind it may be marked without cause, by the
/// borrow that comes from it.
#[inline(always)]
const fn stops_in_word(word: &[u8; 8]) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let word = u64::from_le_bytes(*word);
    // Swapping 0x20 and 0x22 puts the quote next to the control characters: one comparison finds
    // both.
    let quote_or_control = (word ^ (EACH * 0x02)).wrapping_sub(EACH * 0x21);
    let backslash = (word ^ (EACH * b'\\' as u64)).wrapping_sub(EACH);
    (quote_or_control | backslash) & !word & (EACH * 0x80)
}

#[inline(always)]
const fn first_stop(stops: u64) -> usize {
    stops.trailing_zeros() as usize / 8
}

/// The offset behind the closing quote of a string, from the backslash at `at`; `None` when the
/// string is not one.
#[inline(never)]
pub(super) fn end_of_escaped_string(body: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match body.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => {
                let (_, length) = escape(body.get(at + 1..)?)?;
                at += 1 + length;
            }
            byte if *byte < b' ' => return None,
            _ => at = end_of_plain_run(body, at),
        }
    }
}

/// The character that an escape stands for and how many bytes it takes behind its backslash.
fn escape(behind_backslash: &[u8]) -> Option<(char, usize)> {
    let simple = match behind_backslash.first()? {
        byte @ (b'"' | b'\\' | b'/') => char::from(*byte),
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unicode_escape(behind_backslash),
        _ => return None,
    };
    Some((simple, 1))
}

/// `uXXXX`, or two of them that are a pair of surrogates; half a pair is nothing.
fn unicode_escape(behind_backslash: &[u8]) -> Option<(char, usize)> {
    let (first, rest) = code_unit(behind_backslash)?;
    match first {
        0xD800..=0xDBFF => {
            let (second @ 0xDC00..=0xDFFF, _) = code_unit(rest.strip_prefix(b"\\")?)? else {
                return None;
            };
            let character = char::from_u32(0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00))?;
            Some((character, 11))
        }
        // `None` for the other surrogates.
        _ => char::from_u32(first).map(|character| (character, 5)),
    }
}

/// The number in `uXXXX` at the start of `bytes`, and what follows.
fn code_unit(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, rest) = bytes.strip_prefix(b"u")?.split_first_chunk::<4>()?;
    let mut unit = 0;
    for digit in digits {
        unit = (unit << 4) | char::from(*digit).to_digit(16)?;
    }
    Some((unit, rest))
}

/// Appends the value of a string, given the text between its quotes; `None` when an escape in it is
/// not one.
pub(super) fn append_resolved(value: &mut Vec<u8>, raw: &[u8]) -> Option<()> {
    let mut rest = raw;
    while let Some(backslash) = memchr::memchr(b'\\', rest) {
        let (plain, from_backslash) = rest.split_at_checked(backslash)?;
        value.extend_from_slice(plain);
        let behind = from_backslash.get(1..)?;
        let (character, length) = escape(behind)?;
        value.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        rest = behind.get(length..)?;
    }
    value.extend_from_slice(rest);
    Some(())
}
