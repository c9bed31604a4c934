//! Invitations by mail, with mail servers of the tests' own.

use std::io;
use std::net::SocketAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::invitations::{MEI, invite, path};
use crate::support::{App, View, logs};

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

    /// To invite through it.
    pub fn flags(&self) -> [String; 2] {
        [
            format!("--smtp-url=smtp://tokens:p%40ss+word@{}", self.address),
            "--smtp-from=Tokendesk <tokens@northwind.example>".to_owned(),
        ]
    }

    /// A server that invites through it.
    async fn app(&self) -> App {
        App::start_with(&self.flags().each_ref().map(String::as_str)).await
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

/// The link on the page works, and nothing of it is in the log.
async fn works(app: &App, page: &View) {
    assert_eq!(page.status, 200, "{}", page.text());
    let link = path(app, page);
    assert_eq!(app.browser().visit(&link).await.status, 200);
    assert_eq!(app.count("SELECT count(*) FROM invitations").await, 1);
    let code = link.rsplit('/').next().unwrap();
    let log = logs::captured();
    assert!(!log.contains(code) && !log.contains("p@ss+word"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_goes_by_mail_and_is_shown_too() {
    let mut post = Post::open(Temper::Obliging).await;
    let app = post.app().await;
    let page = invite(&app.ada().await, MEI, "member").await;
    assert!(page.says("An email with the link is on its way to mei@northwind.example."));
    works(&app, &page).await;
    let said = post.heard.recv().await.unwrap();
    let login = format!("AUTH PLAIN {}", STANDARD.encode("\0tokens\0p@ss+word"));
    let link = format!("{}{}", app.url, path(&app, &page));
    for line in [
        &*login,
        "MAIL FROM:<tokens@northwind.example>",
        "RCPT TO:<mei@northwind.example>",
        "From: Tokendesk <tokens@northwind.example>",
        "To: mei@northwind.example",
        "Subject: Join Northwind on Tokendesk",
        "You are invited to join Northwind on Tokendesk.",
        "Open this link to join. It works once, until 29 Nov 2026, 14:00 UTC:",
        &link,
    ] {
        assert!(
            said.iter().any(|said| said == line),
            "{line} is not in {said:#?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_refuses_or_is_not_there_costs_no_invitation() {
    let refusing = Post::open(Temper::Refusing).await;
    let gone = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Post {
            address: listener.local_addr().unwrap(),
            heard: mpsc::unbounded_channel().1,
        }
    };
    for (post, why) in [
        (refusing, "the mail server refused with 550"),
        (gone, "the mail server cannot be reached"),
    ] {
        let app = post.app().await;
        let page = invite(&app.ada().await, MEI, "admin").await;
        assert!(page.says("The email could not be sent:"), "{}", page.text());
        assert!(page.says(why) && page.says("by hand"), "{}", page.text());
        works(&app, &page).await;
    }
}

/// It takes the ten seconds that the page waits.
#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_hangs_costs_no_invitation() {
    let post = Post::open(Temper::Hanging).await;
    let app = post.app().await;
    let page = invite(&app.ada().await, MEI, "admin").await;
    assert!(page.says("did not answer within 10 s"), "{}", page.text());
    works(&app, &page).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_name_and_no_address_gets_into_the_headers() {
    let mut post = Post::open(Temper::Obliging).await;
    let app = post.app().await;
    let ada = app.ada().await;
    for email in [
        "mei@northwind.example\r\nBcc: eve@evil.example",
        "mei@x>\r\nRCPT TO:<eve@x",
    ] {
        assert_eq!(invite(&ada, email, "member").await.status, 422);
    }
    // No name has line breaks, unless the database was tampered with.
    let name =
        "UPDATE organizations SET name = E'N\\u00f8rth\\r\\nBcc: eve@evil.example\\r\\n\\r\\nHi'";
    app.sql(name).await;
    works(&app, &invite(&ada, MEI, "member").await).await;
    let said = post.heard.recv().await.unwrap();
    let head = said.iter().skip_while(|line| !line.starts_with("From: "));
    let head: Vec<&String> = head.take_while(|line| !line.is_empty()).collect();
    assert!(
        head.iter().any(|line| line.starts_with("Subject: ")),
        "{said:#?}"
    );
    assert!(
        !head.iter().any(|line| line.starts_with("Bcc")),
        "{said:#?}"
    );
    let to = said.iter().filter(|line| line.starts_with("RCPT"));
    assert_eq!(to.count(), 1, "{said:#?}");
}
