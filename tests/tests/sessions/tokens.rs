//! Whose token it is can be read in it: the tests are about what follows from that.

use mcp_tokio::{Identity, Rejection, RequestHead, UnixSeconds};

/// A bearer token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    issuer: &'static str,
    subject: &'static str,
    client: &'static str,
    /// With an underscore between.
    scopes: &'static str,
    /// The tokens of one party that differ in nothing else.
    serial: u32,
    /// The first second at which it is good no more.
    expires: u64,
}

pub(crate) const ALICE: Token =
    Token { issuer: "one", subject: "alice", client: "desk", scopes: "use", serial: 1, expires: u64::MAX };

pub(crate) const ALICE_REFRESHED: Token = Token { serial: 2, ..ALICE };

/// The same party with the scope of administrators.
pub(crate) const ALICE_AS_ADMIN: Token = Token { scopes: "use_admin", ..ALICE };

/// The same party without the scope that everybody needs.
pub(crate) const ALICE_WITHOUT_SCOPES: Token = Token { scopes: "", ..ALICE };

pub(crate) const BOB: Token = Token { subject: "bob", ..ALICE };

pub(crate) const ALICE_ON_HER_PHONE: Token = Token { client: "phone", ..ALICE };

pub(crate) const ALICE_OF_ANOTHER_ISSUER: Token = Token { issuer: "two", ..ALICE };

/// Everybody who is not the party that [`ALICE`] is, and differs in one thing each.
pub(crate) const OTHERS: [Token; 3] = [BOB, ALICE_ON_HER_PHONE, ALICE_OF_ANOTHER_ISSUER];

impl Token {
    /// The same token, good until this second.
    pub(crate) fn expires(self, expires: UnixSeconds) -> Self {
        Self { expires: expires.0, ..self }
    }

    pub(crate) fn text(self) -> String {
        let Self { issuer, subject, client, scopes, serial, expires } = self;
        format!("{issuer}.{subject}.{client}.{scopes}.{serial}.{expires}")
    }
}

/// The server's side.
pub(crate) async fn verify(head: RequestHead) -> Result<Identity, Rejection> {
    let token = head.bearer().ok_or_else(Rejection::denied)?;
    let parts: Vec<_> = token.split('.').collect();
    let [issuer, subject, client, scopes, _, expires] = parts[..] else { return Err(Rejection::denied()) };
    let expires = expires.parse().map_err(|_| Rejection::denied())?;
    let identity = Identity::new(subject).issuer(issuer).client(client).scopes(&scopes.replace('_', " "));
    Ok(identity.expires(UnixSeconds(expires)))
}
