//! The states of a session, as one table.

/// Where a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lifecycle {
    /// A stream of 2024-11-05 is open, and the client has not introduced itself.
    Awaiting,
    /// The handshake is answered.
    Opened,
    /// The client has said that it is ready (LIF-07).
    Ready,
    /// It is over, and nothing brings it back.
    Over,
}

/// What can happen to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LifecycleEvent {
    /// `initialize`
    Handshake,
    /// `notifications/initialized`
    Initialized,
    /// Deleted, expired, overflowed, ended by the application.
    End,
}

impl Lifecycle {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Awaiting, Self::Opened, Self::Ready, Self::Over];

    /// The state after `event`; `None`: the event has no place here (LIF-15).
    #[must_use]
    pub const fn after(self, event: LifecycleEvent) -> Option<Self> {
        match (self, event) {
            (Self::Awaiting, LifecycleEvent::Handshake) => Some(Self::Opened),
            (Self::Opened | Self::Ready, LifecycleEvent::Initialized) => Some(Self::Ready),
            (_, LifecycleEvent::End) => Some(Self::Over),
            (Self::Opened | Self::Ready | Self::Over, LifecycleEvent::Handshake)
            | (Self::Awaiting | Self::Over, LifecycleEvent::Initialized) => None,
        }
    }
}

impl LifecycleEvent {
    /// Every event.
    pub const ALL: [Self; 3] = [Self::Handshake, Self::Initialized, Self::End];
}

#[cfg(test)]
mod tests {
    use super::{Lifecycle, LifecycleEvent};

    #[test]
    fn the_whole_table() {
        let table: Vec<_> = Lifecycle::ALL
            .into_iter()
            .flat_map(|state| LifecycleEvent::ALL.map(|event| (state, event, state.after(event))))
            .map(|(state, event, after)| format!("{state:?} {event:?} {after:?}"))
            .collect();
        assert_eq!(
            table,
            [
                "Awaiting Handshake Some(Opened)",
                "Awaiting Initialized None",
                "Awaiting End Some(Over)",
                "Opened Handshake None",
                "Opened Initialized Some(Ready)",
                "Opened End Some(Over)",
                "Ready Handshake None",
                "Ready Initialized Some(Ready)",
                "Ready End Some(Over)",
                "Over Handshake None",
                "Over Initialized None",
                "Over End Some(Over)",
            ]
        );
    }
}
