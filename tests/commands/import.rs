//! `import`.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokendesk::tokens::Secret;

use super::{add, found, place, token};
use crate::support::catalogue::query;
use crate::support::process::Finished;
use crate::support::{Place, Scratch, cluster};

const OLD: &str = "legacy~8f2c.71d0-aa94b3";

fn import(place: &Place, more: &[&str], file: &str) -> Finished {
    let arguments = [&["import", "-", "--organization=northwind"], more].concat();
    place.run_with_input(&arguments, file)
}

fn sha256(secret: &str) -> String {
    let mut hex = String::new();
    for byte in Sha256::digest(secret) {
        write!(hex, "{byte:02x}").unwrap();
    }
    hex
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_an_older_system_keep_working() {
    let place = place().await;
    found(&place);
    add(&place, "mei@northwind.example", "member");
    let server = place.serve();
    let ours = Secret::generate("acme");
    let (hashed, personal) = (
        "known by its hash alone"[..16].to_owned(),
        "mei-s-old-secret",
    );
    let hashed = hashed.replace(' ', "_");
    let secrets = [OLD, &hashed, ours.reveal(), personal];
    for secret in secrets {
        assert_eq!(server.asked_by(secret).await.status(), 401);
    }
    let file = format!(
        "name,secret,sha256,scopes,expires,owner\n\
         Backup,{OLD},,,,\n\
         Reader,,{},admin:read connect:read,2099-02-20T14:30:00Z,\n\
         Another installation's,{},,all,never,\n\
         Backup,{personal},,,,MEI@northwind.example\n",
        sha256(&hashed).to_uppercase(),
        ours.reveal(),
    );
    let checked = import(&place, &["--dry-run"], &file);
    assert!(
        checked
            .errors
            .starts_with("Known by hash alone: 1 token. One whose secret has fewer than 8"),
        "{checked:?}"
    );
    assert_eq!(
        checked.succeeded(),
        "4 tokens can be imported, 2 with full access.\n"
    );
    assert_eq!(server.asked_by(OLD).await.status(), 401);
    let finished = import(&place, &[], &file);
    assert!(
        finished
            .errors
            .starts_with("In effect on 1 of 1 instance after "),
        "{finished:?}"
    );
    assert_eq!(
        finished.succeeded(),
        "4 tokens imported into Northwind, 2 with full access.\n"
    );
    for (secret, name, scopes, expires_at) in [
        (OLD, "Backup", "all", Value::Null),
        (
            &hashed,
            "Reader",
            "admin:read connect:read",
            "2099-02-20T14:30:00Z".into(),
        ),
        (ours.reveal(), "Another installation's", "all", Value::Null),
        (
            personal,
            "Backup",
            "widgets:read widgets:write render",
            Value::Null,
        ),
    ] {
        let answer = server.asked_by(secret).await;
        assert_eq!(answer.status(), 200, "{name}");
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(answer["name"], name);
        assert_eq!(answer["expires_at"], expires_at);
        let held = answer["scopes"].as_array().unwrap();
        let held: Vec<&str> = held.iter().map(|scope| scope.as_str().unwrap()).collect();
        assert_eq!(held.join(" "), scopes);
    }
    let again = import(&place, &[], &file).refused();
    assert_eq!(
        again
            .lines()
            .filter(|line| line.ends_with("Another token has it."))
            .count(),
        8
    );
}

/// Whoever gives the hash is told so, as nothing can be seen of the secret.
#[tokio::test(flavor = "multi_thread")]
async fn a_short_secret_never_works_by_its_hash_either() {
    let place = place().await;
    found(&place);
    let (short, long) = ("seven-l", "8-letter");
    let lines = [short, long].map(|secret| format!("Of {},,{}\n", secret.len(), sha256(secret)));
    let file = format!("name,secret,sha256\n{}", lines.concat());
    let imported = import(&place, &["--json"], &file);
    assert!(
        imported.errors.contains("Known by hash alone: 2 tokens."),
        "{imported:?}"
    );
    let imported: Value = serde_json::from_str(&imported.succeeded()).unwrap();
    assert_eq!(
        (&imported["tokens"], &imported["hash_alone"]),
        (&2.into(), &2.into())
    );
    let server = place.serve();
    assert_eq!(server.asked_by(short).await.status(), 401);
    assert_eq!(server.asked_by(long).await.status(), 200);
    let refused = import(&place, &[], &format!("name,secret\nShort,{short}\n")).refused();
    assert!(refused.contains("It has 7 characters"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_line_is_named_and_nothing_is_imported() {
    let address = cluster::database().await;
    let place = Place::database(&address);
    found(&place);
    add(&place, "mei@northwind.example", "member");
    token(&place, &["--name=Taken", "--scope=all"]);
    place
        .run(&["organization", "create", "--name=Contoso"])
        .succeeded();
    let elsewhere = "secret-of-another-organisation";
    let theirs = format!("name,secret\nTheirs,{elsewhere}\n");
    let arguments = ["import", "-", "--organization=contoso"];
    place.run_with_input(&arguments, &theirs).succeeded();

    let mut file = format!(
        "name,secret,sha256,scopes,expires,owner\n\
         Good,good-secret-number-1,,,,\n\
         TAKEN,good-secret-number-2,,,,\n\
         Known elsewhere,,{},,,\n\
         Weak,hunter2,,,,\n\
         ,good-secret-number-3,,everything,soon,nobody@northwind.example\n\
         GOOD,good-secret-number-1,,,,\n\
         Nobody's,good-secret-number-4,,,,nobody@northwind.example\n\
         Spilled,good-secret-number-5,,,,,\n",
        sha256(elsewhere),
    );
    for number in 0..26 {
        writeln!(
            file,
            "Mei's {number},mei-s-secret-number-{number},,,,mei@northwind.example"
        )
        .unwrap();
    }
    let expected = [
        "line 3: name: Another token has it.",
        "line 4: secret: Another token has it.",
        "line 5: secret: It has 7 characters, and fewer than 8 are soon guessed. Give this client \
         a new token.",
        "line 6: expires: This is none of 30d, 90d, 1y, never or 2027-02-20T14:30:00Z.",
        "line 6: name: Enter a name.",
        "line 6: scopes: Write some of these, with spaces between: widgets:read widgets:write \
         render.",
        "line 7: name: Line 2 has the same.",
        "line 7: secret: Line 2 has the same.",
        "line 8: owner: Nobody in the organisation has this email.",
        "line 9: It has 7 fields; the first line has 6.",
        "line 35: owner: They would have more than 25 active MCP tokens.",
        "8 of 34 tokens cannot be imported. Nothing was imported.",
    ];
    for flags in [&["--dry-run", "--log=trace"][..], &["--log=trace"]] {
        let refusal = import(&place, flags, &file).refused();
        let is_ours = |line: &&str| line.starts_with("line ") || line.contains("imported");
        let said: Vec<&str> = refusal.lines().filter(is_ours).collect();
        assert_eq!(said, expected);
        for secret in [
            "good-secret",
            "hunter2",
            "mei-s-secret",
            elsewhere,
            &sha256(elsewhere),
        ] {
            assert!(!refusal.contains(secret), "{secret} is in {refusal}");
        }
    }
    let refused = import(&place, &["--json"], &file);
    let told: Value = serde_json::from_str(&refused.output).unwrap();
    let told = told["mistakes"].as_array().unwrap();
    assert_eq!(told.len(), expected.len() - 1);
    assert_eq!(
        told[0],
        json!({ "line": 3, "what": "name: Another token has it." })
    );
    assert_eq!(refused.code, Some(1));
    assert_eq!(refused.errors.trim(), *expected.last().unwrap());
    let names = query(&address, "SELECT name FROM tokens ORDER BY name").await;
    let names: Vec<&str> = names.iter().map(|row| row.get(0)).collect();
    assert_eq!(names, ["Taken", "Theirs"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_none_is_refused_as_a_whole() {
    let place = place().await;
    found(&place);
    for (file, why) in [
        ("", "-: its first line has to name the columns"),
        (
            "Backup,legacy-secret-of-backup\n",
            "-: its first line has to name the columns",
        ),
    ] {
        let refusal = import(&place, &[], file).refused();
        assert!(refusal.starts_with(why), "{refusal}");
    }
    let nowhere = ["import", "/nowhere.csv", "--organization=northwind"];
    let refusal = place.run(&nowhere).refused();
    assert!(
        refusal.starts_with("/nowhere.csv: No such file"),
        "{refusal}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_tokens_are_imported_all_or_none() {
    const TOKENS: usize = 100_000;
    let address = cluster::database().await;
    let place = Place::database(&address);
    found(&place);
    let scratch = Scratch::new();
    let path = file_in(&scratch);
    let write = |bad: &[usize]| {
        let mut file = String::from("name,sha256,scopes\n");
        for number in 0..TOKENS {
            let scopes = if bad.contains(&number) {
                "nonsense"
            } else {
                "connect:read"
            };
            writeln!(file, "Token {number},{},{scopes}", sha256(&secret(number))).unwrap();
        }
        fs::write(&path, file).unwrap();
    };
    let import = ["import", path.to_str().unwrap(), "--organization=northwind"];
    write(&[0, 1_000, 99_999]);
    let refusal = place.run(&import).refused();
    let lines: Vec<&str> = refusal
        .lines()
        .map(|line| line.split(':').next().unwrap())
        .collect();
    assert_eq!(
        lines[..3],
        ["line 2", "line 1002", "line 100001"],
        "{refusal}"
    );
    assert!(
        lines[3].starts_with("3 of 100,000 tokens cannot be imported."),
        "{refusal}"
    );
    let count = async |table: &str| -> i64 {
        query(&address, &format!("SELECT count(*) FROM {table}")).await[0].get(0)
    };
    assert_eq!(count("tokens").await, 0);

    write(&[]);
    let server = place.serve();
    assert_eq!(
        place.run(&import).succeeded(),
        "100,000 tokens imported into Northwind.\n"
    );
    for table in ["tokens", "secrets", "token_usage"] {
        assert_eq!(count(table).await, 100_000, "{table}");
    }
    assert_eq!(
        count("journal WHERE action = 'token.imported'").await,
        100_000
    );
    for number in [0, 54_321, 99_999] {
        assert_eq!(server.asked_by(&secret(number)).await.status(), 200);
    }
    assert_eq!(server.asked_by(&secret(100_000)).await.status(), 401);
}

fn file_in(scratch: &Scratch) -> PathBuf {
    scratch.root.join("tokens.csv")
}

fn secret(number: usize) -> String {
    format!("an-old-secret-number-{number}")
}

/// Two imports of the same file at once: one wins.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_imports_at_once_one_is_whole_and_the_other_nothing() {
    let address = cluster::database().await;
    let place = Place::database(&address);
    found(&place);
    let scratch = Scratch::new();
    let path = file_in(&scratch);
    let mut file = String::from("name,secret\n");
    for number in 0..2_000 {
        writeln!(file, "Token {number},{}", secret(number)).unwrap();
    }
    fs::write(&path, file).unwrap();
    let import = ["import", path.to_str().unwrap(), "--organization=northwind"];
    let running = [place.start(&import), place.start(&import)];
    let finished = running.map(crate::support::Process::finish);
    let won = finished.iter().filter(|it| it.code == Some(0)).count();
    assert_eq!(won, 1, "{finished:#?}");
    let tokens = "SELECT count(*) FROM tokens";
    assert_eq!(query(&address, tokens).await[0].get::<_, i64>(0), 2_000);
}

/// The positions that a bar of this kind came to, in a terminal's output.
fn positions(screen: &str, after: &str) -> Vec<usize> {
    let told = screen.match_indices(after).map(|(at, _)| {
        let before = screen[..at].rsplit(' ').next().unwrap();
        before.replace(',', "").parse().unwrap()
    });
    told.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_shows_how_far_it_is_and_anything_else_does_not() {
    let place = place().await;
    found(&place);
    let scratch = Scratch::new();
    let path = file_in(&scratch);
    let import = ["import", path.to_str().unwrap(), "--organization=northwind"];
    let write = |from: usize| {
        let mut file = String::from("name,secret\n");
        for number in from..from + 20_000 {
            writeln!(file, "Token {number},{}", secret(number)).unwrap();
        }
        fs::write(&path, file).unwrap();
    };
    write(0);
    let shown = place.run_in_terminal(&import).succeeded();
    assert!(shown.contains(" read") && shown.contains('█'), "{shown}");
    let positions = positions(&shown, " of 20,000 tokens written");
    assert!(
        positions.is_sorted() && positions.len() > 2,
        "{positions:?}"
    );
    assert!(positions[0] < 20_000, "{positions:?}");
    // It is gone in the end: its line is cleared before the sentence stands there.
    let last = shown.trim_end().lines().last().unwrap();
    assert!(
        last.ends_with("20,000 tokens imported into Northwind, 20,000 with full access."),
        "{last:?}"
    );
    let (before, _) = shown.split_once("20,000 tokens imported").unwrap();
    assert!(before.contains("\u{1b}[2K"), "{before:?}");

    write(20_000);
    let finished = place.run(&import);
    assert!(!finished.errors.contains("written"), "{finished:?}");
    assert!(!finished.succeeded().contains('█'));
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_as_long_as_signed_ones_are_keep_working() {
    let place = place().await;
    found(&place);
    let server = place.serve();
    let long = format!("eyJ{}", "aBcD.-_9".repeat(255));
    let line = |secret: &str| format!("name,secret,scopes\nSigned,{secret},connect:read\n");
    let refusal = import(&place, &[], &line(&(long.clone() + "tails!"))).refused();
    assert!(refusal.contains("the most are 2048"), "{refusal}");
    import(&place, &[], &line(&long)).succeeded();
    assert_eq!(server.asked_by(&long).await.status(), 200);
    assert_eq!(server.asked_by(&long[1..]).await.status(), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn short_secrets_keep_working_and_are_told_of() {
    let place = place().await;
    found(&place);
    let server = place.serve();
    let both = "name,secret\nA,q7Zk2vXa\nB,q7Zk2vXb\n";
    let rehearsed = import(&place, &["--dry-run"], both).errors;
    assert!(rehearsed.contains("2 tokens (lines 2, 3)."), "{rehearsed}");
    let file = "name,secret,sha256\nShort,q7Zk2vXw,\nLong,q7Zk2vXwq7Zk2vXw,\n\
        By hash,,5d9cd3a2e5a7b5a1e7f0b2ad1d0ba2d2e6a3b0f0f6f0a3c9e1b1d6b7d0c4a8e2\n";
    let imported = import(&place, &["--json"], file);
    let warning = "With a secret of fewer than 16 characters: 1 token (line 2).";
    assert!(imported.errors.contains(warning), "{imported:?}");
    let told: Value = serde_json::from_str(&imported.succeeded()).unwrap();
    assert_eq!(
        (&told["short"], &told["hash_alone"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(server.asked_by("q7Zk2vXw").await.status(), 200);
    let list = place.run(&["token", "list", "--organization", "northwind", "--json"]);
    let list = list.succeeded();
    assert!(
        !list.contains("q7Zk2vXw\"") && list.contains("\"prefix\":\"\""),
        "{list}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_that_are_easy_to_guess_are_taken_where_that_is_said() {
    let place = place().await;
    found(&place);
    let server = place.serve();
    let file = "name,secret\nWord,Summer2026!\nLong,passwordpassword\nRandom,q7Zk2vXwq7Zk2vXw\n";
    let refusal = import(&place, &[], file).refused();
    for line in [2, 3] {
        let why = format!("line {line}: secret: It is among the first that are guessed.");
        assert!(refusal.contains(&why), "{refusal}");
    }
    assert!(
        refusal.contains("2 of 3 tokens") && refusal.contains("--accept-guessable"),
        "{refusal}"
    );
    assert!(!refusal.contains("Summer"), "{refusal}");
    assert_eq!(server.asked_by("Summer2026!").await.status(), 401);
    let imported = import(&place, &["--json", "--accept-guessable"], file);
    let warning = "With a secret that is easy to guess: 2 tokens (lines 2, 3).";
    assert!(imported.errors.contains(warning), "{imported:?}");
    let told: Value = serde_json::from_str(&imported.succeeded()).unwrap();
    assert_eq!(
        (&told["tokens"], &told["guessable"]),
        (&json!(3), &json!(2))
    );
    for secret in ["Summer2026!", "passwordpassword"] {
        assert_eq!(server.asked_by(secret).await.status(), 200);
    }
}
