//! The name of a session: 128 bits that nobody can guess.

use std::{
    fmt,
    hash::{Hash, Hasher},
};

/// Identifies a session (SES-01 to SES-03, SES-13, SBP-08). It is no credential, and kept like one all the same:
/// `Debug` does not show it, and comparing two takes as long whatever they have in common.
#[derive(Clone)]
pub struct SessionId([u8; SessionId::BYTES]);

impl SessionId {
    /// Random bytes of an id.
    const BYTES: usize = 16;

    /// An id of these random bytes, of which it takes half.
    #[must_use]
    pub fn from_entropy(entropy: &[u8; 32]) -> Self {
        let [id, _] = *entropy.as_chunks::<{ Self::BYTES }>().0 else { return Self([0; Self::BYTES]) };
        Self(id)
    }

    /// Reads an id as it is written on the wire: 32 lower-case hexadecimal digits.
    #[must_use]
    pub fn read(text: &[u8]) -> Option<Self> {
        let (pairs, rest) = text.as_chunks::<2>();
        let mut id = [0; Self::BYTES];
        if pairs.len() != id.len() || !rest.is_empty() {
            return None;
        }
        for (byte, [high, low]) in id.iter_mut().zip(pairs) {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Some(Self(id))
    }

    /// The id itself, for the client and nobody else.
    #[must_use]
    pub fn reveal(&self) -> String {
        self.0
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 15])
            .filter_map(|digit| char::from_digit(digit.into(), 16))
            .collect()
    }
}

fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        _ => None,
    }
}

impl PartialEq for SessionId {
    fn eq(&self, other: &Self) -> bool {
        let difference = self.0.iter().zip(&other.0).fold(0, |all, (one, other)| all | (one ^ other));
        std::hint::black_box(difference) == 0
    }
}

impl Eq for SessionId {}

impl Hash for SessionId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::SessionId;

    #[test]
    fn an_id_reads_back_and_shows_itself_only_when_asked() {
        let entropy: [u8; 32] = std::array::from_fn(|index| (index * 17) as u8);
        let id = SessionId::from_entropy(&entropy);
        let text = id.reveal();
        assert_eq!(text, "00112233445566778899aabbccddeeff");
        assert_eq!(SessionId::read(text.as_bytes()), Some(id.clone()));
        assert_eq!(format!("{id:?}"), "SessionId(..)");
    }

    #[test]
    fn nothing_else_is_an_id() {
        let good = "00112233445566778899aabbccddeeff";
        for text in ["", &good[1..], &format!("{good}0"), &good.to_uppercase(), &good.replace('0', "g"), " "]
        {
            assert_eq!(SessionId::read(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn each_of_its_bytes_counts() {
        let id = SessionId([7; SessionId::BYTES]);
        for place in 0..SessionId::BYTES {
            let mut other = id.clone();
            other.0[place] ^= 1;
            assert_ne!(id, other);
        }
    }
}
