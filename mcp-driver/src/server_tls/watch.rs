//! Looks at the files now and then, for as long as the server is there.

use std::{
    io,
    sync::{Arc, Weak},
    thread,
    time::Duration,
};

use super::{Inner, ServerTls, ServerTlsError};
use crate::{hyper_rt::micros, landing::Landing, runtime::Runtime};

impl ServerTls {
    /// Begins to look, if anybody is to.
    pub(crate) fn start<R: Runtime>(&self, runtime: &R) {
        if let Some(every) = self.0.watch_every {
            runtime.spawn(watch(Arc::downgrade(&self.0), every, runtime.clone()));
        }
    }
}

async fn watch<R: Runtime>(tls: Weak<Inner>, every: Duration, runtime: R) {
    let mut trouble = None;
    loop {
        runtime.sleep_until(runtime.now().tick.after_micros(micros(every))).await;
        let Some(tls) = tls.upgrade().map(ServerTls) else { return };
        match aside(move || tls.reload()).await {
            Ok(false) => trouble = None,
            Ok(true) => {
                trouble = None;
                tracing::info!("new TLS certificates are in use");
            }
            Err(error) => {
                // Once for each trouble. Two files are often replaced one after the other.
                if trouble.as_ref() != Some(&error) {
                    tracing::warn!(%error, "the TLS files are not usable; those read before stay in use");
                }
                trouble = Some(error);
            }
        }
    }
}

/// Runs what blocks on a thread of its own: a file may be on a disk that does not answer, and a runtime has no
/// thread to spare for that. There is never more than one.
async fn aside(
    work: impl FnOnce() -> Result<bool, ServerTlsError> + Send + 'static,
) -> Result<bool, ServerTlsError> {
    let landing = Arc::new(Landing::default());
    let landed = Landed(Arc::clone(&landing));
    let thread = thread::Builder::new().name("tls-files".into()).spawn(move || landed.0.land(work()));
    match thread {
        // The thread ends by itself.
        Ok(_) => landing.wait().await,
        Err(error) => Err(ServerTlsError::Unwatched(error.kind())),
    }
}

/// Reports even of work that panicked.
struct Landed(Arc<Landing<Result<bool, ServerTlsError>>>);

impl Drop for Landed {
    fn drop(&mut self) {
        self.0.land(Err(ServerTlsError::Unwatched(io::ErrorKind::Other)));
    }
}
