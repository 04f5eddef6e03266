//! One line for each check, and how many failed.

use std::{error::Error, future::Future, time::Duration};

use tokio::time::timeout;

/// Why a check failed.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// What a check found, in a few words.
pub(crate) type Checked = Result<String, Failure>;

/// How long a check may take. Those that wait for an issuer's keys to be fetched again take a few seconds.
const PATIENCE: Duration = Duration::from_secs(120);

/// Tells how checks end.
#[derive(Default)]
pub(crate) struct Report {
    passed: u32,
    failed: u32,
}

impl Report {
    /// Runs a check.
    pub(crate) async fn check(&mut self, name: &str, check: impl Future<Output = Checked>) {
        let checked = timeout(PATIENCE, check).await.unwrap_or_else(|_| Err("it takes too long".into()));
        match checked {
            Ok(found) => {
                self.passed += 1;
                println!("ok    {name}: {found}");
            }
            Err(failure) => {
                self.failed += 1;
                println!("FAIL  {name}: {failure}");
            }
        }
    }

    /// Whether all checks passed, and there were some.
    pub(crate) fn end(&self) -> bool {
        println!("{} passed, {} failed", self.passed, self.failed);
        self.failed == 0 && self.passed > 0
    }
}
