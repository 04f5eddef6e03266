//! What `initialize` says.

use super::{Operation, operation::handshake};

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
