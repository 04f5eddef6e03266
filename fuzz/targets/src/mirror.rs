//! Header fields that mirror the body: the Base64 sentinel, and values that are compared without rounding.
//!
//! The first line of the input is the value of a field, the second the path of an argument with dots between its
//! names, and what is behind them is the arguments; the sentinel itself is decoded by a reading of its own, bit by
//! bit, from RFC 4648.

use mcp_proto::mirror::{ParamKind, Undecodable, argument_at, decode, name_matches, param_matches};
use serde_json::value::RawValue;

use crate::{
    lines,
    tree::{Node, Tree},
};

/// Compares the field with the argument that it mirrors.
pub(crate) fn run(input: &[u8]) {
    let (header, rest) = lines::line(input);
    let (path, arguments) = lines::text(rest);
    let expected = value_of(header);
    let got = decode(header);
    assert_eq!(got.as_ref().ok().map(|value| &**value), expected.as_deref(), "what a field stands for");
    if let Ok(value) = &got {
        assert!(name_matches(header, value), "a field does not stand for its value");
        mirrored_by_a_client(value);
    } else {
        assert!(!name_matches(header, ""));
        assert_eq!(got == Err(Undecodable::Character), !header.iter().all(|byte| is_allowed(*byte)));
    }
    let Ok(arguments) = std::str::from_utf8(arguments) else { return };
    assert_eq!(name_matches(header, arguments), expected.as_deref() == Some(arguments), "names");
    mirrored_by_a_client(arguments);
    let path: Vec<Box<str>> = path.unwrap_or("").split('.').map(Into::into).collect();
    argument(header, expected.as_deref(), &path, arguments);
}

fn argument(header: &[u8], expected: Option<&str>, path: &[Box<str>], arguments: &str) {
    let tree = Tree::read(arguments.as_bytes())
        .ok()
        .filter(|tree| tree.repeats_at().is_none() && tree.depth() <= 128);
    let found = tree.as_ref().and_then(|tree| path.iter().try_fold(tree, |tree, name| tree.member(name)));
    let got = argument_at(arguments, path);
    assert_eq!(got.map(RawValue::get), found.map(|found| found.text), "the argument at {path:?}");
    let is_there = found.is_some_and(|found| found.node != Node::Null);
    for kind in [ParamKind::String, ParamKind::Integer, ParamKind::Boolean] {
        assert_eq!(param_matches(kind, None, got), !is_there, "no field");
        let is_mirrored = match (kind, expected, found) {
            (_, None, _) | (_, _, None) => false,
            (ParamKind::String, Some(value), Some(found)) => found.string() == Some(value),
            (ParamKind::Boolean, Some(value), Some(found)) => {
                matches!(found.node, Node::Bool(_)) && value == found.text
            }
            (ParamKind::Integer, Some(value), Some(found)) => {
                whole(found.text).is_some() && whole(value) == whole(found.text)
            }
        };
        assert_eq!(param_matches(kind, Some(header), got), is_mirrored, "{kind:?}");
    }
}

/// Whatever a value is, a client that encodes it as the specification says is understood (HDR-07).
fn mirrored_by_a_client(value: &str) {
    let mut field = b"=?base64?".to_vec();
    for three in value.as_bytes().chunks(3) {
        let bits =
            three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        let sextet = |place: usize| ALPHABET[(bits >> (18 - 6 * place)) as usize & 63];
        field.extend((0..4).map(|place| if place <= three.len() { sextet(place) } else { b'=' }));
    }
    field.extend(b"?=");
    assert!(name_matches(&field, value), "{value:?} is not understood when it is encoded");
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn is_allowed(byte: u8) -> bool {
    byte == b'\t' || (0x20..0x7f).contains(&byte)
}

fn value_of(header: &[u8]) -> Option<String> {
    if !header.iter().all(|byte| is_allowed(*byte)) {
        return None;
    }
    let text = std::str::from_utf8(header).ok()?.trim_matches([' ', '\t']);
    let is_encoded = text.len() >= 11 && text.starts_with("=?base64?") && text.ends_with("?=");
    if is_encoded {
        String::from_utf8(decoded(&text.as_bytes()[9..text.len() - 2])?).ok()
    } else {
        Some(text.to_owned())
    }
}

/// RFC 4648 section 4, padded, with no bit set that stands for nothing.
fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let mut bytes = Vec::new();
    for (place, four) in text.chunks(4).enumerate() {
        let is_last = (place + 1) * 4 == text.len();
        let padding = four.iter().rev().take_while(|byte| **byte == b'=').count();
        if padding > 2 || padding > 0 && !is_last {
            return None;
        }
        let mut bits = 0_u32;
        for byte in &four[..4 - padding] {
            bits = bits << 6 | ALPHABET.iter().position(|known| known == byte)? as u32;
        }
        bits <<= 6 * padding;
        let [_, three @ ..] = bits.to_be_bytes();
        let (said, unsaid) = three.split_at(3 - padding);
        if unsaid.iter().any(|byte| *byte != 0) {
            return None;
        }
        bytes.extend_from_slice(said);
    }
    Some(bytes)
}

/// A whole number within ±(2^53 − 1), however it is written, as sign and digits: by moving the point in the text.
fn whole(text: &str) -> Option<(bool, String)> {
    // What serde_json does not take for a number is none.
    let raw: &RawValue = serde_json::from_str(text).ok()?;
    let is_number =
        raw.get() == text && text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    if !is_number {
        return None;
    }
    let (sign, text) = (text.starts_with('-'), text.trim_start_matches('-'));
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (before, behind) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{before}{behind}");
    let significant = digits.trim_start_matches('0').trim_end_matches('0');
    if significant.is_empty() {
        return Some((false, "0".into()));
    }
    let trailing = digits.len() - digits.trim_end_matches('0').len();
    // An exponent that no number of this length could make up for.
    let exponent: i128 = exponent.trim_start_matches('+').parse().ok()?;
    let zeros = exponent.checked_add(trailing as i128)?.checked_sub(behind.len() as i128)?;
    if !(0..=16).contains(&zeros) || significant.len() > 16 {
        return None;
    }
    let number = format!("{significant}{}", "0".repeat(zeros as usize));
    number.parse::<u128>().is_ok_and(|number| number < 1 << 53).then_some((sign, number))
}
