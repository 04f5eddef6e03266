//! Tales as files spell them: a line for the session, and a line for each deed, each of three bytes. So a file
//! reads as text, any bytes are a tale, and what a fuzzer cuts out or moves is a whole deed.

use super::{Deed, Tale};
use crate::{command::Pick, reference::Revision};

/// Bytes of a line.
const LINE_BYTES: usize = 3;

/// How many deeds of a file are read.
const DEEDS_MAX: usize = 256;

impl Tale {
    /// The tale that these bytes spell; any bytes spell one. Arguments count from `0`.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Self {
        let mut lines = bytes.chunks(LINE_BYTES);
        let [revision, events, _] = lines.next().map(line).unwrap_or_default();
        Self {
            revision: Revision::ALL[usize::from(revision) % Revision::ALL.len()],
            events_max: 4 + usize::from(events) % 8,
            deeds: lines.take(DEEDS_MAX).map(deed).collect(),
        }
    }
}

fn line(bytes: &[u8]) -> [u8; LINE_BYTES] {
    let mut line = *b"00\n";
    line.iter_mut().zip(bytes).for_each(|(place, byte)| *place = *byte);
    line
}

/// A byte that is no deed's letter stands for one of them.
fn deed(bytes: &[u8]) -> Deed {
    const LETTERS: &[u8] = b"ClAFNGBRDKg";
    let [letter, argument, _] = line(bytes);
    let pick = Pick(argument.wrapping_sub(b'0'));
    let is_known = LETTERS.contains(&letter);
    match if is_known { letter } else { LETTERS[usize::from(letter) % LETTERS.len()] } {
        b'C' => Deed::Call,
        b'l' => Deed::Tell(pick),
        b'A' => Deed::Ask(pick),
        b'F' => Deed::Finish(pick),
        b'N' => Deed::Notify,
        b'G' => Deed::Get,
        b'B' => Deed::Resume(pick),
        b'R' => Deed::Read(pick),
        b'D' => Deed::Detach(pick),
        b'K' => Deed::Keep(pick),
        _ => Deed::Give(pick),
    }
}
