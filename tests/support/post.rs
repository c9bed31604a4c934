//! Mail servers of the tests' own.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::{App, logs};

#[derive(Clone, Copy, Eq, PartialEq)]
pub enum Temper {
    Obliging,
    Refusing,
    Hanging,
}

pub struct Post {
    address: SocketAddr,
    /// All that a client said, once it has gone.
    pub heard: mpsc::UnboundedReceiver<Vec<String>>,
}

impl Post {
    pub async fn open(temper: Temper) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, heard) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(attend(client, temper, sender.clone()));
            }
        });
        Self { address, heard }
    }

    /// One that is not there.
    pub async fn gone() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self {
            address: listener.local_addr().unwrap(),
            heard: mpsc::unbounded_channel().1,
        }
    }

    /// A server that invites through it.
    pub async fn app(&self) -> App {
        self.app_with(&[]).await
    }

    /// The same, with more settings.
    pub async fn app_with(&self, more: &[&str]) -> App {
        let flags = self.flags();
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        App::start_with(&[&flags[..], more].concat()).await
    }

    /// To invite through it.
    pub fn flags(&self) -> [String; 2] {
        [
            format!("--smtp-url=smtp://tokens:p%40ss+word@{}", self.address),
            "--smtp-from=Tokendesk <tokens@northwind.example>".to_owned(),
        ]
    }
}

async fn attend(client: TcpStream, temper: Temper, sender: mpsc::UnboundedSender<Vec<String>>) {
    if temper == Temper::Hanging {
        std::future::pending::<()>().await;
    }
    let mut said = Vec::new();
    let _ = converse(client, temper, &mut said).await;
    let _ = sender.send(said);
}

async fn converse(client: TcpStream, temper: Temper, said: &mut Vec<String>) -> io::Result<()> {
    let (read, mut write) = client.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 mail.example.com\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let answer = match line.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" => "250-mail.example.com\r\n250 AUTH PLAIN\r\n",
            "AUTH" => "235 welcome\r\n",
            "RCPT" if temper == Temper::Refusing => "550 nobody here has p@ss+word\r\n",
            "DATA" => {
                write.write_all(b"354 go on\r\n").await?;
                while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                    said.push(line);
                }
                "250 taken\r\n"
            }
            _ => "250 fine\r\n",
        };
        said.push(line);
        write.write_all(answer.as_bytes()).await?;
    }
    Ok(())
}

/// The link works, and nothing of it is in the log.
pub async fn works(app: &App, path: &str) {
    assert_eq!(app.browser().visit(path).await.status, 200);
    let code = path.rsplit('/').next().unwrap();
    let log = logs::captured();
    assert!(!log.contains(code) && !log.contains("p@ss+word"));
}
