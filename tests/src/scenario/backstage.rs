//! What a player needs of a server beside connections to it.

use std::sync::mpsc::Receiver;

use mcp_driver::{Change, Server};

use super::{Changed, Order, Puppets, Sighting, Stage, Tokens, tokens::ISSUER};

/// The other side of a server: its tokens, its handlers, its application.
pub struct Backstage {
    /// The server.
    pub server: Server,
    /// The tokens that it knows.
    pub tokens: Tokens,
    /// What its handlers report.
    pub sightings: Receiver<Sighting>,
    /// Where they are told what to do.
    pub puppets: Puppets,
}

impl Backstage {
    pub(super) fn tell(&self, puppet: &str, order: &Order) {
        self.puppets.tell(puppet, order.clone());
    }

    pub(super) fn changed(&self, changed: &Changed) {
        let change = match changed {
            Changed::Tools => Change::ToolsChanged,
            Changed::Resource(uri) => Change::ResourceUpdated(uri.as_str().into()),
        };
        self.server.sessions().notify_all(&change);
    }

    pub(super) fn oust(&self, subject: &str) {
        self.server.sessions().end(ISSUER, subject);
    }

    /// Waits until a handler reports this. Handlers run at once, so what others report before it is kept in `seen`.
    pub(super) fn wait_for(
        &self,
        sighting: &Sighting,
        seen: &mut Vec<Sighting>,
        stage: &mut dyn Stage,
    ) -> Result<(), String> {
        loop {
            if let Some(place) = seen.iter().position(|seen| seen == sighting) {
                seen.remove(place);
                return Ok(());
            }
            match stage.sighting(&self.sightings) {
                Some(next) => seen.push(next),
                None => return Err(format!("{} is not {}", sighting.who, sighting.moment)),
            }
        }
    }
}
