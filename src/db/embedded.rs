//! A private PostgreSQL for a machine that has none configured: its cluster lies in the data
//! directory, and it listens on a Unix socket only, in a directory that is closed to others.
//!
//! Every process that uses the cluster holds a shared lock on `postgres.use`; starting and
//! stopping happen under an exclusive lock on `postgres.lock`. The first one in starts the
//! cluster, later ones find it running, and the last one to [close](Cluster::close) it stops
//! it. The kernel drops the locks of a killed process, so that nothing of ours goes stale: a
//! cluster that was left running is found by the next one in.
//!
//! [`programs`] finds PostgreSQL, [`owner`] is the user it runs as, and [`postmaster`] tells
//! whether it runs. What to do with the database is for others.

mod owner;
mod postmaster;
pub mod programs;

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use sha2::{Digest, Sha256};
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Config, NoTls};

use self::owner::Owner;
use self::programs::Programs;

const NAME: &str = "tokendesk";
/// Makes the database and its owner, who is an ordinary user.
const SUPERUSER: &str = "postgres";
/// What PostgreSQL keeps in memory: the indexes of a million tokens fit. Memory that is not
/// needed is not taken.
const CACHE: &str = "1GB";
const PORT: u16 = 5432;
/// How long the server may take to start, recovery after a crash included, in seconds.
const PATIENCE: u64 = 300;
/// How long a running server may take to answer.
const ANSWER: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(50);
/// What fits with `/.s.PGSQL.5432` and a NUL into a `sockaddr_un`: 108 bytes on Linux, 104 on
/// macOS.
const LONGEST_SOCKET_DIRECTORY: usize = 89;

/// Why there is no private PostgreSQL. Each says what to do; some have a source to show too.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "PostgreSQL is not installed. Install it (apt install postgresql; dnf install \
         postgresql-server; apk add postgresql; brew install postgresql@17), or set \
         DATABASE_URL to one that runs elsewhere"
    )]
    NotInstalled,
    #[error(
        "the installed PostgreSQL {installed} is too old. Install PostgreSQL {} or newer, or \
         set DATABASE_URL to one that runs elsewhere",
        super::OLDEST_SERVER
    )]
    TooOld { installed: String },
    #[error(
        "the data in {} is PostgreSQL {made_by}'s, but installed is PostgreSQL {installed}. \
         Install PostgreSQL {made_by} beside it, or move the data over with pg_upgrade",
        cluster.display()
    )]
    OtherVersion {
        cluster: PathBuf,
        made_by: u32,
        installed: String,
    },
    #[error(
        "PostgreSQL refuses to run as root, and there is no user postgres or nobody to run it \
         as. Make one (useradd --system postgres), or start tokendesk as another user"
    )]
    NoUser,
    #[error(
        "{} belongs to another user ({uid}). Start tokendesk as that user or as root, or \
         choose another data directory", cluster.display()
    )]
    NotOurs { cluster: PathBuf, uid: u32 },
    #[error(
        "PostgreSQL runs as the user {user}, who cannot enter {}. Choose a data directory \
         outside of it, such as /var/lib/tokendesk, or let others through: chmod o+x {}",
        blocked.display(), blocked.display()
    )]
    Unreachable { user: String, blocked: PathBuf },
    #[error(
        "{} should be a directory of {user}'s that is closed to others, and is not. Remove \
         it, or choose a data directory with a path of at most 80 bytes", directory.display()
    )]
    UnsafeSockets { directory: PathBuf, user: String },
    #[error(
        "the PostgreSQL of {} runs but does not answer. End the process that its file \
         postmaster.pid names on the first line, and start again", cluster.display()
    )]
    Silent { cluster: PathBuf },
    #[error("{program} failed; the end of {} says:\n{tail}", log.display())]
    Failed {
        program: &'static str,
        log: PathBuf,
        tail: String,
    },
    #[error("cannot {action} {}", path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error("the private PostgreSQL accepts no connection")]
    Refused(#[from] tokio_postgres::Error),
}

/// A running PostgreSQL, in use until closed or dropped. Dropping leaves it running.
#[derive(Debug)]
pub struct Cluster {
    data_dir: PathBuf,
    /// PostgreSQL's own directory, within `data_dir`.
    directory: PathBuf,
    log: PathBuf,
    owner: Owner,
    programs: Programs,
    sockets: PathBuf,
    in_use: File,
}

impl Cluster {
    /// Finds or starts the cluster in `data_dir`, after making both as needed. Blocks, for
    /// some seconds the first time: not for an async thread.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn open(data_dir: &Path) -> Result<Self, Error> {
        Self::open_with(data_dir, &programs::usual_places())
    }

    /// Like [`open`](Self::open), with the server programs from the first of `places` that
    /// has fitting ones.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn open_with(data_dir: &Path, places: &[PathBuf]) -> Result<Self, Error> {
        let data_dir = make_data_dir(data_dir)?;
        let turn = wait_for_turn(&data_dir)?;
        let in_use = lock_file(&data_dir.join("postgres.use"))?;
        // At once: whoever locks it exclusively does so in its turn.
        in_use
            .lock_shared()
            .map_err(failed_to("lock", &data_dir.join("postgres.use")))?;
        let directory = data_dir.join("postgres");
        let mut cluster = Self {
            owner: Owner::of(&directory)?,
            programs: programs::choose(programs::installed(places), &directory)?,
            sockets: PathBuf::new(),
            log: data_dir.join("postgres.log"),
            directory,
            data_dir,
            in_use,
        };
        match cluster.run(&turn) {
            Ok(()) => Ok(cluster),
            Err(error) => {
                // Of interest is what went wrong first.
                let _ = cluster.stop_if_last(&turn);
                Err(error)
            }
        }
    }

    /// Starts the one in `data_dir` again if it has ended, as one that the system has killed. Blocks. Whether
    /// it had.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn revive(data_dir: &Path) -> Result<bool, Error> {
        let data_dir = make_data_dir(data_dir)?;
        if !postmaster::has_ended(&data_dir.join("postgres")) {
            return Ok(false);
        }
        Self::open(&data_dir).map(|_| true)
    }

    /// How to connect: as the owner of the database, which exists.
    #[must_use]
    pub fn connection(&self) -> Config {
        connection(&self.sockets, NAME, NAME)
    }

    /// Stops the cluster if nobody else uses it. Blocks.
    ///
    /// # Errors
    /// When it cannot be stopped; the next [`open`](Self::open) finds it running.
    pub fn close(self) -> Result<(), Error> {
        let turn = wait_for_turn(&self.data_dir)?;
        self.stop_if_last(&turn)
    }

    fn run(&mut self, turn: &File) -> Result<(), Error> {
        self.owner.check_way_to(&self.data_dir)?;
        let deadline = Instant::now() + Duration::from_secs(PATIENCE);
        loop {
            self.sockets = match postmaster::find(&self.directory)? {
                Some(sockets) => sockets,
                None => self.start(turn, deadline)?,
            };
            match in_time(make_database(&self.sockets)) {
                Some(Err(error)) if is_passing(&error) && Instant::now() < deadline => {
                    sleep(PAUSE);
                }
                Some(result) => return result.map_err(Error::Refused),
                None => {
                    return Err(Error::Silent {
                        cluster: self.directory.clone(),
                    });
                }
            }
        }
    }

    fn start(&self, turn: &File, deadline: Instant) -> Result<PathBuf, Error> {
        self.owner.open_log(&self.log)?;
        if !self.directory.join("PG_VERSION").exists() {
            self.initialise(turn)?;
        }
        let sockets = self.make_socket_directory()?;
        loop {
            let mut start = self.owner.command(&self.programs.path("pg_ctl"));
            start.args(["start", "-w", "-s", "-t", &PATIENCE.to_string()]);
            start
                .arg("-D")
                .arg(&self.directory)
                .arg("-l")
                .arg(&self.log);
            start.arg("-o").arg(server_options(&sockets));
            match self.execute("pg_ctl start", start, turn) {
                // A postmaster was killed, and its backends are still leaving.
                Err(Error::Failed { tail, .. })
                    if tail.contains("pre-existing shared memory block")
                        && Instant::now() < deadline =>
                {
                    sleep(PAUSE);
                }
                result => return result.map(|()| sockets),
            }
        }
    }

    /// Makes the cluster under another name first, so that it is there whole or not at all.
    fn initialise(&self, turn: &File) -> Result<(), Error> {
        let unfinished = self.data_dir.join("postgres.new");
        // What an earlier attempt left; it is over, since it would have the turn.
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished).map_err(failed_to("remove", &unfinished))?;
        }
        self.owner.make_directory(&unfinished)?;
        let initialise = |locale: &str| {
            let mut initdb = self.owner.command(&self.programs.path("initdb"));
            // Trust: only who may enter the socket's directory gets this far, and that is
            // who may read the files themselves.
            initdb.args(["--auth=trust", "--encoding=UTF8", "--username", SUPERUSER]);
            initdb.arg(format!("--locale={locale}"));
            initdb.arg("-D").arg(&unfinished);
            self.execute("initdb", initdb, turn)
        };
        // Not every system has C.UTF-8: macOS got it lately.
        initialise("C.UTF-8").or_else(|_| initialise("C"))?;
        fs::rename(&unfinished, &self.directory).map_err(failed_to("make", &self.directory))
    }

    fn make_socket_directory(&self) -> Result<PathBuf, Error> {
        let near = self.data_dir.join("socket");
        let directory = if near.as_os_str().len() <= LONGEST_SOCKET_DIRECTORY {
            near
        } else {
            std::env::temp_dir().join(short_name(&self.data_dir))
        };
        self.owner.make_directory(&directory)?;
        // No postmaster is here, so that these are leftovers, and the lock could name a
        // process that has nothing to do with them.
        for leftover in [".s.PGSQL.5432", ".s.PGSQL.5432.lock"] {
            let _ = fs::remove_file(directory.join(leftover));
        }
        Ok(directory)
    }

    fn stop_if_last(&self, turn: &File) -> Result<(), Error> {
        let path = self.data_dir.join("postgres.use");
        self.in_use.unlock().map_err(failed_to("unlock", &path))?;
        match self.in_use.try_lock() {
            Ok(()) => self.stop(turn),
            Err(TryLockError::WouldBlock) => Ok(()),
            Err(TryLockError::Error(error)) => Err(failed_to("lock", &path)(error)),
        }
    }

    fn stop(&self, turn: &File) -> Result<(), Error> {
        if postmaster::find(&self.directory)?.is_none() {
            return Ok(());
        }
        let mut stop = self.owner.command(&self.programs.path("pg_ctl"));
        stop.args(["stop", "-w", "-s", "-t", "60", "-m", "fast", "-D"]);
        stop.arg(&self.directory);
        self.execute("pg_ctl stop", stop, turn)?;
        // Empty now, and in the system's temporary directory perhaps.
        let _ = fs::remove_dir(&self.sockets);
        Ok(())
    }

    /// Runs to the end. The program has our turn's lock for its input: should we be killed,
    /// the turn ends when the program does.
    fn execute(
        &self,
        program: &'static str,
        mut command: Command,
        turn: &File,
    ) -> Result<(), Error> {
        let log = self.owner.open_log(&self.log)?;
        let before = log.metadata().map_or(0, |log| log.len());
        let mut run = || {
            command
                .stdin(turn.try_clone()?)
                .stdout(log.try_clone()?)
                .stderr(log.try_clone()?);
            command.status()
        };
        let status = run().map_err(failed_to("run", Path::new(program)))?;
        if status.success() {
            return Ok(());
        }
        Err(Error::Failed {
            program,
            log: self.log.clone(),
            tail: tail(&self.log, before),
        })
    }
}

fn make_data_dir(path: &Path) -> Result<PathBuf, Error> {
    if !path.exists() {
        // As root we are not the user who runs PostgreSQL, and who has to pass through.
        let mode = if nix::unistd::geteuid().is_root() {
            0o711
        } else {
            0o700
        };
        fs::create_dir_all(path)
            .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(mode)))
            .map_err(failed_to("make", path))?;
    }
    path.canonicalize().map_err(failed_to("find", path))
}

/// The exclusive right to start and stop the cluster, for as long as the file is open here or
/// in a program that we started.
fn wait_for_turn(data_dir: &Path) -> Result<File, Error> {
    let path = data_dir.join("postgres.lock");
    let turn = lock_file(&path)?;
    turn.lock().map_err(failed_to("lock", &path))?;
    Ok(turn)
}

fn lock_file(path: &Path) -> Result<File, Error> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    // Nobody else has to hold it, or to lead us elsewhere.
    options.mode(0o600).custom_flags(OFlag::O_NOFOLLOW.bits());
    options.open(path).map_err(failed_to("open", path))
}

fn short_name(path: &Path) -> String {
    let digest = Sha256::digest(path.as_os_str().as_encoded_bytes());
    let hash = u64::from_be_bytes(digest[..8].try_into().expect("eight bytes"));
    format!("{NAME}-{hash:016x}")
}

/// Given on the command line and not in a file, since they outrank all files there, and
/// root has nothing to write in another user's directory. `pg_ctl` has a shell read them.
fn server_options(sockets: &Path) -> String {
    let sockets = sockets.display().to_string().replace('"', "\"\"");
    let sockets = format!("\"{sockets}\"").replace('\'', r"'\''");
    format!(
        "-c listen_addresses='' -c port={PORT} -c unix_socket_directories='{sockets}' \
         -c unix_socket_permissions=0700 -c max_connections=100 -c shared_buffers={CACHE} \
         -c random_page_cost=1.1 -c timezone=UTC \
         -c log_timezone=UTC"
    )
}

fn connection(sockets: &Path, user: &str, database: &str) -> Config {
    let mut config = Config::new();
    config
        .host_path(sockets)
        .port(PORT)
        .user(user)
        .dbname(database);
    config.application_name(NAME).ssl_mode(SslMode::Disable);
    config
}

/// Makes the database and its owner if they are missing, and so shows that connections are
/// accepted.
async fn make_database(sockets: &Path) -> Result<(), tokio_postgres::Error> {
    match connection(sockets, NAME, NAME).connect(NoTls).await {
        Err(error) if is_missing(&error) => {}
        result => return result.map(drop),
    }
    let (client, io) = connection(sockets, SUPERUSER, "postgres")
        .connect(NoTls)
        .await?;
    let io = tokio::spawn(io);
    let user = client
        .batch_execute(&format!("CREATE ROLE {NAME} LOGIN"))
        .await;
    let created = match user {
        Err(error) if error.code() != Some(&SqlState::DUPLICATE_OBJECT) => Err(error),
        _ => {
            client
                .batch_execute(&format!("CREATE DATABASE {NAME} OWNER {NAME}"))
                .await
        }
    };
    drop(client);
    let _ = io.await;
    created
}

/// The user or the database.
fn is_missing(error: &tokio_postgres::Error) -> bool {
    let missing = [
        &SqlState::INVALID_CATALOG_NAME,
        &SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
    ];
    error.code().is_some_and(|code| missing.contains(&code))
}

/// The result, unless the server hangs.
fn in_time<T>(work: impl Future<Output = T>) -> Option<T> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime
        .enable_all()
        .build()
        .expect("a runtime of one thread");
    runtime.block_on(async { tokio::time::timeout(ANSWER, work).await.ok() })
}

/// Whether the server is starting or stopping, or just was: anything but a considered no.
fn is_passing(error: &tokio_postgres::Error) -> bool {
    error
        .code()
        .is_none_or(|code| *code == SqlState::CANNOT_CONNECT_NOW)
}

/// The last lines that were written to the log after its first `start` bytes.
fn tail(log: &Path, start: u64) -> String {
    let bytes = fs::read(log).unwrap_or_default();
    let start = usize::try_from(start).unwrap_or(0);
    let text = String::from_utf8_lossy(bytes.get(start..).unwrap_or_default());
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(12)..].join("\n")
}

fn failed_to(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error + use<> {
    let path = path.to_owned();
    move |source| Error::Io {
        action,
        path,
        source,
    }
}
