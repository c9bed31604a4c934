//! A proxy that runs for a test.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

use super::CLIENT;
use crate::support::Scratch;

/// Far more than any of them takes.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Nginx,
    Caddy,
    Traefik,
    Envoy,
}

pub struct Proxy {
    pub url: String,
    process: Child,
    scratch: Scratch,
}

impl Proxy {
    pub async fn start(kind: Kind, gate: &str, upstream: &str) -> Self {
        Self::launch(kind, gate, upstream, "organization=northwind").await
    }

    /// With one more option.
    pub async fn start_with(kind: Kind, gate: &str, upstream: &str, option: &str) -> Self {
        let options = format!("organization=northwind&{option}");
        Self::launch(kind, gate, upstream, &options).await
    }

    /// For the tokens of all organisations.
    pub async fn start_for_any(kind: Kind, gate: &str, upstream: &str) -> Self {
        Self::launch(kind, gate, upstream, "organization=any").await
    }

    async fn launch(kind: Kind, gate: &str, upstream: &str, options: &str) -> Self {
        let scratch = Scratch::new();
        let port = free_port();
        let documented = fs::read_to_string(root().join("docs/proxies").join(kind.file()));
        let configuration = documented
            .unwrap()
            .replace("8000", "{listen}")
            .replace("8080", "{gate}")
            .replace("9000", "{upstream}")
            .replace("{listen}", &port.to_string())
            .replace("{gate}", port_of(gate))
            .replace("{upstream}", port_of(upstream))
            .replace("organization=northwind", options);
        let file = scratch.root.join(kind.file());
        fs::write(&file, kind.framed(&configuration, &scratch.root)).unwrap();
        let mut command = kind.command(&file, port);
        command
            .env("HOME", &scratch.root)
            .env("XDG_DATA_HOME", &scratch.root)
            .env("XDG_CONFIG_HOME", scratch.root.join("settings"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(scratch.root.join("log")).unwrap());
        let program = command.get_program().to_owned();
        let process = command.spawn();
        let process = process.unwrap_or_else(|error| {
            panic!("{}: {error}. tests/run installs it", program.display())
        });
        let proxy = Self {
            url: format!("http://127.0.0.1:{port}"),
            process,
            scratch,
        };
        proxy.wait().await;
        proxy
    }

    /// Until the gate's challenge comes through.
    async fn wait(&self) {
        let begun = Instant::now();
        while try_raw(&self.url, "/", "").await != Some(401) {
            if begun.elapsed() > PATIENCE {
                let log = fs::read_to_string(self.scratch.root.join("log"));
                panic!("it does not serve: {}", log.unwrap_or_default());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Kind {
    fn file(self) -> &'static str {
        match self {
            Self::Nginx => "nginx.conf",
            Self::Caddy => "Caddyfile",
            Self::Traefik => "traefik-dynamic.yaml",
            Self::Envoy => "envoy.yaml",
        }
    }

    /// With what a distribution's own configuration has around it.
    fn framed(self, configuration: &str, scratch: &Path) -> String {
        let scratch = scratch.display();
        match self {
            Self::Nginx => format!(
                "daemon off; master_process off; pid {scratch}/pid; events {{}}\n\
                 http {{ access_log off; client_body_temp_path {scratch}/body; \
                 proxy_temp_path {scratch}/proxy; fastcgi_temp_path {scratch}/fastcgi; \
                 uwsgi_temp_path {scratch}/uwsgi; scgi_temp_path {scratch}/scgi;\n\
                 {configuration}\n}}"
            ),
            Self::Caddy => format!("{{\nadmin off\n}}\n{configuration}"),
            Self::Traefik | Self::Envoy => configuration.to_owned(),
        }
    }

    fn command(self, file: &Path, port: u16) -> Command {
        let packages = root().join("tests/site-packages");
        let mut command = match self {
            Self::Nginx => Command::new("/usr/sbin/nginx"),
            Self::Caddy => Command::new("caddy"),
            Self::Traefik => Command::new(packages.join("bin/traefik")),
            Self::Envoy => Command::new(packages.join("envoy/_bin/envoy")),
        };
        match self {
            Self::Nginx => command.args(["-e", "stderr", "-c"]).arg(file),
            Self::Caddy => command
                .args(["run", "--adapter", "caddyfile", "--config"])
                .arg(file),
            Self::Traefik => command
                .arg(format!("--entryPoints.web.address=:{port}"))
                .arg(format!("--providers.file.filename={}", file.display()))
                .args(["--global.checkNewVersion=false", "--log.level=ERROR"]),
            Self::Envoy => command
                .args([
                    "--use-dynamic-base-id",
                    "--concurrency",
                    "1",
                    "-l",
                    "error",
                    "-c",
                ])
                .arg(file),
        };
        command
    }
}

fn root() -> PathBuf {
    env!("CARGO_MANIFEST_DIR").into()
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn port_of(url: &str) -> &str {
    url.rsplit(':').next().unwrap()
}

/// The status of a GET of this very target.
pub async fn raw(url: &str, target: &str, headers: &str) -> u16 {
    let status = try_raw(url, target, headers).await;
    status.unwrap_or_else(|| panic!("no answer to {target}"))
}

async fn try_raw(url: &str, target: &str, headers: &str) -> Option<u16> {
    let socket = TcpSocket::new_v4().ok()?;
    socket.bind(format!("{CLIENT}:0").parse().ok()?).ok()?;
    let address = url.strip_prefix("http://")?.parse().ok()?;
    let mut stream = socket.connect(address).await.ok()?;
    let request =
        format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok()?;
    let answer = String::from_utf8_lossy(&answer);
    answer.split(' ').nth(1)?.parse().ok()
}
