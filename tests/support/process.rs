//! The program itself, as its users run it: what it prints is kept to be looked at, and no
//! process outlives its test.

use std::ffi::OsString;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use nix::pty::{OpenptyResult, Winsize, openpty};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::scratch::Scratch;
use super::{Browser, cluster};

/// The variables that the program reads: those of whoever runs the tests are none of its
/// business.
pub const SETTINGS: [&str; 18] = [
    "BIND",
    "METRICS_BIND",
    "PUBLIC_URL",
    "DATABASE_URL",
    "DATABASE_LISTEN_URL",
    "DATABASE_CONNECTIONS",
    "VERIFY_CACHE_ENTRIES",
    "LEASE_SECONDS",
    "DATA_DIR",
    "TRUSTED_PROXIES",
    "SMTP_URL",
    "SMTP_FROM",
    "RATE_LIMIT_PER_TOKEN",
    "AUTH_SECRET",
    "AUTH_SECRET_ORGANIZATION",
    "LOG",
    "LOG_FORMAT",
    "ALLOW_INSECURE_HTTP",
];
/// Far more than anything takes: a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(120);

/// Where the program finds its database.
pub struct Place {
    settings: Vec<(&'static str, OsString)>,
}

impl Place {
    /// A private PostgreSQL in this directory.
    pub fn directory(scratch: &Scratch) -> Self {
        Self {
            settings: vec![("DATA_DIR", scratch.data().into())],
        }
    }

    pub fn database(address: &tokio_postgres::Config) -> Self {
        Self {
            settings: vec![("DATABASE_URL", cluster::url(address).into())],
        }
    }

    /// A database through a pooler, and past it.
    pub fn pooler(pooler: &tokio_postgres::Config, direct: &tokio_postgres::Config) -> Self {
        let mut place = Self::database(pooler);
        let direct = ("DATABASE_LISTEN_URL", cluster::url(direct).into());
        place.settings.push(direct);
        place
    }

    /// The program, not started yet.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tokendesk"));
        for setting in SETTINGS {
            command.env_remove(setting);
        }
        command
            .envs(self.settings.iter().cloned())
            .args(arguments)
            .stdin(Stdio::null());
        command
    }

    pub fn start(&self, arguments: &[&str]) -> Process {
        Process::start(self.command(arguments))
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Finished {
        self.start(arguments).finish()
    }

    /// The same, with something on its standard input.
    pub fn run_with_input(&self, arguments: &[&str], input: &str) -> Finished {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped());
        let mut process = Process::start(command);
        let mut pipe = process.child.stdin.take().unwrap();
        // Whoever does not read it refused something else before.
        let _ = pipe.write_all(input.as_bytes());
        drop(pipe);
        process.finish()
    }

    /// Runs a command to its end, with a terminal for its output and its errors.
    pub fn run_in_terminal(&self, arguments: &[&str]) -> Finished {
        let size = Winsize {
            ws_row: 24,
            ws_col: 80,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let OpenptyResult { master, slave } = openpty(&size, None).unwrap();
        let mut command = self.command(arguments);
        command.env("TERM", "xterm");
        command.stdout(slave.try_clone().unwrap()).stderr(slave);
        let child = command.spawn().unwrap();
        // The terminal ends when the program alone has had it.
        drop(command);
        let process = Process {
            child,
            output: Output::of(fs::File::from(master)),
            errors: Output::of(io::empty()),
        };
        process.finish()
    }

    /// A server on a free port of which nobody reads what it logs.
    pub fn serve_unheard(&self) -> Server {
        let mut command = self.command(&["serve", "--bind=127.0.0.1:0"]);
        let (unread, errors) = io::pipe().unwrap();
        drop(unread);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .unwrap();
        // It alone has the pipe now.
        drop(command);
        Server::ready(Process {
            output: Output::of(child.stdout.take().unwrap()),
            errors: Output::of(io::empty()),
            child,
        })
    }

    /// A server on a free port.
    pub fn serve(&self) -> Server {
        self.serve_with(&[])
    }

    /// The same, with more flags.
    pub fn serve_with(&self, flags: &[&str]) -> Server {
        Server::ready(self.start(&[&["--bind=127.0.0.1:0"], flags].concat()))
    }
}

/// A process, running or ended. Killed when it is dropped.
pub struct Process {
    child: Child,
    output: Output,
    errors: Output,
}

/// How a process ended.
#[derive(Debug)]
pub struct Finished {
    /// `None`: by a signal.
    pub code: Option<i32>,
    pub output: String,
    pub errors: String,
}

impl Finished {
    /// What it printed, given that it succeeded.
    pub fn succeeded(self) -> String {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self.output
    }

    /// What it complained of, given that it failed and printed nothing else.
    pub fn refused(self) -> String {
        assert!(matches!(self.code, Some(1 | 2)), "{self:#?}");
        assert_eq!(self.output, "");
        self.errors
    }
}

impl Process {
    pub fn start(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        Self {
            output: Output::of(child.stdout.take().unwrap()),
            errors: Output::of(child.stderr.take().unwrap()),
            child,
        }
    }

    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).unwrap();
        kill(Pid::from_raw(pid), signal).unwrap();
    }

    /// Stops all of its threads, until SIGCONT.
    pub fn freeze(&self) {
        self.signal(Signal::SIGSTOP);
        let tasks = format!("/proc/{}/task", self.child.id());
        until("it stands still", || {
            let mut tasks = fs::read_dir(&tasks).unwrap();
            tasks.all(|task| {
                let stat = fs::read_to_string(task.unwrap().path().join("stat"));
                // The name before the state may hold anything.
                stat.is_ok_and(|stat| stat.rsplit_once(") ").unwrap().1.starts_with('T'))
            })
        });
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// The rest of the first line on standard output that begins so, once it is there.
    pub fn line(&self, beginning: &str) -> String {
        self.output.line(beginning).unwrap_or_else(|| {
            panic!(
                "no line {beginning:?}:\n{}{}",
                self.output.so_far(),
                self.errors.so_far()
            )
        })
    }

    /// Waits until the log says so.
    pub fn logged(&self, text: &str) {
        let said = self.errors.wait_until(|log| log.contains(text));
        assert!(said, "{text:?} is not in:\n{}", self.errors.so_far());
    }

    pub fn finish(mut self) -> Finished {
        until("the process has ended", || !self.is_running());
        Finished {
            code: self.child.wait().unwrap().code(),
            output: self.output.whole(),
            errors: self.errors.whole(),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server that listens.
pub struct Server {
    pub process: Process,
    pub url: String,
}

impl Server {
    pub fn ready(process: Process) -> Self {
        let url = process.line("Tokendesk is at ");
        Self { process, url }
    }

    pub fn browser(&self) -> Browser {
        Browser::new(&self.url)
    }

    /// Asks `GET /api/v1/token` what this token is.
    pub async fn asked_by(&self, secret: &str) -> reqwest::Response {
        let address = format!("{}/api/v1/token", self.url);
        let request = reqwest::Client::new().get(address).bearer_auth(secret);
        request.send().await.unwrap()
    }

    /// Stops it as an init system does.
    pub fn stop(self) -> Finished {
        self.process.signal(Signal::SIGTERM);
        let finished = self.process.finish();
        assert_eq!(finished.code, Some(0), "{finished:#?}");
        finished
    }
}

/// What comes out of a pipe, read as it comes.
struct Output(Arc<(Mutex<Text>, Condvar)>);

#[derive(Default)]
struct Text {
    text: String,
    ended: bool,
}

impl Output {
    fn of(pipe: impl Read + Send + 'static) -> Self {
        let shared = Arc::new((Mutex::new(Text::default()), Condvar::new()));
        let output = Self(Arc::clone(&shared));
        thread::spawn(move || {
            let (text, changed) = &*shared;
            let mut pipe = BufReader::new(pipe);
            let mut line = Vec::new();
            while pipe.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                let mut text = text.lock().unwrap();
                text.text.push_str(&String::from_utf8_lossy(&line));
                line.clear();
                changed.notify_all();
            }
            text.lock().unwrap().ended = true;
            changed.notify_all();
        });
        output
    }

    /// Whether it came to be so before the output, or our patience, ended.
    fn wait_until(&self, condition: impl Fn(&str) -> bool) -> bool {
        let (text, changed) = &*self.0;
        let (text, _) = changed
            .wait_timeout_while(text.lock().unwrap(), PATIENCE, |text| {
                !text.ended && !condition(&text.text)
            })
            .unwrap();
        condition(&text.text)
    }

    fn line(&self, beginning: &str) -> Option<String> {
        let find = |text: &str| {
            let mut lines = text.lines();
            lines.find_map(|line| line.strip_prefix(beginning).map(str::to_owned))
        };
        self.wait_until(|text| find(text).is_some());
        find(&self.so_far())
    }

    fn so_far(&self) -> String {
        self.0.0.lock().unwrap().text.clone()
    }

    fn whole(&self) -> String {
        let (text, changed) = &*self.0;
        let (text, waited) = changed
            .wait_timeout_while(text.lock().unwrap(), PATIENCE, |text| !text.ended)
            .unwrap();
        assert!(!waited.timed_out(), "somebody else has the pipe");
        text.text.clone()
    }
}

/// Looks until it is so.
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}
