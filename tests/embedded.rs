//! The private PostgreSQL: starting, sharing, stopping, and what may have gone wrong before.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid, getsid};
use tokendesk::db::embedded::{Cluster, Error};
use tokendesk::db::url::Target;
use tokio_postgres::config::Host;
use tokio_postgres::{Client, NoTls};

use crate::support::{Place, Process, Scratch, Server, until};

#[test]
fn a_first_start_makes_an_empty_database_that_only_its_user_can_reach() {
    let scratch = Scratch::new();
    let cluster = scratch.open();
    let shown = |setting| ask(&cluster, &format!("SELECT current_setting('{setting}')"));
    assert_eq!(ask(&cluster, "SELECT current_database()"), "tokendesk");
    assert_eq!(shown("listen_addresses"), "");
    assert_eq!(shown("unix_socket_permissions"), "0700");
    assert_eq!(shown("server_encoding"), "UTF8");
    assert_eq!(shown("TimeZone"), "UTC");
    for closed in [sockets(&cluster), scratch.data().join("postgres")] {
        assert_eq!(fs::metadata(closed).unwrap().mode() & 0o777, 0o700);
    }
    cluster.close().unwrap();
}

#[test]
fn a_restart_keeps_the_data() {
    let scratch = Scratch::new();
    let cluster = scratch.open();
    ask(
        &cluster,
        "CREATE TABLE kept AS SELECT 'here' AS what; SELECT 1",
    );
    cluster.close().unwrap();
    assert!(!scratch.is_running());
    let cluster = scratch.open();
    assert_eq!(ask(&cluster, "SELECT what FROM kept"), "here");
    cluster.close().unwrap();
}

#[test]
fn a_dropped_database_is_made_again() {
    let scratch = Scratch::new();
    let cluster = scratch.open();
    let mut elsewhere = cluster.connection();
    elsewhere.dbname("postgres");
    ask_at(&elsewhere, "DROP DATABASE tokendesk");
    let second = scratch.open();
    assert_eq!(ask(&second, "SELECT current_database()"), "tokendesk");
}

#[test]
fn the_postmaster_is_out_of_reach_of_the_terminal_and_holds_no_lock_of_ours() {
    let scratch = Scratch::new();
    let cluster = scratch.open();
    let postmaster = scratch.postmaster();
    assert_ne!(getsid(Some(postmaster)), getsid(None));
    if cfg!(target_os = "linux") {
        for file in fs::read_dir(format!("/proc/{postmaster}/fd")).unwrap() {
            let target = fs::read_link(file.unwrap().path()).unwrap_or_default();
            assert!(!target.ends_with("postgres.lock") && !target.ends_with("postgres.use"));
        }
    }
    cluster.close().unwrap();
}

#[test]
fn whoever_comes_later_attaches_and_the_last_one_out_stops_it() {
    let scratch = Scratch::new();
    let first = scratch.open();
    let postmaster = scratch.postmaster();
    let second = Place::directory(&scratch).serve();
    let third = scratch.open();
    assert_eq!(scratch.postmaster(), postmaster);
    first.close().unwrap();
    assert!(scratch.is_running());
    second.stop();
    assert!(scratch.is_running());
    third.close().unwrap();
    assert!(!scratch.is_running());
}

#[test]
fn two_processes_can_open_a_fresh_directory_at_once() {
    let scratch = Scratch::new();
    let (one, two) = (server(&scratch), server(&scratch));
    let (one, two) = (Server::ready(one), Server::ready(two));
    assert_ne!(one.url, two.url);
    one.stop();
    assert!(scratch.is_running());
    two.stop();
    assert!(!scratch.is_running());
}

#[test]
fn a_cluster_left_by_a_killed_process_is_found_running_and_then_stopped() {
    let scratch = Scratch::new();
    let place = Place::directory(&scratch);
    let killed = place.serve();
    let postmaster = scratch.postmaster();
    let create = ["organization", "create", "--name=Northwind"];
    assert_eq!(place.run(&create).succeeded(), "northwind\n");
    killed.process.signal(Signal::SIGKILL);
    assert_eq!(killed.process.finish().code, None);
    let next = place.serve();
    assert_eq!(scratch.postmaster(), postmaster);
    let cluster = scratch.open();
    assert_eq!(ask(&cluster, "SELECT slug FROM organizations"), "northwind");
    cluster.close().unwrap();
    next.stop();
    assert!(!scratch.is_running());
}

#[test]
fn a_killed_postmaster_is_started_again_once_its_backends_are_gone() {
    let scratch = Scratch::new();
    let cluster = scratch.open();
    ask(
        &cluster,
        "CREATE TABLE kept AS SELECT 'here' AS what; SELECT 1",
    );
    let runtime = runtime();
    let (client, io) = runtime
        .block_on(cluster.connection().connect(NoTls))
        .unwrap();
    runtime.spawn(io);
    let backend = runtime.block_on(value(&client, "SELECT pg_backend_pid()"));
    let backend = Pid::from_raw(backend.parse().unwrap());
    // A stopped process cannot leave.
    kill(backend, Signal::SIGSTOP).unwrap();
    kill(scratch.postmaster(), Signal::SIGKILL).unwrap();
    std::thread::scope(|scope| {
        let reopened = scope.spawn(|| scratch.open());
        until("PostgreSQL was refused", || {
            scratch.log().contains("pre-existing shared memory block")
        });
        kill(backend, Signal::SIGKILL).unwrap();
        let reopened = reopened.join().unwrap();
        assert_eq!(ask(&reopened, "SELECT what FROM kept"), "here");
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_goes_on_once_the_next_process_has_started_a_killed_postmaster_again() {
    let scratch = Scratch::new();
    let place = Place::directory(&scratch);
    let server = place.serve();
    let browser = server.browser();
    assert_eq!(browser.visit("/setup").await.status, 200);
    kill(scratch.postmaster(), Signal::SIGKILL).unwrap();
    let create = ["organization", "create", "--name=Northwind"];
    assert_eq!(place.run(&create).succeeded(), "northwind\n");
    assert!(scratch.is_running());
    // Its old connections are found dead, one by one.
    let mut page = browser.visit("/sign-in").await;
    for _ in 0..20 {
        if page.status == 200 {
            break;
        }
        assert_eq!(page.status, 503, "{}", page.text());
        page = browser.visit("/sign-in").await;
    }
    assert_eq!(page.status, 200, "{}", page.text());
    server.stop();
    assert!(!scratch.is_running());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_starts_a_killed_postmaster_again_by_itself() {
    let scratch = Scratch::new();
    let server = Place::directory(&scratch).serve();
    kill(scratch.postmaster(), Signal::SIGKILL).unwrap();
    server.process.logged("had ended, and was started again");
    let ready = format!("{}/readyz", server.url);
    let again = async {
        while reqwest::get(&ready).await.unwrap().status() != 200 {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
    let waited = tokio::time::timeout(std::time::Duration::from_secs(60), again).await;
    waited.expect("it is ready again");
    server.stop();
    assert!(!scratch.is_running());
}

#[test]
fn one_that_is_only_starting_is_left_alone() {
    let scratch = Scratch::new();
    scratch.open().close().unwrap();
    let file = scratch.data().join("postgres").join("postmaster.pid");
    let alias = scratch.root.join("alias");
    symlink(scratch.data(), &alias).unwrap();
    // Alive, without a socket, and not written yet.
    for content in [format!("{}\n", std::process::id()), String::new()] {
        fs::write(&file, content).unwrap();
        assert!(!Cluster::revive(&alias).unwrap());
        assert!(file.exists());
    }
    fs::remove_file(&file).unwrap();
    assert!(Cluster::revive(&alias).unwrap());
    assert!(scratch.is_running());
    scratch.open().close().unwrap();
}

#[test]
fn a_postmaster_that_nobody_has_waited_for_is_started_again() {
    let scratch = Scratch::new();
    scratch.open().close().unwrap();
    let mut zombie = scratch.as_owner("true").spawn().unwrap();
    let status = format!("/proc/{}/status", zombie.id());
    until("it has exited", || {
        fs::read_to_string(&status).unwrap().contains("State:\tZ")
    });
    let file = scratch.data().join("postgres").join("postmaster.pid");
    fs::write(&file, format!("{}\n", zombie.id())).unwrap();
    assert!(Cluster::revive(&scratch.data()).unwrap());
    assert!(scratch.is_running());
    scratch.open().close().unwrap();
    zombie.wait().unwrap();
}

#[test]
fn a_lock_file_with_the_pid_of_another_process_does_not_keep_it_from_starting() {
    let scratch = Scratch::new();
    scratch.open().close().unwrap();
    let mut bystander = scratch.as_owner("sleep");
    let mut bystander = bystander.arg("1000").spawn().unwrap();
    let directory = scratch.data().join("postgres");
    let content = |pid: u32| {
        let (directory, socket) = (directory.display(), scratch.data().join("socket"));
        format!(
            "{pid}\n{directory}\n1700000000\n5432\n{}\n\n 1 2\nready   \n",
            socket.display()
        )
    };
    fs::write(directory.join("postmaster.pid"), content(bystander.id())).unwrap();
    let cluster = scratch.open();
    assert_eq!(bystander.try_wait().unwrap(), None);
    cluster.close().unwrap();
    bystander.kill().unwrap();
    bystander.wait().unwrap();
    // What a crash of the machine may leave.
    fs::write(directory.join("postmaster.pid"), "").unwrap();
    scratch.open().close().unwrap();
}

#[test]
fn a_lock_file_whose_process_may_be_the_postmaster_is_left_alone() {
    let scratch = Scratch::new();
    scratch.open().close().unwrap();
    let mut lookalike = scratch.as_owner("sleep");
    let mut lookalike = lookalike.arg0("postgres").arg("1000").spawn().unwrap();
    let lock = scratch.data().join("postgres/postmaster.pid");
    fs::write(&lock, format!("{}\n", lookalike.id())).unwrap();
    let refusal = Cluster::open(&scratch.data()).unwrap_err().to_string();
    assert!(refusal.contains("does not answer"), "{refusal}");
    assert!(lock.exists());
    lookalike.kill().unwrap();
    lookalike.wait().unwrap();
    scratch.open().close().unwrap();
}

#[test]
fn a_first_start_that_was_killed_is_begun_anew() {
    let scratch = Scratch::new();
    let first = server(&scratch);
    let begun = scratch.data().join("postgres.new/base");
    until("the first start has begun", || begun.exists());
    drop(first);
    let cluster = scratch.open();
    assert_eq!(ask(&cluster, "SELECT current_database()"), "tokendesk");
    assert!(!scratch.data().join("postgres.new").exists());
    cluster.close().unwrap();
}

#[test]
fn data_of_another_version_is_refused_with_both_versions_named() {
    let scratch = Scratch::new();
    scratch.open().close().unwrap();
    let version = scratch.data().join("postgres/PG_VERSION");
    let installed = fs::read_to_string(&version).unwrap();
    fs::write(&version, "11\n").unwrap();
    let refusal = Cluster::open(&scratch.data()).unwrap_err().to_string();
    assert!(refusal.contains("PostgreSQL 11's"), "{refusal}");
    assert!(refusal.contains(installed.trim()), "{refusal}");
    assert!(refusal.contains("pg_upgrade"), "{refusal}");
    fs::write(&version, installed).unwrap();
}

#[test]
fn without_postgresql_the_refusal_says_how_to_get_one_or_use_another() {
    let scratch = Scratch::new();
    let refusal = Cluster::open_with(&scratch.data(), &[])
        .unwrap_err()
        .to_string();
    assert!(refusal.contains("apt install postgresql"), "{refusal}");
    assert!(refusal.contains("DATABASE_URL"), "{refusal}");
}

#[test]
fn root_is_told_which_directory_keeps_postgresql_out() {
    if !geteuid().is_root() {
        return;
    }
    let scratch = Scratch::new();
    let closed = scratch.root.join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    let refusal = Cluster::open(&closed.join("a/b")).unwrap_err().to_string();
    assert!(refusal.contains("/var/lib/tokendesk"), "{refusal}");
    assert!(
        refusal.contains(&format!("cannot enter {}.", closed.display())),
        "{refusal}"
    );
}

#[test]
fn a_path_too_long_for_a_socket_gets_one_in_the_temporary_directory() {
    let mut scratch = Scratch::new();
    scratch.root.push("a rather 'long' name, ".repeat(5));
    let cluster = scratch.open();
    let sockets = sockets(&cluster);
    assert!(sockets.starts_with(std::env::temp_dir().canonicalize().unwrap()));
    assert_eq!(fs::metadata(&sockets).unwrap().mode() & 0o777, 0o700);
    assert_eq!(ask(&cluster, "SELECT current_database()"), "tokendesk");
    cluster.close().unwrap();
    assert!(!sockets.exists());
    scratch.root.pop();
}

#[test]
fn a_path_with_quotes_and_commas_is_fine() {
    let mut scratch = Scratch::new();
    scratch.root.push("it's, well");
    let cluster = scratch.open();
    assert_eq!(ask(&cluster, "SELECT current_database()"), "tokendesk");
    cluster.close().unwrap();
    scratch.root.pop();
}

#[test]
fn a_socket_directory_that_others_prepared_is_refused() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.data()).unwrap();
    symlink(&scratch.root, scratch.data().join("socket")).unwrap();
    fs::set_permissions(scratch.data(), fs::Permissions::from_mode(0o755)).unwrap();
    let refusal = Cluster::open(&scratch.data()).unwrap_err();
    assert!(matches!(refusal, Error::UnsafeSockets { .. }), "{refusal}");
}

#[test]
fn when_postgresql_fails_the_end_of_its_log_is_shown() {
    let scratch = Scratch::new();
    scratch.open().close().unwrap();
    let settings = scratch.data().join("postgres/postgresql.conf");
    let mut settings = fs::File::options().append(true).open(settings).unwrap();
    writeln!(settings, "nonsense = 1").unwrap();
    let refusal = Cluster::open(&scratch.data()).unwrap_err().to_string();
    assert!(refusal.contains("postgres.log"), "{refusal}");
    assert!(
        refusal.contains("unrecognized configuration parameter \"nonsense\""),
        "{refusal}"
    );
}

/// A process that opens the cluster: a server, on its way up.
fn server(scratch: &Scratch) -> Process {
    Place::directory(scratch).start(&["--bind=127.0.0.1:0"])
}

fn sockets(cluster: &Cluster) -> PathBuf {
    match cluster.connection().get_hosts() {
        [Host::Unix(directory)] => directory.clone(),
        other => panic!("{other:?}"),
    }
}

fn ask(cluster: &Cluster, query: &str) -> String {
    ask_at(&cluster.connection(), query)
}

/// The first value in the last row, if there is one.
fn ask_at(config: &tokio_postgres::Config, query: &str) -> String {
    runtime().block_on(async {
        let target = Target::embedded(config.clone());
        let (client, io) = target.connect().await.unwrap();
        tokio::spawn(io);
        value(&client, query).await
    })
}

async fn value(client: &Client, query: &str) -> String {
    let messages = client.simple_query(query).await.unwrap();
    let rows = messages.iter().filter_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    rows.last().unwrap_or_default().to_owned()
}

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(1).enable_all().build().unwrap()
}
