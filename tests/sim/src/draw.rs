//! What is drawn from a seed: the same in each run, on each machine.

use std::ops::RangeInclusive;

/// A generator of numbers (SplitMix64). Good enough to make worlds of, and for nothing that is secret.
#[derive(Debug, Clone)]
pub struct Draw(u64);

impl Draw {
    /// A generator for this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A generator of its own for a part of the world, so that more draws there change nothing elsewhere.
    #[must_use]
    pub fn fork(&mut self) -> Self {
        Self(self.next())
    }

    /// Any number.
    #[expect(clippy::should_implement_trait, reason = "numbers are drawn, and never end")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not zero.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % (end as u64).max(1)).unwrap_or(0)
    }

    /// A number in a range.
    pub fn within(&mut self, range: RangeInclusive<u64>) -> u64 {
        let count = range.end().saturating_sub(*range.start()).saturating_add(1);
        range.start().saturating_add(self.next() % count.max(1))
    }

    /// Whether something happens that does so in so many of a hundred cases.
    pub fn percent(&mut self, chance: u64) -> bool {
        self.next() % 100 < chance
    }

    /// One of these.
    ///
    /// # Panics
    /// When there is none.
    pub fn pick<'t, T>(&mut self, of: &'t [T]) -> &'t T {
        let place = self.below(of.len());
        of.get(place).unwrap_or_else(|| unreachable!("something to choose from"))
    }
}

#[cfg(test)]
mod tests {
    use super::Draw;

    #[test]
    fn a_seed_gives_the_numbers_that_its_authors_published() {
        // The reference implementation's first outputs for the seed 1234567.
        let mut draw = Draw::new(1_234_567);
        let drawn = [draw.next(), draw.next(), draw.next()];
        assert_eq!(drawn, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn ranges_are_kept_and_reached() {
        let mut draw = Draw::new(7);
        let drawn: std::collections::BTreeSet<u64> = (0..200).map(|_| draw.within(3..=6)).collect();
        assert_eq!(drawn.into_iter().collect::<Vec<_>>(), [3, 4, 5, 6]);
        assert!((0..200).all(|_| draw.below(1) == 0));
        assert!((0..200).all(|_| !draw.percent(0) && draw.percent(100)));
    }
}
