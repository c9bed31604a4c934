//! Files that commands read.

use std::fmt::Display;
use std::fs;
use std::io::{self, Read};
use std::path::Path;

use zeroize::Zeroizing;

use super::Failure;

/// Where standard input stands for a file.
const STANDARD_INPUT: &str = "-";

/// All of it, perhaps with secrets in it.
pub async fn content(file: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let path = file.to_owned();
    let reading = tokio::task::spawn_blocking(move || {
        if path.as_os_str() != STANDARD_INPUT {
            return fs::read(path).map(Zeroizing::new);
        }
        let mut text = Zeroizing::new(Vec::new());
        io::stdin().lock().read_to_end(&mut text)?;
        Ok(text)
    });
    let read: io::Result<_> = reading.await.map_err(|error| Failure::because(&error))?;
    read.map_err(|error| wrong(file, &error))
}

pub fn wrong(file: &Path, why: &impl Display) -> Failure {
    Failure::new(format!("{}: {why}.", file.display()))
}
