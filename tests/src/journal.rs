//! What was logged on the thread of a test.

use std::{
    cell::RefCell,
    fmt::{Debug, Write as _},
    sync::Once,
};

use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

thread_local! {
    static LINES: RefCell<Option<Vec<Line>>> = const { RefCell::new(None) };
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// How bad it is.
    pub level: Level,
    /// All its fields, as `name=value`.
    pub text: String,
}

/// Everything that is logged on this thread while it lives, at every level.
#[derive(Debug)]
pub struct Journal(());

impl Journal {
    /// Begins. A thread has one journal at a time.
    #[must_use]
    pub fn open() -> Self {
        static INSTALL: Once = Once::new();
        // One subscriber for all threads: what a thread subscribes to by itself can be lost while other
        // threads do the same.
        INSTALL.call_once(|| {
            let is_first = tracing::subscriber::set_global_default(Everything).is_ok();
            assert!(is_first, "another subscriber is installed");
        });
        LINES.with_borrow_mut(|lines| *lines = Some(Vec::new()));
        Self(())
    }

    /// What was logged so far.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        LINES.with_borrow(|lines| lines.clone().unwrap_or_default())
    }

    /// All of it as one text.
    #[must_use]
    pub fn text(&self) -> String {
        self.lines().iter().map(|line| format!("{} {}\n", line.level, line.text)).collect()
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        LINES.with_borrow_mut(|lines| *lines = None);
    }
}

struct Everything;

impl Subscriber for Everything {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        let mut text = Text(span.metadata().name().to_owned());
        span.record(&mut text);
        keep(*span.metadata().level(), text);
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        let mut text = Text(String::new());
        values.record(&mut text);
        keep(Level::TRACE, text);
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        keep(*event.metadata().level(), text);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

fn keep(level: Level, Text(text): Text) {
    LINES.with_borrow_mut(|lines| lines.as_mut().map(|lines| lines.push(Line { level, text })));
}

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing to a string does not fail.
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_this_thread_logs_is_kept_and_nothing_else() {
        let journal = Journal::open();
        std::thread::spawn(|| tracing::error!("elsewhere")).join().unwrap();
        tracing::debug!(answer = 42, "here");
        let [line] = &journal.lines()[..] else { panic!("{}", journal.text()) };
        assert_eq!(line.level, Level::DEBUG);
        assert!(line.text.contains("message=here") && line.text.contains("answer=42"), "{}", line.text);
        drop(journal);
        tracing::debug!("to nobody");
        assert_eq!(Journal::open().lines(), []);
    }
}
