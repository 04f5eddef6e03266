//! A server that trusts one key of each kind.

use mcp_tests::{
    asking::Ask,
    audited::Audited,
    forge::{AUDIENCE, Draft, ISSUER, Signer},
};
use mcp_tokio::{
    Auth, BearerPolicy, Caller, IssuerPolicy, KeySource, NoArguments, Profile, Server, ServerBuilder, Tool,
};
use serde_json::json;

pub(crate) struct Trusting {
    pub(crate) ec: Signer,
    pub(crate) rsa: Signer,
    pub(crate) ed: Signer,
    pub(crate) bench: Audited,
}

impl Trusting {
    /// That asks for tokens as RFC 9068 has them.
    pub(crate) fn start() -> Self {
        Self::with(|issuer| issuer)
    }

    /// That takes tokens of issuers which do not know RFC 9068.
    pub(crate) fn compatible() -> Self {
        Self::with(|issuer| issuer.profile(Profile::Compatible))
    }

    pub(crate) fn with(change: impl FnOnce(IssuerPolicy) -> IssuerPolicy) -> Self {
        let (ec, rsa, ed) = (Signer::es256("ec"), Signer::rs256("rsa"), Signer::ed25519("ed"));
        let set = json!({"keys": [ec.jwk(), rsa.jwk(), ed.jwk()]}).to_string();
        let policy = BearerPolicy::trusting(change(IssuerPolicy::new(ISSUER, AUDIENCE))).resource(AUDIENCE);
        let keys = KeySource::from_json(set).expect("keys");
        let bench = Audited::start(server(Auth::bearer(policy, keys)));
        Self { ec, rsa, ed, bench }
    }

    /// A good token under the EC key.
    pub(crate) fn draft(&self) -> Draft {
        Draft::of(&self.ec)
    }

    /// What becomes of a request with this token: `accepted`, or the rule that refused it with 401.
    pub(crate) async fn judge(&self, token: &str) -> String {
        verdict(&self.bench, Ask::call("whoami").bearer(token)).await
    }

    /// The same of a draft, signed with the EC key.
    pub(crate) async fn judge_draft(&self, draft: Draft) -> String {
        self.judge(&draft.sign(&self.ec)).await
    }
}

pub(crate) const ACCEPTED: &str = "accepted";

/// `accepted`, or the rule that refused with 401.
pub(crate) async fn verdict(bench: &Audited, ask: Ask) -> String {
    match bench.judge(ask).await {
        (200, None) => ACCEPTED.to_owned(),
        (401, Some(rule)) => rule,
        other => panic!("{other:?}"),
    }
}

/// With the tool `whoami`, which tells who calls and what scopes they have.
pub(crate) fn server(auth: impl Into<Auth>) -> ServerBuilder {
    let whoami = Tool::new("whoami").typed(async |_: NoArguments, caller: Caller| {
        let principal = caller.principal();
        format!("{} {}", principal.subject(), principal.scopes().as_str())
    });
    Server::builder("test", "1", auth).tool(whoami)
}
