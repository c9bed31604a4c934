//! `DATABASE_URL` against real servers: what each `sslmode` accepts, and which of several
//! hosts gets the connection.

use std::error::Error as _;
use std::fmt::Write as _;
use std::fs;
use std::future::poll_fn;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use nix::unistd::{User, geteuid};
use tokendesk::db::embedded::programs;
use tokendesk::db::url::{Connection, Error, Target};
use tokio_postgres::{AsyncMessage, Client};

const PASSWORD: &str = "p@ss/?: #%";
const ENCODED: &str = "p%40ss%2F%3F%3A%20%23%25";

#[tokio::test]
async fn without_a_check_any_certificate_encrypts_and_disable_does_not() {
    let server = Server::start("ssl=on");
    for (mode, encrypted) in [
        ("", true),
        ("sslmode=prefer", true),
        ("sslmode=require", true),
        ("sslmode=disable", false),
    ] {
        assert_eq!(
            server.connect("127.0.0.1", mode).await,
            Ok(encrypted),
            "{mode}"
        );
    }
}

#[tokio::test]
async fn certificates_of_x509_version_1_encrypt_too() {
    let server = Server::start("ssl=on ssl_cert_file=old.crt");
    assert_eq!(
        server.connect("localhost", "sslmode=require").await,
        Ok(true)
    );
    let roots = server.file("ca.crt");
    let verified = format!("sslmode=verify-full&sslrootcert={roots}");
    assert!(server.connect("localhost", &verified).await.is_err());
}

#[tokio::test]
async fn require_refuses_a_server_without_tls_and_prefer_does_not() {
    let server = Server::start("ssl=off");
    assert_eq!(
        server.connect("localhost", "sslmode=prefer").await,
        Ok(false)
    );
    for mode in ["require", "verify-full"] {
        let mode = format!("sslmode={mode}&sslrootcert={}", server.file("ca.crt"));
        let refusal = server.connect("localhost", &mode).await.unwrap_err();
        assert!(refusal.contains("does not support TLS"), "{refusal}");
    }
}

#[tokio::test]
async fn verification_wants_the_right_authority_and_verify_full_the_right_name() {
    let server = Server::start("ssl=on");
    let (ours, others) = (server.file("ca.crt"), server.file("other.crt"));
    for (host, mode, roots, refusal) in [
        ("localhost", "verify-full", &ours, None),
        (
            "127.0.0.1",
            "verify-full",
            &ours,
            Some("not valid for name"),
        ),
        ("127.0.0.1", "verify-ca", &ours, None),
        ("127.0.0.1", "require", &ours, None),
        ("localhost", "verify-full", &others, Some("UnknownIssuer")),
        ("localhost", "verify-ca", &others, Some("UnknownIssuer")),
        ("localhost", "require", &others, Some("UnknownIssuer")),
        ("localhost", "prefer", &others, None),
        (
            "localhost",
            "verify-full",
            &"system".to_owned(),
            Some("UnknownIssuer"),
        ),
    ] {
        let mode = format!("sslmode={mode}&sslrootcert={roots}");
        let outcome = server.connect(host, &mode).await;
        match refusal {
            None => assert_eq!(outcome, Ok(true), "{host} {mode}"),
            Some(reason) => {
                let refusal = outcome.expect_err(&mode);
                assert!(refusal.contains(reason), "{host} {mode}: {refusal}");
            }
        }
    }
}

#[tokio::test]
async fn a_self_signed_certificate_can_be_its_own_root() {
    let server = Server::start("ssl=on ssl_cert_file=self.crt");
    let roots = server.file("self.crt");
    for (host, mode, accepted) in [
        ("localhost", "verify-full", true),
        ("127.0.0.1", "verify-full", false),
        ("127.0.0.1", "verify-ca", true),
    ] {
        let mode = format!("sslmode={mode}&sslrootcert={roots}");
        assert_eq!(
            server.connect(host, &mode).await.is_ok(),
            accepted,
            "{host} {mode}"
        );
    }
    let mode = format!("sslmode=verify-full&sslrootcert={}", server.file("ca.crt"));
    assert!(server.connect("localhost", &mode).await.is_err());
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_not_repeated() {
    let server = Server::start("ssl=on");
    let url = format!("postgres://me:hunter2@localhost:{}/postgres", server.port);
    let refusal = all_of(&Target::parse(&url).unwrap().connect().await.err().unwrap());
    assert!(
        refusal.contains("password authentication failed"),
        "{refusal}"
    );
    assert!(!refusal.contains("hunter2"), "{refusal}");
}

#[tokio::test]
async fn the_first_host_that_will_do_gets_the_connection() {
    let reader = Server::start("ssl=off default_transaction_read_only=on");
    let writer = Server::start("ssl=off");
    let dead = free_port();
    let hosts = format!(
        "localhost:{dead},127.0.0.1:{},localhost:{}",
        reader.port, writer.port
    );
    for (attributes, port) in [
        ("any", reader.port),
        ("read-write", writer.port),
        ("read-only", reader.port),
    ] {
        let url =
            format!("postgresql://me:{ENCODED}@{hosts}/postgres?target_session_attrs={attributes}");
        let (client, connection) = Target::parse(&url).unwrap().connect().await.unwrap();
        tokio::spawn(connection);
        let answered = ask(&client, "SELECT inet_server_port()::text").await;
        assert_eq!(answered, port.to_string(), "{attributes}");
    }
}

#[tokio::test]
async fn a_server_that_accepts_and_is_silent_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let url = format!("postgres://me@127.0.0.1:{port}/desk?connect_timeout=1");
    let refusal = Target::parse(&url).unwrap().connect().await.err().unwrap();
    assert!(matches!(refusal, Error::Silent { .. }), "{refusal}");
    assert!(
        refusal
            .to_string()
            .contains(&format!("desk at 127.0.0.1:{port}"))
    );
}

#[tokio::test]
async fn the_connection_hands_over_notifications() {
    let server = Server::start("ssl=on");
    let (client, connection) = server.target("localhost", "").connect().await.unwrap();
    let heard = tokio::spawn(first_notification(connection));
    client.batch_execute("LISTEN door").await.unwrap();
    let other = server.connected("localhost").await;
    other.batch_execute("NOTIFY door, 'knock'").await.unwrap();
    assert_eq!(heard.await.unwrap().as_deref(), Some("knock"));
    assert_eq!(ask(&other, "SHOW application_name").await, "tokendesk");
}

async fn first_notification(mut connection: Connection) -> Option<String> {
    loop {
        match poll_fn(|context| connection.poll_message(context)).await? {
            Ok(AsyncMessage::Notification(said)) => return Some(said.payload().to_owned()),
            Ok(_) => {}
            Err(_) => return None,
        }
    }
}

/// A PostgreSQL on a free port of the loopback interface, with certificates next to its data.
struct Server {
    directory: PathBuf,
    port: u16,
}

impl Server {
    fn start(settings: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("database-url-{}-{count}", std::process::id());
        let directory = Path::new("/tmp").canonicalize().unwrap().join(name);
        fs::create_dir(&directory).unwrap();
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o700)).unwrap();
        let mut server = Self { directory, port: 0 };
        fs::write(server.directory.join("password"), PASSWORD).unwrap();
        give_away(&server.directory);
        give_away(&server.directory.join("password"));
        let mut initdb = server_program("initdb");
        initdb.args(["-U", "me", "--auth=scram-sha-256", "--no-sync", "--pwfile"]);
        initdb.arg(server.directory.join("password"));
        run(initdb.arg("-D").arg(server.data()));
        server.make_certificates();
        // Between our look for a free port and its use, another test may take it.
        let started = (0..5).any(|_| server.try_start(settings));
        assert!(
            started,
            "{:?}",
            fs::read_to_string(server.directory.join("log"))
        );
        server
    }

    fn try_start(&mut self, settings: &str) -> bool {
        self.port = free_port();
        let mut options = format!(
            "-c fsync=off -c listen_addresses=127.0.0.1,::1 -c port={} \
             -c unix_socket_directories=''",
            self.port
        );
        for setting in settings.split_whitespace() {
            write!(options, " -c {setting}").unwrap();
        }
        let mut start = server_program("pg_ctl");
        start.args(["start", "-w", "-s", "-o", &options]);
        start.arg("-l").arg(self.directory.join("log"));
        start.arg("-D").arg(self.data());
        start.stdout(Stdio::null()).stderr(Stdio::null());
        start.status().unwrap().success()
    }

    /// `ca.crt` signs `server.crt`, for localhost, and `old.crt`, which is of version 1;
    /// `self.crt` signs itself, and `other.crt` has nothing to do with any.
    fn make_certificates(&self) {
        const KEY: &str = "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9";
        const NAME: &str = "-addext subjectAltName=DNS:localhost";
        const SIGN: &str = "x509 -req -days 9 -CA ca.crt -CAkey ca.key -CAcreateserial";
        for arguments in [
            format!("{KEY} -x509 -keyout ca.key -out ca.crt -subj /CN=ca"),
            format!("{KEY} -x509 -keyout other.key -out other.crt -subj /CN=other"),
            format!("{KEY} -keyout server.key -out server.csr -subj /CN=localhost {NAME}"),
            format!("{SIGN} -in server.csr -out server.crt -copy_extensions copy"),
            format!("{SIGN} -in server.csr -out old.crt"),
            format!("req -x509 -days 9 -key server.key -out self.crt -subj /CN=localhost {NAME}"),
        ] {
            let mut openssl = as_server("openssl");
            openssl.current_dir(self.data());
            run(openssl.args(arguments.split(' ')).stderr(Stdio::null()));
        }
    }

    /// Whether the connection is encrypted, or else why there is none.
    async fn connect(&self, host: &str, query: &str) -> Result<bool, String> {
        let connected = self.target(host, query).connect().await;
        let (client, connection) = connected.map_err(|error| all_of(&error))?;
        tokio::spawn(connection);
        let ssl = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        Ok(ask(&client, ssl).await == "t")
    }

    async fn connected(&self, host: &str) -> Client {
        let (client, connection) = self.target(host, "").connect().await.unwrap();
        tokio::spawn(connection);
        client
    }

    fn target(&self, host: &str, query: &str) -> Target {
        let port = self.port;
        let url = format!("postgres://me:{ENCODED}@{host}:{port}/postgres?{query}");
        Target::parse(&url).unwrap()
    }

    fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    fn file(&self, name: &str) -> String {
        self.data().join(name).display().to_string()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut stop = server_program("pg_ctl");
        stop.args(["stop", "-s", "-w", "-m", "immediate", "-D"]);
        let _ = stop.arg(self.data()).status();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// PostgreSQL refuses root, as whom tests often run.
fn server_user() -> Option<User> {
    geteuid().is_root().then(|| {
        User::from_name("postgres")
            .unwrap()
            .expect("a user postgres")
    })
}

fn server_program(name: &str) -> Command {
    let installed = programs::installed(&programs::usual_places());
    let first = installed.first().expect("PostgreSQL is installed");
    as_server(first.path(name))
}

fn as_server(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    if let Some(user) = server_user() {
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    }
    command.current_dir("/").stdin(Stdio::null());
    command
}

fn give_away(path: &Path) {
    if let Some(user) = server_user() {
        chown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw())).unwrap();
    }
}

fn run(command: &mut Command) {
    let status = command.stdout(Stdio::null()).status().unwrap();
    assert!(status.success(), "{command:?}");
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

async fn ask(client: &Client, query: &str) -> String {
    let messages = client.simple_query(query).await.unwrap();
    let values = messages.iter().filter_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    values.last().unwrap_or_default().to_owned()
}

fn all_of(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        write!(text, ": {cause}").unwrap();
        source = cause.source();
    }
    text
}
