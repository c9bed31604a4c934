//! A server on a free port, with a database of its own and a clock that stands still.

use std::net::TcpListener;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use chrono::{DateTime, Utc};
use clap::Parser;
use tokendesk::access::{Actor, Credential, OrganizationId, Role, UserId};
use tokendesk::app::{self, State};
use tokendesk::catalogue::Scope;
use tokendesk::clock::Clock;
use tokendesk::config::{Config, Settings};
use tokendesk::db::Database;
use tokendesk::db::url::Target;
use tokendesk::fleet::Contact;
use tokendesk::gate::{Code, Decided, Usage};
use tokendesk::identity::queries::{self, NewUser};
use tokendesk::identity::{Email, PersonName, password, setup_code};
use tokendesk::secret::{Digest, Password};
use tokendesk::tokens::draft::NewToken;
use tokendesk::tokens::{Name, Ranges, Secret, Token, TokenId};
use tokendesk::web::client_address::ClientAddress;
use tokio::sync::{OnceCell, watch};
use tokio::time::{sleep, timeout};
use tokio_postgres::{Client, NoTls, Row};

use super::{Browser, cluster, logs};

pub const PASSWORD: &str = "violet anchor drums mustard";
pub const ADA: &str = "ada@northwind.example";

pub struct App {
    pub url: String,
    pub state: State,
    pub organization: OrganizationId,
    pub address: tokio_postgres::Config,
    server: ServerHandle,
    _taking_part: watch::Sender<()>,
}

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    settings: Settings,
}

/// Every test begins on 22 November 2026 at 14:00 UTC.
pub fn beginning() -> DateTime<Utc> {
    "2026-11-22T14:00:00Z".parse().unwrap()
}

impl App {
    /// With the organisation Northwind and its administrator Ada.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// The same, with more settings.
    pub async fn start_with(flags: &[&str]) -> Self {
        Self::found(Self::start_empty(flags).await).await
    }

    /// The same, in a database without a schema.
    pub async fn start_in(address: tokio_postgres::Config) -> Self {
        let database = Database::new(Target::embedded(address.clone()), 2);
        database.migrate().await.unwrap();
        Self::found(Self::serve(address, &[]).await).await
    }

    /// Another instance, with the same database.
    pub async fn beside(&self) -> Self {
        let mut other = Self::serve(self.address.clone(), &[]).await;
        other.organization = self.organization;
        other
    }

    async fn found(mut app: Self) -> Self {
        let name = PersonName::parse("Northwind").unwrap();
        let (email, ada) = (
            Email::parse(ADA).unwrap(),
            PersonName::parse("Ada Lovell").unwrap(),
        );
        let administrator = NewUser {
            email: &email,
            name: &ada,
            password_hash: Some(password_hash().await),
        };
        let connection = &mut *app.state.database.get().await.unwrap();
        let now = app.state.clock.now();
        let founded = queries::found(connection, &name, administrator, now)
            .await
            .unwrap();
        app.organization = founded.unwrap().0;
        app
    }

    /// As on the first run.
    pub async fn start_empty(flags: &[&str]) -> Self {
        Self::serve(cluster::database().await, flags).await
    }

    async fn serve(address: tokio_postgres::Config, flags: &[&str]) -> Self {
        logs::capture();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let bind = listener.local_addr().unwrap();
        let url = format!("http://{bind}");
        let bind = format!("--bind={bind}");
        let line = [&["tokendesk", &*bind, "--data-dir=/nowhere"], flags].concat();
        let config = Config::new(Line::parse_from(line).settings).unwrap();
        let target = Target::embedded(address.clone());
        let database = Database::new(target.clone(), 8);
        let state = State::new(config, target, database, Clock::fixed(beginning()))
            .await
            .unwrap();
        let server = app::server(&state, listener).unwrap();
        let handle = server.handle();
        tokio::spawn(server);
        let (taking_part, over) = watch::channel(());
        let memory = Arc::new(state.gate.clone());
        tokio::spawn(state.fleet.clone().take_part(memory, over));
        let joined = |contact: &Contact| matches!(contact, Contact::Joined);
        state.fleet.contact().wait_for(joined).await.unwrap();
        Self {
            _taking_part: taking_part,
            url,
            state,
            organization: OrganizationId::new(beginning()),
            address,
            server: handle,
        }
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.state.clock.now()
    }

    pub fn database(&self) -> &Database {
        &self.state.database
    }

    /// A browser in which nobody is signed in.
    pub fn browser(&self) -> Browser {
        Browser::new(&self.url)
    }

    /// A browser in which Ada is signed in.
    pub async fn ada(&self) -> Browser {
        self.signed_in(ADA).await
    }

    pub async fn signed_in(&self, email: &str) -> Browser {
        let browser = self.browser();
        let page = browser.visit("/sign-in").await;
        let home = page
            .form("/sign-in")
            .fill("email", email)
            .fill("password", PASSWORD)
            .submit()
            .await;
        assert_eq!(home.status, 200, "{}", home.text());
        browser
    }

    /// Another member of an organisation, who has Ada's password.
    pub async fn add_member(&self, organization: OrganizationId, email: &str, role: Role) {
        let person = NewUser {
            email: &Email::parse(email).unwrap(),
            name: &PersonName::parse("Some Member").unwrap(),
            password_hash: Some(password_hash().await),
        };
        let connection = &mut *self.database().get().await.unwrap();
        let actor = Actor::command_line(organization);
        queries::add_member(connection, &actor, person, role, self.now())
            .await
            .unwrap();
    }

    /// Whose email this is.
    pub async fn user(&self, email: &str) -> UserId {
        let client = self.client().await;
        let user = "SELECT id FROM users WHERE email = $1";
        let user: uuid::Uuid = client.query_one(user, &[&email]).await.unwrap().get(0);
        user.into()
    }

    /// Whoever may change everything in Northwind.
    pub fn actor(&self) -> Actor {
        Actor::command_line(self.organization)
    }

    /// A second organisation, without members.
    pub async fn another_organization(&self, name: &str) -> OrganizationId {
        let connection = &mut *self.database().get().await.unwrap();
        let name = PersonName::parse(name).unwrap();
        let created = queries::create_organization(connection, &name, self.now()).await;
        created.unwrap().id
    }

    /// A token of Northwind's with full access.
    pub async fn token(&self, name: &str) -> (Token, Secret) {
        self.token_with(name, |_| {}).await
    }

    pub async fn token_with(
        &self,
        name: &str,
        change: impl FnOnce(&mut NewToken),
    ) -> (Token, Secret) {
        self.token_of(self.organization, name, change).await
    }

    pub fn full_access(name: &str) -> NewToken {
        NewToken {
            name: Name::parse(name).unwrap(),
            scopes: Some([tokendesk::catalogue::Scope::All].into_iter().collect()),
            product: None,
            expires_at: None,
            ranges: Ranges::default(),
        }
    }

    pub async fn token_of(
        &self,
        organization: OrganizationId,
        name: &str,
        change: impl FnOnce(&mut NewToken),
    ) -> (Token, Secret) {
        let mut new = Self::full_access(name);
        change(&mut new);
        let connection = &mut *self.database().get().await.unwrap();
        let actor = Actor::command_line(organization);
        tokendesk::tokens::queries::create(connection, &actor, &new, self.now())
            .await
            .map_err(|error| format!("{error:?}"))
            .unwrap()
    }

    /// An MCP token of a member of Northwind's.
    /// What a program with this token is known by.
    pub fn credential(token: &Token, secret: &Secret) -> Credential {
        Credential {
            token: token.id.uuid(),
            secret: Digest::of(secret.reveal()),
            rights: 0,
        }
    }

    /// Until so many wait for a lock.
    pub async fn waiting(&self, wanted: i64) {
        let query = "SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let all = async {
            while self.count(query).await < wanted {
                sleep(Duration::from_millis(5)).await;
            }
        };
        let limited = timeout(Duration::from_secs(30), all).await;
        limited.expect("they wait");
    }

    pub async fn mcp_token(&self, email: &str, name: &str) -> (Token, Secret) {
        let user = self.user(email).await;
        let actor = Actor::member(self.organization, user, "Somebody");
        let new = NewToken {
            name: Name::parse(name).unwrap(),
            scopes: Some([Scope::WidgetsWrite, Scope::Render].into_iter().collect()),
            product: None,
            expires_at: None,
            ranges: Ranges::default(),
        };
        let connection = &mut *self.database().get().await.unwrap();
        tokendesk::tokens::queries::create_mcp(connection, &actor, &new, self.now())
            .await
            .map_err(|error| format!("{error:?}"))
            .unwrap()
    }

    pub async fn setup_code(&self) -> String {
        let connection = &mut *self.database().get().await.unwrap();
        setup_code::setup_code(&queries::site_key(connection).await.unwrap())
    }

    /// Asks the database by itself.
    pub async fn sql(&self, query: &str) -> Vec<Row> {
        self.client().await.query(query, &[]).await.unwrap()
    }

    /// The one number that a query answers.
    pub async fn count(&self, query: &str) -> i64 {
        self.sql(query).await[0].get(0)
    }

    /// Runs statements that fill a directory, all of whose indexes but those of keys are made
    /// afterwards, which takes less time.
    pub async fn fill_directory(&self, statements: &[String]) {
        let indexes = "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
            WHERE indrelid IN ('memberships'::regclass, 'scim_users'::regclass, 'scim_values'::regclass)
                AND NOT indisunique";
        let client = self.client().await;
        let indexes = client.query(indexes, &[]).await.unwrap();
        let names: Vec<&str> = indexes.iter().map(|index| index.get(0)).collect();
        let drop = format!("DROP INDEX {}", names.join(", "));
        let make = indexes.iter().map(|index| index.get::<_, String>(1));
        let analyze = "VACUUM ANALYZE users, memberships, scim_users, scim_documents, scim_values";
        for statement in std::iter::once(drop)
            .chain(statements.iter().cloned())
            .chain(make)
            .chain([analyze.to_owned()])
        {
            client.batch_execute(&statement).await.unwrap();
        }
    }

    /// All that the database holds, in short; only which instances run is left out.
    pub async fn contents(&self) -> String {
        let digest = "SELECT md5(string_agg(
                query_to_xml(format('SELECT kept::text FROM %I AS kept ORDER BY 1', tablename),
                    true, false, '')::text, tablename ORDER BY tablename))
            FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'instances'";
        self.sql(digest).await[0].get(0)
    }

    pub async fn client(&self) -> Client {
        let (client, connection) = self.address.connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    /// Until what was changed in the database beside the application is in effect.
    pub async fn settle(&self) {
        self.state.fleet.receipt().await.unwrap();
    }

    /// Nobody answers any more, also not on a connection that is open.
    pub async fn stop(&self) {
        // Only this way does it wait until its workers have stopped.
        let is_graceful = true;
        self.server.stop(is_graceful).await;
    }

    /// Writes what was counted, as happens every second.
    pub async fn flush(&self) {
        let usage = &self.state.gate.usage;
        usage.flush(self.database(), self.now()).await.unwrap();
    }
}

impl Drop for App {
    fn drop(&mut self) {
        // The command is sent by the call; nobody waits for the answer.
        drop(self.server.stop(false));
    }
}

/// As if each had been called once, and let in.
pub fn count_each(usage: &Usage, tokens: &[TokenId], at: DateTime<Utc>) {
    for token in tokens {
        let decided = Decided {
            code: Code::Valid,
            operation: "Agents: list",
            address: ClientAddress([192, 0, 2, 1].into()),
            user_agent: None,
            at,
        };
        usage.count_many(*token, &decided, 1);
    }
}

/// Hashing takes its time: once is enough.
async fn password_hash() -> String {
    static HASH: LazyLock<OnceCell<String>> = LazyLock::new(OnceCell::new);
    HASH.get_or_init(|| async {
        password::hash(Password::new(PASSWORD.to_owned()))
            .await
            .unwrap()
    })
    .await
    .clone()
}
