//! All that is logged in this process, by all tests.

use std::io::{self, Write};
use std::sync::{Mutex, Once, PoisonError};

static CAPTURED: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static START: Once = Once::new();

struct Capture;

impl Write for Capture {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        CAPTURED
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Our own modules log everything, the others what may be of use.
pub fn capture() {
    START.call_once(|| {
        tracing_subscriber::fmt()
            .with_env_filter("debug,tokendesk=trace,hyper=info,selectors=info,html5ever=info")
            .with_ansi(false)
            .with_writer(|| Capture)
            .init();
    });
}

pub fn captured() -> String {
    let captured = CAPTURED.lock().unwrap_or_else(PoisonError::into_inner);
    String::from_utf8_lossy(&captured).into_owned()
}
