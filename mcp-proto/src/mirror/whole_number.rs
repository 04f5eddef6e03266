//! Integers as JSON writes them, compared by value and without rounding.

/// The largest magnitude of an integer that every JSON reader holds exactly: 2^53 − 1 (MPH-05).
pub(super) const WHOLE_NUMBER_MAX: u64 = (1 << 53) - 1;

/// The value of a JSON number, if it is a whole number within ±[`WHOLE_NUMBER_MAX`]: `42`, `42.0`
/// and `4.2e1` are the same. Exact: nothing goes through floating point, where 9007199254740991.2
/// would be a whole number too.
pub(super) fn whole_number(json: &str) -> Option<i64> {
    let number = Decimal::parse(json)?;
    let magnitude = i64::try_from(number.magnitude()?).ok()?;
    // No overflow: at most 2^53 − 1.
    Some(if number.negative { -magnitude } else { magnitude })
}

/// A JSON number in its parts.
struct Decimal<'t> {
    negative: bool,
    whole: &'t str,
    fraction: &'t str,
    exponent: i64,
}

impl<'t> Decimal<'t> {
    /// RFC 8259 section 6.
    fn parse(text: &'t str) -> Option<Self> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
            None => (text, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) => (whole, digits(fraction)?),
            None => (mantissa, ""),
        };
        let whole = digits(whole)?;
        if whole.len() > 1 && whole.starts_with('0') {
            return None;
        }
        Some(Self { negative, whole, fraction, exponent })
    }

    /// The number without its sign, if whole and not too large.
    fn magnitude(&self) -> Option<u64> {
        let mut significant: u64 = 0;
        // Zeros count only when something other than zero follows.
        let mut zeros: u32 = 0;
        for digit in self.whole.bytes().chain(self.fraction.bytes()) {
            if digit == b'0' {
                zeros = zeros.saturating_add(1);
                continue;
            }
            // On overflow there are more digits between the first and the last that is not zero
            // than any number in range has: it is too large or not whole.
            let shift = if significant == 0 { 10 } else { 10_u64.checked_pow(zeros.checked_add(1)?)? };
            significant = significant.checked_mul(shift)?.checked_add(u64::from(digit - b'0'))?;
            zeros = 0;
        }
        if significant == 0 {
            return Some(0);
        }
        let behind_point = i64::try_from(self.fraction.len()).ok()?;
        let power = self.exponent.saturating_sub(behind_point).saturating_add(i64::from(zeros));
        // A negative power of ten is not whole: the last digit taken is not zero.
        let scale = 10_u64.checked_pow(u32::try_from(power).ok()?)?;
        significant.checked_mul(scale).filter(|magnitude| *magnitude <= WHOLE_NUMBER_MAX)
    }
}

/// `text`, if it is at least one digit and nothing else.
fn digits(text: &str) -> Option<&str> {
    let all_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    all_digits.then_some(text)
}

/// An exponent out of range stays at its end, where all numbers but zero are out of range.
fn parse_exponent(text: &str) -> Option<i64> {
    let (sign, magnitude) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let value = digits(magnitude)?
        .bytes()
        .fold(0_i64, |value, digit| value.saturating_mul(10).saturating_add(i64::from(digit - b'0')));
    Some(sign * value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spellings_of_a_whole_number_have_one_value() {
        let table = [
            ("0", 0),
            ("-0", 0),
            ("0.000", 0),
            ("-0.0e7", 0),
            ("0e99999999999999999999999999", 0),
            ("0e-99999999999999999999999999", 0),
            ("42", 42),
            ("42.0", 42),
            ("42.000000000000000000000000000000", 42),
            ("4.2e1", 42),
            ("4.2E+1", 42),
            ("0.42e2", 42),
            ("420e-1", 42),
            ("4200000000000000000000000000000e-29", 42),
            ("0.00000000000000000000000000000042e32", 42),
            ("-42.0", -42),
            ("100", 100),
            ("1e2", 100),
            ("1.00e2", 100),
            ("10203040506070", 10_203_040_506_070),
            ("9007199254740991", 9_007_199_254_740_991),
            ("-9007199254740991", -9_007_199_254_740_991),
            ("9007199254740991.0", 9_007_199_254_740_991),
            ("9.007199254740991e15", 9_007_199_254_740_991),
            ("9007199254740990", 9_007_199_254_740_990),
        ];
        for (text, value) in table {
            assert_eq!(whole_number(text), Some(value), "{text}");
        }
    }

    #[test]
    fn what_is_not_whole_not_in_range_or_not_json_has_no_value() {
        let long = "1".repeat(10_000);
        let zeros = format!("1{}", "0".repeat(10_000));
        let table = [
            "42.5",
            "0.1",
            "1e-1",
            "42.00000000000000000000000000001",
            "9007199254740991.2",
            "9007199254740990.9999",
            "9007199254740992",
            "-9007199254740992",
            "9007199254740993",
            "9007199254740992.0",
            "9.007199254740992e15",
            "1e16",
            "1e309",
            "1e-309",
            "1e99999999999999999999999",
            "1e-99999999999999999999999",
            "18446744073709551616",
            "99999999999999999999999999999",
            &long,
            &zeros,
            "",
            "-",
            "--1",
            "+42",
            "042",
            "00",
            "-01",
            ".5",
            "42.",
            "42.e1",
            "1e",
            "1e+",
            "1e+-1",
            "1.2.3",
            "1e2e3",
            "1e2.0",
            " 42",
            "42 ",
            "4 2",
            "4_2",
            "0x2a",
            "NaN",
            "Infinity",
            "-Infinity",
            "inf",
            "\"42\"",
            "true",
            "null",
            "[42]",
            "４２",
            "42n",
            "42,0",
        ];
        for text in table {
            assert_eq!(whole_number(text), None, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn moving_the_point_does_not_change_the_value(value in -9_007_199_254_740_991_i64..=9_007_199_254_740_991, point in 1..30_usize, zeros in 0..9_usize) {
            let sign = if value < 0 { "-" } else { "" };
            let digits = format!("{:0>40}", value.unsigned_abs());
            let (whole, fraction) = digits.split_at(40 - point);
            let whole = match whole.trim_start_matches('0') { "" => "0", whole => whole };
            let padding = "0".repeat(zeros);
            prop_assert_eq!(whole_number(&format!("{sign}{whole}.{fraction}{padding}e{point}")), Some(value));
            prop_assert_eq!(whole_number(&format!("{sign}{}{padding}e-{zeros}", value.unsigned_abs())), (value != 0 || zeros == 0).then_some(value));
        }

        #[test]
        fn only_json_numbers_have_a_value(text in "[-+0-9.eE]{0,8}") {
            let json = serde_json::from_str::<f64>(&text).ok();
            match whole_number(&text) {
                Some(value) => prop_assert_eq!(json, Some(value as f64)),
                None => prop_assert!(json.is_none_or(|number| number.fract() != 0.0 || number.abs() > 9e15 || number == 0.0)),
            }
        }
    }
}
