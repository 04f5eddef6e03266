//! What a request brings to say who sends it, and what is found out about that.

use std::sync::{Arc, LazyLock};

use http::HeaderValue;
use mcp_proto::{
    Principal, UnixSeconds,
    auth::scope::Scopes,
    exchange::Facts,
    jws::{CertificateThumbprint, Denial, dpop::ProofDenial},
};

use super::{Case, Fact};
use crate::{
    fields::{CredentialMeans, ProofField},
    scene::{Guard, Verdict},
    tokens::{EXPIRES, GRANTS, Grant, OWN_CERTIFICATE, Party, SentProof, Token},
};

/// Whom the application recognises.
pub(crate) const OF_APPLICATION: Party =
    Party { issuer: "https://app.example", subject: "carol", client: "kiosk" };

/// The nonce that proofs are asked to have.
pub(crate) const NONCE: &str = "n0nce-of-the-server";

/// Callers that the application recognises, one of each grant.
static RECOGNISED: LazyLock<Vec<Arc<Principal>>> = LazyLock::new(|| {
    let principal = |grant: &Grant| {
        let Party { issuer, subject, client } = OF_APPLICATION;
        let scopes = Scopes::parse(&grant.listed.join(" "));
        Arc::new(Principal::new(issuer, subject, client, scopes, UnixSeconds(EXPIRES)))
    };
    GRANTS.iter().map(principal).collect()
});

impl<'s> Case<'s> {
    /// The token, in whatever scheme it was sent.
    pub(crate) fn token(&self) -> Option<&'s Token> {
        match self.credential() {
            CredentialMeans::Token(place) | CredentialMeans::Bound(place) => self.scene.tokens.get(place),
            CredentialMeans::Absent
            | CredentialMeans::BoundMalformed
            | CredentialMeans::OtherScheme
            | CredentialMeans::Malformed
            | CredentialMeans::Repeated => None,
        }
    }

    pub(crate) fn proof_field(&self) -> ProofField {
        *self.pick(Fact::Proof, &self.scene.proof_fields)
    }

    /// The certificate that the connection was made with.
    pub(crate) fn certificate(&self) -> Option<CertificateThumbprint> {
        *self.pick(Fact::Certificate, &self.scene.certificates)
    }

    /// RFC 8705 section 3: whether the connection was made with what the token is bound to, where that is a
    /// certificate.
    pub(crate) fn has_certificate_of(&self, token: &Token) -> bool {
        !token.binding.has_certificate() || self.certificate() == Some(OWN_CERTIFICATE)
    }

    /// The proof that was sent with the token.
    pub(crate) fn sent_proof(&self) -> Option<&'s SentProof> {
        match self.proof_field() {
            ProofField::Is(place) => self.token()?.proofs.get(place),
            ProofField::Absent | ProofField::Unreadable | ProofField::Repeated => None,
        }
    }

    /// The value of the `DPoP` field, if one was drawn.
    pub(crate) fn proof_value(&self) -> Option<&'s HeaderValue> {
        self.drawn[Fact::Proof as usize].get().and_then(|_| self.sent_proof()).map(|proof| &proof.field)
    }

    pub(crate) fn verdict(&self) -> Verdict {
        match *self.pick(Fact::Verdict, &self.scene.verdicts) {
            // Nobody finds good what cannot be read.
            Verdict::Proven if self.is_bound() && self.proof_field() == ProofField::Unreadable => {
                Verdict::ProofRefused(ProofDenial::Malformed)
            }
            verdict => verdict,
        }
    }

    fn is_bound(&self) -> bool {
        self.server().asks_for_tokens() && matches!(self.credential(), CredentialMeans::Bound(_))
    }

    /// What the verifier reports.
    pub(crate) fn facts(&self) -> Facts {
        // A verifier that reports what it was not asked about has it from somewhere else.
        let token = || self.token().or(self.scene.tokens.first()).expect("every scene has tokens");
        match self.verdict() {
            Verdict::GoodSignature => token().facts(true),
            Verdict::BadSignature if self.token().is_some() => token().facts(false),
            Verdict::BadSignature => Facts::Denied(Denial::BadSignature),
            Verdict::Proven => {
                let proof = if self.is_bound() { self.sent_proof() } else { token().proofs.first() };
                proof.expect("a scene with proofs has them for each token").facts.clone()
            }
            Verdict::ProofRefused(denial) => Facts::ProofRefused(denial),
            Verdict::NonceNeeded => Facts::NonceNeeded(Box::new(HeaderValue::from_static(NONCE))),
            Verdict::Accepted(place) => Facts::Accepted(Arc::clone(&RECOGNISED[place])),
            Verdict::Rejected => Facts::Rejected,
            Verdict::Failed => Facts::Failed,
            Verdict::Out(outage) => Facts::Unavailable(outage),
        }
    }

    /// What a verifier reports of callers that differ from this one by more scopes.
    pub(crate) fn richer_facts(&self) -> Vec<Facts> {
        let places = || self.token().map_or(&[][..], |token| &token.richer);
        let richer = || places().iter().filter_map(|place| self.scene.tokens.get(*place));
        match self.verdict() {
            Verdict::GoodSignature => richer().map(|token| token.facts(true)).collect(),
            Verdict::Proven => {
                let ProofField::Is(place) = self.proof_field() else { return Vec::new() };
                richer().filter_map(|token| Some(token.proofs.get(place)?.facts.clone())).collect()
            }
            Verdict::Accepted(place) => {
                let has_more =
                    |other: &Grant| GRANTS[place].listed.iter().all(|scope| other.listed.contains(scope));
                let richer = GRANTS.iter().zip(&*RECOGNISED).filter(|(grant, _)| has_more(grant));
                richer.map(|(_, principal)| Facts::Accepted(Arc::clone(principal))).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Who the application recognises, by what it is granted.
    pub(crate) fn recognised(&self) -> Option<&'static Grant> {
        match self.verdict() {
            Verdict::Accepted(place) => GRANTS.get(place),
            _ => None,
        }
    }

    /// Whether the caller has these scopes; where callers are strangers, everyone has all.
    pub(crate) fn holds(&self, scopes: &[&str]) -> bool {
        match self.server().guard() {
            Guard::None => true,
            // Who opened the session may do what they could then.
            _ if self.is_trusted() => self.has_session() && self.opener().grant.holds(scopes),
            Guard::Tokens => self.token().is_some_and(|token| token.holds(scopes)),
            Guard::Own => self.recognised().is_some_and(|grant| grant.holds(scopes)),
        }
    }

    /// Who calls, if they are let in.
    pub(crate) fn party(&self) -> Option<Party> {
        if self.is_trusted() {
            return self.has_session().then(|| self.opener().party).flatten();
        }
        self.verified_party()
    }

    /// Who calls by what they say.
    pub(super) fn verified_party(&self) -> Option<Party> {
        match self.server().guard() {
            Guard::None => None,
            Guard::Tokens => self.token().map(|token| token.party),
            Guard::Own => Some(OF_APPLICATION),
        }
    }
}
