//! What `initialize` says.

use std::sync::LazyLock;

use super::{Operation, operation::handshake};
use crate::scene::HANDSHAKE_BYTES_MAX;

macro_rules! asking {
    ($json:literal, $asked:expr) => {
        handshake(
            concat!(
                r#""protocolVersion":"#,
                $json,
                r#","capabilities":{},"clientInfo":{"name":"c","version":"1"}"#
            ),
            $asked,
            $asked.is_some(),
        )
    };
}

/// Every version, and everything that can be wrong (DT-112).
pub(crate) const HANDSHAKES: &[Operation] = &[
    asking!(r#""2025-11-25""#, Some("2025-11-25")),
    asking!(r#""2025-06-18""#, Some("2025-06-18")),
    asking!(r#""2025-03-26""#, Some("2025-03-26")),
    asking!(r#""2024-11-05""#, Some("2024-11-05")),
    asking!(r#""2026-07-28""#, Some("2026-07-28")),
    asking!(r#""2027-01-01""#, Some("2027-01-01")),
    asking!(r#""2024-10-07""#, Some("2024-10-07")),
    asking!(r#"" 2025-06-18""#, Some(" 2025-06-18")),
    asking!(r#""2025-06-1\u0038""#, Some("2025-06-18")),
    asking!(r#""v999.0.0""#, Some("v999.0.0")),
    asking!(r#""""#, Some("")),
    asking!("20250618", None::<&'static str>),
    asking!("null", None::<&'static str>),
    asking!(r#"["2025-06-18"]"#, None::<&'static str>),
    handshake(r#""capabilities":{},"clientInfo":{"name":"c","version":"1"}"#, None, false),
    handshake(
        r#""protocolVersion":"2025-06-18","clientInfo":{"name":"c","version":"1"}"#,
        Some("2025-06-18"),
        false,
    ),
    handshake(
        r#""protocolVersion":"2025-06-18","capabilities":[],"clientInfo":{"name":"c","version":"1"}"#,
        Some("2025-06-18"),
        false,
    ),
    handshake(
        r#""protocolVersion":"2025-06-18","capabilities":null,"clientInfo":{"name":"c","version":"1"}"#,
        Some("2025-06-18"),
        false,
    ),
    handshake(r#""protocolVersion":"2025-06-18","capabilities":{}"#, Some("2025-06-18"), false),
    handshake(
        r#""protocolVersion":"2025-06-18","capabilities":{},"clientInfo":"c""#,
        Some("2025-06-18"),
        false,
    ),
    handshake(
        r#""protocolVersion":"2025-06-18","capabilities":{},"clientInfo":null"#,
        Some("2025-06-18"),
        false,
    ),
    handshake("", None, false),
    handshake(
        r#""clientInfo":{"name":"c","title":"C","version":"1"},"x":[1],"capabilities":{"roots":{"listChanged":true},"sampling":{}},"protocolVersion":"2025-06-18""#,
        Some("2025-06-18"),
        true,
    ),
];

/// DT-112: handshakes that say as much as a session keeps, and one byte more.
pub(crate) static LONG_HANDSHAKES: LazyLock<[Operation; 2]> = LazyLock::new(|| {
    let saying = |bytes: usize| {
        let (capabilities, before, behind) = (r#"{"roots":{}}"#, r#"{"name":"c","version":""#, r#""}"#);
        let said = bytes - capabilities.len() - before.len() - behind.len();
        let client = format!("{before}{}{behind}", "1".repeat(said));
        let params =
            format!(r#""protocolVersion":"2025-06-18","capabilities":{capabilities},"clientInfo":{client}"#);
        Operation {
            is_too_much: bytes > HANDSHAKE_BYTES_MAX,
            ..handshake(params.leak(), Some("2025-06-18"), true)
        }
    };
    [saying(HANDSHAKE_BYTES_MAX), saying(HANDSHAKE_BYTES_MAX + 1)]
});
