//! Where PostgreSQL's server programs are, and which of several versions to use.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::Error;
use crate::db::OLDEST_SERVER;

/// A directory with the server programs, and their major version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Programs {
    directory: PathBuf,
    major: u32,
}

impl Programs {
    /// The programs in `directory`, if they are there and run. `PATH` often has links to some
    /// of them, while PostgreSQL wants to find all in one place.
    fn of(directory: &Path) -> Option<Self> {
        let directory = directory
            .join("pg_ctl")
            .canonicalize()
            .ok()?
            .parent()?
            .to_owned();
        let is_there = |program: &str| directory.join(program).is_file();
        if !is_there("initdb") || !is_there("postgres") {
            return None;
        }
        let version = output_of(&directory.join("postgres"), "--version")?;
        let major = major(&version)?;
        Some(Self { directory, major })
    }

    /// Where `program` is.
    #[must_use]
    pub fn path(&self, program: &str) -> PathBuf {
        self.directory.join(program)
    }
}

/// Where to look, most wanted first: what the operator's shell would run, what `pg_config`
/// says, and where packages put it, newest version first.
#[must_use]
pub fn usual_places() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = env::split_paths(&path)
        .filter(|p| p.is_absolute())
        .collect();
    let configured = output_of(Path::new("pg_config"), "--bindir");
    places.extend(configured.map(|directory| PathBuf::from(directory.trim())));
    for (parent, prefix, suffix) in [
        ("/usr/lib/postgresql", "", "bin"),          // Debian, Ubuntu
        ("/usr", "pgsql-", "bin"),                   // Red Hat, from postgresql.org
        ("/usr/lib", "postgresql", "bin"),           // SUSE
        ("/usr/libexec", "postgresql", ""),          // Alpine
        ("/opt/homebrew/opt", "postgresql@", "bin"), // Homebrew on Apple silicon
        ("/usr/local/opt", "postgresql@", "bin"),    // Homebrew on Intel
        ("/home/linuxbrew/.linuxbrew/opt", "postgresql@", "bin"),
        ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
    ] {
        places.extend(newest_first(Path::new(parent), prefix).map(|place| place.join(suffix)));
    }
    places
}

/// What `parent` has that is called `prefix` and a version.
fn newest_first(parent: &Path, prefix: &str) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            let version = entry
                .file_name()
                .to_str()?
                .strip_prefix(prefix)?
                .parse()
                .ok()?;
            Some((version, entry.path()))
        })
        .collect();
    versions.sort_unstable_by(|a, b| b.cmp(a));
    versions.into_iter().map(|(_, path)| path)
}

/// All versions in `places`, in that order.
#[must_use]
pub fn installed(places: &[PathBuf]) -> Vec<Programs> {
    let mut found: Vec<Programs> = Vec::new();
    for programs in places.iter().filter_map(|place| Programs::of(place)) {
        if !found.contains(&programs) {
            found.push(programs);
        }
    }
    found
}

/// The programs for the cluster in `cluster`: of the version that made it, or any that will
/// do if there is none yet.
pub(super) fn choose(installed: Vec<Programs>, cluster: &Path) -> Result<Programs, Error> {
    let made_by = fs::read_to_string(cluster.join("PG_VERSION")).ok();
    let made_by = made_by.and_then(|version| version.trim().parse().ok());
    let versions: Vec<String> = installed
        .iter()
        .map(|found| found.major.to_string())
        .collect();
    let fits = |found: &Programs| {
        found.major >= OLDEST_SERVER && made_by.is_none_or(|made_by| found.major == made_by)
    };
    match (installed.into_iter().find(fits), made_by) {
        (Some(programs), _) => Ok(programs),
        (None, _) if versions.is_empty() => Err(Error::NotInstalled),
        (None, None) => Err(Error::TooOld {
            installed: versions.join(", "),
        }),
        (None, Some(made_by)) => Err(Error::OtherVersion {
            cluster: cluster.to_owned(),
            made_by,
            installed: versions.join(", "),
        }),
    }
}

/// From `postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)`, or `… 18beta1`.
fn major(version: &str) -> Option<u32> {
    let number = version.split(' ').nth(2)?;
    let digits = number.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

fn output_of(program: &Path, argument: &str) -> Option<String> {
    let mut command = Command::new(program);
    command
        .arg(argument)
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    let output = command
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read() {
        let debian = "postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n";
        assert_eq!(major(debian), Some(15));
        assert_eq!(major("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(major("postgres (PostgreSQL) 17\n"), Some(17));
        assert_eq!(major("something else"), None);
    }

    #[test]
    fn a_new_cluster_gets_the_first_version_that_is_not_too_old() {
        let installed = |majors: &[u32]| -> Vec<Programs> {
            let directory = PathBuf::new();
            majors
                .iter()
                .map(|&major| Programs {
                    directory: directory.clone(),
                    major,
                })
                .collect()
        };
        let nowhere = Path::new("/nonexistent");
        let chosen = choose(installed(&[12, 16, 17]), nowhere).expect("16 will do");
        assert_eq!(chosen.major, 16);
        let error = choose(installed(&[9, 12]), nowhere).expect_err("all are too old");
        assert!(error.to_string().contains("9, 12"), "{error}");
        let error = choose(Vec::new(), nowhere).expect_err("nothing is installed");
        assert!(error.to_string().contains("DATABASE_URL"), "{error}");
    }
}
