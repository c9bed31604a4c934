//! Invitations by mail, with mail servers of the tests' own.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::invitations::{MEI, invite, path};
use crate::support::post::{self, Post, Temper};
use crate::support::{App, View};

async fn works(app: &App, page: &View) {
    assert_eq!(page.status, 200, "{}", page.text());
    post::works(app, &path(app, page)).await;
    assert_eq!(app.count("SELECT count(*) FROM invitations").await, 1);
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
    for (post, why) in [
        (refusing, "the mail server refused with 550"),
        (Post::gone().await, "the mail server cannot be reached"),
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
