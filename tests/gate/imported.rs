//! Tokens of older systems, whose secrets do not look like ours.

use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use tokendesk::secret::Digest;
use tokendesk::tokens::overlap::Overlap;
use tokendesk::tokens::{Secret, import, queries};

use super::verify::verifier;
use crate::support::App;
use crate::support::app::ADA;

const OLD: &str = "legacy~8f2c:71d0/aa94b3==";

/// Imports the lines of a file.
async fn import(app: &App, lines: &str) {
    let now = app.now();
    let read = import::read(
        format!("name,secret,owner\n{lines}").as_bytes(),
        now,
        |_| {},
    );
    let read = read.unwrap();
    assert_eq!(read.mistakes, []);
    let connection = &mut *app.database().get().await.unwrap();
    let actor = app.actor();
    queries::import(connection, &actor, &read.imports, now, |_| {})
        .await
        .map_err(|error| format!("{error:?}"))
        .unwrap();
    app.settle().await;
}

async fn code(request: RequestBuilder) -> String {
    let response = request.send().await.unwrap();
    if response.status() == 200 {
        return "valid".to_owned();
    }
    let problem: Value = response.json().await.unwrap();
    problem["code"].as_str().unwrap().to_owned()
}

fn about(app: &App) -> RequestBuilder {
    Client::new().get(format!("{}/api/v1/token", app.url))
}

fn forward(app: &App) -> RequestBuilder {
    let address = format!("{}/auth/forward?scope=admin:read", app.url);
    Client::new().get(address)
}

#[tokio::test(flavor = "multi_thread")]
async fn they_are_taken_wherever_ours_are() {
    let app = App::start().await;
    let caller = verifier(&app).await;
    let verify = async |secret: &str| -> Value {
        let request = Client::new().post(format!("{}/api/v1/verify", app.url));
        let request = request.bearer_auth(caller.reveal());
        let request = request.body(json!({ "token": secret }).to_string());
        request.send().await.unwrap().json().await.unwrap()
    };
    let introspect = async |secret: &str| -> Value {
        let request = Client::new().post(format!("{}/oauth/introspect", app.url));
        let request = request.bearer_auth(caller.reveal());
        let request = request.form(&[("token", secret)]);
        request.send().await.unwrap().json().await.unwrap()
    };
    let ways: [fn(RequestBuilder) -> RequestBuilder; 5] = [
        |request| request.bearer_auth(OLD),
        |request| request.header("x-api-token", OLD),
        |request| request.basic_auth("a-user-with-a-long-name", Some(OLD)),
        |request| request.basic_auth("ada", Some(OLD)),
        |request| request.header("authorization", format!("Basic {OLD}")),
    ];
    for way in ways {
        assert_eq!(code(way(about(&app))).await, "unknown");
    }
    assert_eq!(verify(OLD).await["code"], "unknown");

    // A wrong checksum may be a right secret elsewhere.
    let alike = format!("wxt_{}", "a1B2".repeat(9) + "zz");
    import(&app, &format!("Backup,{OLD},\nAlike,{alike},\n")).await;
    for way in ways {
        assert_eq!(code(way(about(&app))).await, "valid");
        assert_eq!(code(way(forward(&app))).await, "valid");
    }
    assert_eq!(code(about(&app).bearer_auth(&alike)).await, "valid");
    let answer = verify(OLD).await;
    assert_eq!(
        (&answer["code"], &answer["name"]),
        (&json!("valid"), &json!("Backup"))
    );
    assert_eq!(introspect(OLD).await["scope"], "all");
    assert_eq!(
        introspect("legacy~8f2c:71d0/aa94b4==").await,
        json!({ "active": false })
    );
    let user = "9f31c7a20b64e8d5";
    import(&app, &format!("By user,{user},\n")).await;
    assert_eq!(code(about(&app).basic_auth(user, Some(""))).await, "valid");
    let two = about(&app).basic_auth(user, Some(OLD));
    let told: Value = two.send().await.unwrap().json().await.unwrap();
    assert_eq!(told["name"], "Backup", "by the password");
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_is_looked_up_only_where_it_may_be_one_and_then_once() {
    let app = App::start().await;
    let garbage = "not-a-token-but-as-long";
    let lookups = || app.state.gate.views.tally().misses;
    let before = lookups();
    for _ in 0..3 {
        assert_eq!(code(about(&app).bearer_auth(garbage)).await, "unknown");
    }
    assert_eq!(lookups(), before);
    import(&app, &format!("Backup,{OLD},\n")).await;
    for _ in 0..3 {
        assert_eq!(code(about(&app).bearer_auth(garbage)).await, "unknown");
    }
    assert_eq!(lookups(), before + 1);
    for impossible in ["of-few!", &"x".repeat(2049), "with space inside it"] {
        assert_eq!(code(about(&app).bearer_auth(impossible)).await, "unknown");
    }
    assert_eq!(lookups(), before + 1);
    // With the last of them gone, nothing is looked up any more.
    app.client()
        .await
        .batch_execute("DELETE FROM tokens")
        .await
        .unwrap();
    app.settle().await;
    assert_eq!(code(about(&app).bearer_auth(OLD)).await, "unknown");
    assert_eq!(lookups(), before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn they_are_rotated_and_revoked_like_ours() {
    let app = App::start().await;
    import(&app, &format!("Backup,{OLD},\nOther,other-{OLD},\n")).await;
    let rows = app.sql("SELECT id FROM tokens ORDER BY id").await;
    let [backup, other] = [0, 1].map(|at| rows[at].get::<_, uuid::Uuid>(0));
    let connection = &mut *app.database().get().await.unwrap();
    let actor = app.actor();
    let rotated = queries::rotate(
        connection,
        &actor,
        backup.into(),
        1,
        Overlap::None,
        app.now(),
    );
    let secret = rotated.await.map_err(|_| "not rotated").unwrap().secret;
    app.settle().await;
    assert_eq!(
        code(about(&app).bearer_auth(secret.reveal())).await,
        "valid"
    );
    assert_eq!(code(about(&app).bearer_auth(OLD)).await, "retired");

    // For a leak, by the secret.
    let leak = json!({ "secrets": [format!("other-{OLD}"), OLD, "never-issued-at-all"] });
    let (_, writer) = app.token("Writer").await;
    let address = format!("{}/api/v1/tokens/revocations", app.url);
    let request = Client::new().post(address).bearer_auth(writer.reveal());
    let answer: Value = request
        .json(&leak)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let outcomes = [0, 1, 2].map(|at| answer["secrets"][at]["outcome"].clone());
    assert_eq!(
        outcomes,
        [json!("revoked"), json!("retired"), json!("unknown")]
    );
    assert_eq!(answer["secrets"][0]["id"], other.to_string());
    let revoked = format!("other-{OLD}");
    assert_eq!(code(about(&app).bearer_auth(&revoked)).await, "revoked");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_with_an_owner_is_their_mcp_token() {
    let app = App::start().await;
    import(&app, &format!("Assistant,{OLD},{ADA}\n")).await;
    let scopes = app
        .sql("SELECT scopes FROM tokens WHERE owner_id IS NOT NULL")
        .await;
    let scopes: Vec<String> = scopes[0].get(0);
    assert_eq!(scopes, ["widgets:read", "widgets:write", "render"]);
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {} });
    let mcp = |secret: &str| {
        Client::new()
            .post(format!("{}/mcp", app.url))
            .header("accept", "application/json, text/event-stream")
            .bearer_auth(secret)
            .json(&list)
    };
    assert_eq!(code(mcp(OLD)).await, "valid");
    // It looks like the name of a variable, and is none.
    let odd = "mei$old%secret{1}";
    import(&app, &format!("Odd,{odd},{ADA}\n")).await;
    assert_eq!(code(mcp(odd)).await, "valid");
    assert_eq!(code(mcp("legacy~8f2c:71d0/aa94b4==")).await, "unknown");
    let profile = app.ada().await.visit("/profile").await;
    assert!(
        profile.says("Assistant") && profile.says("legacy"),
        "{}",
        profile.text()
    );
    let digest = Digest::of(OLD);
    assert!(
        app.state
            .gate
            .views
            .get(&digest)
            .await
            .unwrap()
            .unwrap()
            .owner
            .is_some()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn they_are_not_guessed_at_without_end() {
    let app = App::start_with(&["--trusted-proxies=127.0.0.1"]).await;
    let ours = verifier(&app).await;
    let in_use = "legacy~8f2c:in/use/elsewhere";
    let plain = "legacy-without-a-colon";
    let lines = format!("Backup,{OLD},\nIn use,{in_use},\nPlain,{plain},\n");
    import(&app, &lines).await;
    let (here, there) = ("198.51.100.7", "203.0.113.7");
    let about = |from: &str| about(&app).header("x-forwarded-for", from);
    assert_eq!(code(about(here).bearer_auth(OLD)).await, "valid");
    assert_eq!(code(about(here).bearer_auth(plain)).await, "valid");
    assert_eq!(code(about(there).bearer_auth(in_use)).await, "valid");
    let guesses = (0..150).map(|number| {
        let request = match number % 2 {
            0 => about(here),
            _ => forward(&app).header("x-forwarded-for", here),
        };
        let guess = format!("legacy~8f2c:guess/{number:03}");
        tokio::spawn(code(request.bearer_auth(guess)))
    });
    let answers = futures_util::future::join_all(guesses).await;
    let like = |code: &str| {
        let like = answers.iter().filter(|it| it.as_ref().unwrap() == code);
        like.count()
    };
    assert_eq!((like("unknown"), like("too_many_requests")), (100, 50));
    let mcp = Client::new()
        .post(format!("{}/mcp", app.url))
        .header("x-forwarded-for", here)
        .bearer_auth("legacy~8f2c:one-more-guess");
    let mcp = mcp.send().await.unwrap();
    assert_eq!(mcp.status(), 429);
    let metrics = reqwest::get(format!("{}/metrics", app.url)).await.unwrap();
    let metrics = metrics.text().await.unwrap();
    assert!(
        metrics.contains("tokendesk_refused_guesses_total 51"),
        "{metrics}"
    );
    assert!(mcp.headers().contains_key("retry-after"));
    // Nor at one that others use; and as user of a `Basic` neither.
    let right = about(here).bearer_auth(in_use);
    assert_eq!(code(right).await, "too_many_requests");
    let right = about(here).basic_auth(in_use, Some(""));
    assert_eq!(code(right).await, "too_many_requests");
    // What was used from there before goes on, as does all that is ours.
    assert_eq!(code(about(here).bearer_auth(OLD)).await, "valid");
    let basic = about(here).basic_auth("somebody@northwind.example", Some(OLD));
    assert_eq!(code(basic).await, "valid");
    // Also behind something that may be one, and is none.
    let by_user = about(here).basic_auth(plain, Some("x-oauth-basic"));
    assert_eq!(code(by_user).await, "valid");
    assert_eq!(code(about(here).bearer_auth(ours.reveal())).await, "valid");
    assert_eq!(code(about(there).bearer_auth(in_use)).await, "valid");
}

/// A service passes on what it is sent, from wherever that comes.
#[tokio::test(flavor = "multi_thread")]
async fn short_ones_work_and_are_not_guessed_at_by_way_of_a_service() {
    const SHORT: &str = "q7Zk2vXw";
    const ELSEWHERE: &str = "m3Rt9bLp";
    let app = App::start().await;
    let service = verifier(&app).await;
    let (_, other) = app.token("Other service").await;
    import(
        &app,
        &format!("Short,{SHORT},\nToo,{ELSEWHERE},\nOld,{OLD},\n"),
    )
    .await;
    for way in [
        about(&app).bearer_auth(SHORT),
        about(&app).basic_auth("anonymous", Some(SHORT)),
        forward(&app).header("x-api-token", SHORT),
    ] {
        assert_eq!(code(way).await, "valid");
    }
    let ada = app.ada().await;
    let list = ada.visit("/settings/api-access").await;
    let cards = list.texts("article.token");
    let short = cards.iter().find(|card| card.starts_with("Short "));
    let short = short.expect("it is listed");
    assert!(
        short.contains("Short secret") && !short.contains("q7"),
        "{short}"
    );
    let rows = app.sql("SELECT id FROM tokens WHERE name = 'Short'").await;
    let id: uuid::Uuid = rows[0].get(0);
    let page = ada.visit(&format!("/settings/api-access/{id}")).await;
    assert!(
        page.says("short since") && !page.says("q7"),
        "{}",
        page.text()
    );
    let (here, there) = ("198.51.100.7", "203.0.113.7");
    let post = |path: &str, by: &Secret| {
        let request = Client::new().post(format!("{}{path}", app.url));
        request.bearer_auth(by.reveal())
    };
    let verify = async |by: &Secret, secret: &str, from: &str| -> String {
        let question = json!({ "token": secret, "ip": from }).to_string();
        let answer = post("/api/v1/verify", by)
            .body(question)
            .send()
            .await
            .unwrap();
        let answer: Value = answer.json().await.unwrap();
        answer["code"].as_str().unwrap().to_owned()
    };
    let introspect = async |secret: &str, from: &str| {
        let form = [("token", secret), ("ip", from)];
        let answer = post("/oauth/introspect", &service).form(&form).send().await;
        let answer = answer.unwrap();
        let wait = answer.headers().contains_key("retry-after");
        assert_eq!(answer.status() == 429, wait);
        answer.status().as_u16()
    };
    assert_eq!(verify(&service, SHORT, here).await, "valid");
    let guess = |number: usize| format!("guess{number:04}");
    let questions = (0..60).map(|number| json!({ "token": guess(number), "ip": here }));
    let questions = questions.collect::<Value>().to_string();
    let many = post("/api/v1/verify", &service).body(questions);
    let many: Value = many.send().await.unwrap().json().await.unwrap();
    assert_eq!(many[59]["code"], "unknown", "{many}");
    for number in 60..100 {
        assert_eq!(introspect(&guess(number), here).await, 200);
    }
    for right in [ELSEWHERE, &guess(100)] {
        assert_eq!(verify(&service, right, here).await, "too_many_requests");
        assert_eq!(introspect(right, here).await, 429);
    }
    // What was right goes on, and what is wrong as before; nobody guesses at longer ones.
    assert_eq!(verify(&service, SHORT, here).await, "valid");
    assert_eq!(verify(&service, &guess(7), here).await, "unknown");
    assert_eq!(verify(&service, OLD, here).await, "valid");
    assert_eq!(verify(&service, other.reveal(), here).await, "valid");
    // Nobody holds up others of whom is asked at once.
    let questions = [ELSEWHERE, SHORT, OLD].map(|secret| json!({ "token": secret, "ip": here }));
    let together = Value::from_iter(questions).to_string();
    let together = post("/api/v1/verify", &service).body(together);
    let together: Value = together.send().await.unwrap().json().await.unwrap();
    let codes = [0, 1, 2].map(|at| together[at]["code"].clone());
    assert_eq!(codes, ["unknown", "valid", "valid"]);
    // Another service of theirs gets no further, but for elsewhere.
    assert_eq!(verify(&other, ELSEWHERE, here).await, "too_many_requests");
    assert_eq!(verify(&service, ELSEWHERE, there).await, "valid");
    let direct = about(&app).bearer_auth(ELSEWHERE);
    assert_eq!(code(direct).await, "valid");
}

/// Were another organisation's secret no guess, it could be found without being used.
#[tokio::test(flavor = "multi_thread")]
async fn a_service_does_not_learn_which_secrets_others_have() {
    let app = App::start().await;
    import(&app, "Short,q7Zk2vXw,\n").await;
    let contoso = app.another_organization("Contoso").await;
    let (_, service) = app.token_of(contoso, "Service", |_| {}).await;
    let ask = async |secret: String, from: &str| {
        let question = json!({ "token": secret, "ip": from }).to_string();
        let request = Client::new().post(format!("{}/api/v1/verify", app.url));
        let request = request.bearer_auth(service.reveal()).body(question);
        code(request).await
    };
    for (first, from) in [("q7Zk2vXw", "198.51.100.7"), ("q7Zk2vXx", "203.0.113.7")] {
        let mut looked_at = 0;
        let guesses = (0..120).map(|number| format!("guess{number:04}"));
        for secret in std::iter::once(first.to_owned()).chain(guesses) {
            looked_at += usize::from(ask(secret, from).await != "too_many_requests");
        }
        assert_eq!(looked_at, 100, "{first}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_of_them_at_once_than_may_be_wrong_are_let_in() {
    let app = App::start().await;
    let secret = |number: usize| format!("legacy~secret~{number:04}");
    let lines: Vec<String> = (0..250)
        .map(|number| format!("Old {number},{},", secret(number)))
        .collect();
    import(&app, &lines.join("\n")).await;
    let calls = (0..250).map(|number| tokio::spawn(code(about(&app).bearer_auth(secret(number)))));
    for call in futures_util::future::join_all(calls).await {
        assert_eq!(call.unwrap(), "valid");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_replaced_in_place_is_over() {
    let app = App::start().await;
    let (_, secret) = app.token("Replaced").await;
    assert_eq!(
        code(about(&app).bearer_auth(secret.reveal())).await,
        "valid"
    );
    app.sql("UPDATE secrets SET digest = sha256('another')")
        .await;
    app.settle().await;
    assert_eq!(
        code(about(&app).bearer_auth(secret.reveal())).await,
        "unknown"
    );
}
