//! What names a session where its id must not be.

use std::fmt;

use mcp_proto::session::SessionId;

use crate::sha256::sha256;

/// Names a session in stores, logs and to the application: SHA-256 of its id, 64 lower-case hexadecimal digits.
/// Nobody can use a session with it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionKey(Box<str>);

impl SessionKey {
    /// The key of a session.
    #[must_use]
    pub fn of(id: &SessionId) -> Self {
        Self(sha256([id.reveal().as_bytes()]).iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionKey({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_digest_of_the_id_on_the_wire() {
        let id = SessionId::from_entropy(&[0; 32]);
        assert_eq!(id.reveal(), "00000000000000000000000000000000");
        let key = SessionKey::of(&id);
        // `printf 00000000000000000000000000000000 | sha256sum`
        let digest = "84e0c0eafaa95a34c293f278ac52e45ce537bab5e752a00e6959a13ae103b65a";
        assert_eq!(key.as_str(), digest);
        assert_eq!(format!("{key} {key:?}"), format!("{digest} SessionKey({digest})"));
        assert_eq!(key, SessionKey::of(&id));
        assert_ne!(key, SessionKey::of(&SessionId::from_entropy(&[1; 32])));
    }
}
