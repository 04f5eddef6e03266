//! Why a store could not do it.

use std::{error::Error, fmt};

/// A store failed. Any error turns into one with `?`. What it says goes to the log and never to a client.
pub struct StoreError(Box<dyn Error + Send + Sync>);

impl StoreError {
    /// Why, for the log. Quote it there: it may repeat what a client sent.
    pub(crate) fn detail(&self) -> String {
        self.0.to_string()
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for StoreError {
    fn from(error: E) -> Self {
        Self(Box::new(error))
    }
}

impl fmt::Debug for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreError(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::StoreError;

    #[test]
    fn what_a_store_says_is_not_printed() {
        let error = StoreError::from(std::io::Error::other("password"));
        assert_eq!(format!("{error:?}"), "StoreError(..)");
        assert_eq!(error.detail(), "password");
    }
}
