//! Whether a cluster's server, the postmaster, is running, by its socket and by the lock file
//! `postmaster.pid`. The format of the latter is in PostgreSQL's `miscadmin.h`.

use std::fs;
use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::kill;
use nix::unistd::Pid;

use super::{Error, PAUSE, PORT, failed_to};

/// How long a postmaster may be there and not listen: it is about to, or about to leave.
const PATIENCE: Duration = Duration::from_secs(10);

/// The directory with the socket of the postmaster of `cluster`, if it runs. To be asked by
/// one who has the turn: nobody else is starting it.
pub fn find(cluster: &Path) -> Result<Option<PathBuf>, Error> {
    let path = cluster.join("postmaster.pid");
    let deadline = Instant::now() + PATIENCE;
    loop {
        let content = match fs::read_to_string(&path) {
            Ok(content) => content,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed_to("read", &path)(error)),
        };
        let (pid, sockets) = read(&content);
        if let Some(sockets) = sockets.filter(|it| answers(it)) {
            return Ok(Some(sockets));
        }
        match pid {
            // Its backends may still be there: PostgreSQL looks for them as it starts, and
            // needs the file for that.
            Some(pid) if !is_alive(pid) => return Ok(None),
            Some(pid) if may_be_postmaster(pid, cluster) => {
                if Instant::now() > deadline {
                    let cluster = cluster.to_owned();
                    return Err(Error::Silent { cluster });
                }
                sleep(PAUSE);
            }
            // The PID has gone to another process, or a crash of the machine has emptied the
            // file: PostgreSQL would refuse to start.
            _ => {
                fs::remove_file(&path).map_err(failed_to("remove", &path))?;
                return Ok(None);
            }
        }
    }
}

/// Whether there is none any more. It only looks, and so needs no turn: whoever is starting one, or seems to,
/// is left to it.
pub fn has_ended(cluster: &Path) -> bool {
    match fs::read_to_string(cluster.join("postmaster.pid")) {
        Ok(content) => {
            let (pid, sockets) = read(&content);
            pid.is_some_and(has_exited) && !sockets.is_some_and(|it| answers(&it))
        }
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

/// A socket that somebody listens on is the surest sign, and the only one from another container, where the
/// PID means nothing.
fn answers(sockets: &Path) -> bool {
    UnixStream::connect(sockets.join(format!(".s.PGSQL.{PORT}"))).is_ok()
}

/// The PID (line 1) and the directory of the socket (line 5).
fn read(content: &str) -> (Option<Pid>, Option<PathBuf>) {
    let mut lines = content.lines();
    let pid = lines
        .next()
        .and_then(|line| line.trim().parse::<i32>().ok());
    // Negative for a server without postmaster, `postgres --single`.
    let pid = pid.map(i32::saturating_abs).filter(|pid| *pid != 0);
    let sockets = lines.nth(3).filter(|line| !line.is_empty());
    (pid.map(Pid::from_raw), sockets.map(PathBuf::from))
}

fn is_alive(pid: Pid) -> bool {
    // Another user's process, EPERM, is as little the postmaster as none.
    kill(pid, None).is_ok()
}

/// Or is a zombie, without a command line: nobody waits for it where PID 1 does not, as in most containers.
fn has_exited(pid: Pid) -> bool {
    !is_alive(pid) || command_line(pid).is_some_and(|line| line.is_empty())
}

/// If in doubt, it may: two servers on one cluster destroy it.
fn may_be_postmaster(pid: Pid, cluster: &Path) -> bool {
    command_line(pid).is_none_or(|line| could_serve(&line, cluster))
}

#[cfg(target_os = "linux")]
fn command_line(pid: Pid) -> Option<String> {
    let arguments = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    Some(String::from_utf8_lossy(&arguments).replace('\0', " "))
}

#[cfg(not(target_os = "linux"))]
fn command_line(pid: Pid) -> Option<String> {
    let mut ps = std::process::Command::new("ps");
    let output = ps
        .args(["-ww", "-o", "command=", "-p", &pid.to_string()])
        .output()
        .ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a process with this command line could be the postmaster of `cluster`. Zombies
/// have none, and backends call themselves `postgres: …`.
fn could_serve(line: &str, cluster: &Path) -> bool {
    let program = line
        .split(' ')
        .next()
        .and_then(|path| path.rsplit('/').next());
    let elsewhere = line.contains(" -D /");
    let here = format!("{} ", line.trim_end()).contains(&format!(" -D {} ", cluster.display()));
    matches!(program, Some("postgres" | "postmaster")) && (here || !elsewhere)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_file_tells_the_pid_and_the_socket() {
        let content = "4711\n/data/postgres\n1700000000\n5432\n/data/socket\n\n  5 6\nready   \n";
        let (pid, sockets) = read(content);
        assert_eq!(pid, Some(Pid::from_raw(4711)));
        assert_eq!(sockets, Some(PathBuf::from("/data/socket")));
        assert_eq!(read("-12\n/data\n"), (Some(Pid::from_raw(12)), None));
        assert_eq!(read(""), (None, None));
        assert_eq!(read("0\n"), (None, None));
    }

    #[test]
    fn a_postmaster_is_told_from_other_processes() {
        let could = |line: &str| could_serve(line, Path::new("/data/postgres"));
        assert!(could(
            "/usr/lib/postgresql/15/bin/postgres -D /data/postgres -c port=5432"
        ));
        assert!(could("postgres -D /data/postgres"));
        assert!(could("postgres -D ."), "we cannot know");
        assert!(!could("/usr/bin/postgres -D /data/postgres2"));
        assert!(!could("postgres: checkpointer "));
        assert!(!could("sleep 1000"));
        assert!(!could(""), "a zombie");
    }
}
