//! Every published failure of token handling that we know of, and every class of attack on a verifier, as a
//! test that bears its name. All of them go through a whole server, as a peer would.
//!
//! What is tested more thoroughly elsewhere, beside the test here:
//!
//! | Class | Where |
//! |---|---|
//! | published vectors for JWS, JWK and signatures (Project Wycheproof) | `tests/src/bin/jose_vectors.rs`, `mcp-driver/src/signature/vectors.rs` |
//! | malleable and degenerate signatures of every algorithm | `mcp-driver/src/signature/tests.rs` |
//! | products of header and claim faults | `mcp-proto/src/jws/tests/products.rs` |
//! | weak keys, `use`, `key_ops` | `mcp-proto/src/jws/keys/tests.rs` |
//! | strict JSON | `mcp-proto/src/jsonrpc/strict/tests.rs` |
//! | one spelling of base64url and of a token | `mcp-proto/src/jws/base64url.rs`, `mcp-proto/src/jws/compact.rs` |
//! | credentials in a field | `mcp-proto/src/auth/bearer.rs` |
//! | comparison of API keys in constant time | `mcp-driver/src/api_keys/tests.rs` |
//! | when keys are fetched, staleness, rotation | `mcp-proto/src/jws/keyset/tests.rs`, `mcp-driver/src/keys/tests.rs` |
//! | fetching: no redirects, sizes, media types, deadlines | `mcp-driver/src/fetch/tests.rs`, `mcp-tokio/src/fetch/tests.rs` |
//! | the cache of verified tokens | `mcp-driver/src/verifier/tests.rs` |
//! | revocation | `tests/tests/authentication/introspection.rs` |
//! | tokens bound to a key | `tests/tests/authentication/dpop.rs` |

#![allow(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

mod claims;
mod credentials;
mod discovery;
mod headers;
mod keys;
mod servers;
mod trusting;
mod verifiers;
