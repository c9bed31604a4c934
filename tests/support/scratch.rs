//! A directory for one test. What is left in it ends with it, a PostgreSQL included.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use nix::unistd::Pid;
use tokendesk::db::embedded::{Cluster, programs};

pub struct Scratch {
    pub root: PathBuf,
}

impl Scratch {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("tokendesk-test-{}-{count}", std::process::id());
        // Short, unlike macOS's temporary directory, and open to the user postgres.
        let root = Path::new("/tmp").canonicalize().unwrap().join(name);
        fs::create_dir(&root).unwrap();
        fs::set_permissions(&root, fs::Permissions::from_mode(0o755)).unwrap();
        Self { root }
    }

    pub fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    pub fn open(&self) -> Cluster {
        Cluster::open(&self.data()).unwrap()
    }

    pub fn postmaster(&self) -> Pid {
        let lock = fs::read_to_string(self.data().join("postgres/postmaster.pid")).unwrap();
        Pid::from_raw(lock.lines().next().unwrap().parse().unwrap())
    }

    pub fn is_running(&self) -> bool {
        self.data().join("postgres/postmaster.pid").exists()
    }

    /// PostgreSQL's own log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.data().join("postgres.log")).unwrap()
    }

    /// Has `pg_ctl` do something with PostgreSQL, and waits for it.
    pub fn control(&self, arguments: &[&str]) {
        let installed = programs::installed(&programs::usual_places());
        let mut command = self.as_owner(installed[0].path("pg_ctl"));
        command.arg("-D").arg(self.data().join("postgres"));
        command.args(["-w", "-l", "/dev/null"]).args(arguments);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    /// A program to be run by the user whom the cluster belongs to.
    pub fn as_owner(&self, program: impl AsRef<OsStr>) -> Command {
        let owner = fs::metadata(self.data().join("postgres")).unwrap();
        let mut command = Command::new(program);
        command.uid(owner.uid()).gid(owner.gid()).current_dir("/");
        command
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A killed process may have left an initdb or pg_ctl, which has its turn until it ends.
        if let Ok(turn) = File::open(self.data().join("postgres.lock")) {
            let _ = turn.lock();
        }
        if self.data().exists() && self.is_running() {
            let installed = programs::installed(&programs::usual_places());
            let mut stop = self.as_owner(installed[0].path("pg_ctl"));
            stop.args(["stop", "-s", "-w", "-m", "immediate", "-D"]);
            let _ = stop.arg(self.data().join("postgres")).status();
        }
        let _ = fs::remove_dir_all(&self.root);
    }
}
