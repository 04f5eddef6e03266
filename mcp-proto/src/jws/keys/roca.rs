//! The fingerprint of RSA keys that can be factored (ROCA, CVE-2017-15361).
//!
//! A widespread generator made primes of the form `k * M + (65537^a mod M)`, with `M` a product of
//! small primes. Modulo each of those, a modulus it made is a power of 65537. That is unlikely
//! enough for any other modulus to tell them apart: see Nemec, Sys, Svenda, Klinec and Matyas, "The
//! Return of Coppersmith's Attack" (2017).

/// The primes that divide `M` at every length of key. Modulo the ones for which 65537 generates
/// everything, the test always passes; the others leave one sound modulus in 2^27.
const PRIMES: [u32; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103,
    107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/// Whether this modulus, big-endian, looks like one of the factorable ones.
pub(super) fn has_fingerprint(modulus: &[u8]) -> bool {
    PRIMES.iter().all(|prime| is_power_of_65537(remainder(modulus, *prime), *prime))
}

/// Every intermediate value stays below 167 * 256 + 256.
fn remainder(number: &[u8], prime: u32) -> u32 {
    number.iter().fold(0, |rest, byte| (rest * 256 + u32::from(*byte)) % prime)
}

/// Every intermediate value stays below 167 * 167.
fn is_power_of_65537(residue: u32, prime: u32) -> bool {
    let base = 65_537 % prime;
    let mut power = 1;
    for _ in 0..prime {
        if power == residue {
            return true;
        }
        power = power * base % prime;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{PRIMES, has_fingerprint, is_power_of_65537, remainder};

    #[test]
    fn remainders_are_those_of_the_number() {
        assert_eq!(remainder(&[], 7), 0);
        assert_eq!(remainder(&[6], 7), 6);
        assert_eq!(remainder(&[0x01, 0x00, 0x01], 167), 65_537 % 167);
        assert_eq!(remainder(&u64::MAX.to_be_bytes(), 163), (u64::MAX % 163) as u32);
    }

    #[test]
    fn powers_are_told_from_other_residues() {
        // 65537 is 10 modulo 11, and its powers are 1 and 10.
        for residue in 0..11 {
            assert_eq!(is_power_of_65537(residue, 11), matches!(residue, 1 | 10));
        }
        // 65537 is 2 modulo 3: its powers are everything but zero.
        assert!(is_power_of_65537(1, 3) && is_power_of_65537(2, 3));
        assert!(!is_power_of_65537(0, 3));
    }

    #[test]
    fn a_power_of_65537_has_the_fingerprint_and_its_neighbours_do_not() {
        // Its residues are powers of 65537 by construction.
        let power = 65_537_u128.pow(7);
        assert!(has_fingerprint(&power.to_be_bytes()));
        for offset in 1..=100 {
            assert!(!has_fingerprint(&(power - offset).to_be_bytes()), "{offset}");
        }
    }

    #[test]
    fn seventeen_primes_carry_evidence() {
        let telling = PRIMES
            .iter()
            .filter(|prime| (1..**prime).any(|residue| !is_power_of_65537(residue, **prime)))
            .count();
        assert_eq!(telling, 17);
    }
}
