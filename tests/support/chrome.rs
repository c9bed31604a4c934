//! A real browser, headless, for what needs script or eyes: Chromium, driven over `WebDriver`.
//!
//! Each test that asks for one gets a browser of its own with a fresh profile; at most
//! [`MOST`] run at once. However the test ends, nothing of the browser is left.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use base64::prelude::{BASE64_STANDARD, Engine};
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::key::Key;
use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::app::PASSWORD;

/// More would get in each other's way on a small machine.
const MOST: usize = 2;
/// How long a page may take to become what a test waits for.
const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(20);

static FREE: Semaphore = Semaphore::const_new(MOST);
static COUNT: AtomicU32 = AtomicU32::new(0);

pub struct Chrome {
    pub client: Client,
    /// The server whose pages it visits.
    url: String,
    _driver: Driver,
    _permit: SemaphorePermit<'static>,
}

/// Whether pages may run their script.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Script {
    On,
    Off,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Theme {
    Light,
    Dark,
}

impl Theme {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

impl Chrome {
    /// A browser for the server at `url`, in which nobody is signed in: light, 1280 wide.
    pub async fn start(url: &str, script: Script) -> Self {
        let permit = FREE.acquire().await.unwrap();
        let driver = tokio::task::spawn_blocking(Driver::start).await.unwrap();
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(driver.capabilities())
            .connect(&driver.url)
            .await
            .unwrap();
        let chrome = Self {
            client,
            url: url.to_owned(),
            _driver: driver,
            _permit: permit,
        };
        if script == Script::Off {
            chrome
                .cdp(
                    "Emulation.setScriptExecutionDisabled",
                    json!({ "value": true }),
                )
                .await;
        }
        chrome.theme(Theme::Light).await;
        chrome.width(1280).await;
        chrome
    }

    /// Visits another server from now on.
    pub fn at(&mut self, url: &str) {
        url.clone_into(&mut self.url);
    }

    /// Ends the browser in order; a test that panics before ends it too, only less politely.
    pub async fn close(self) {
        self.client.clone().close().await.unwrap();
    }

    /// Colours as the system would ask for, and nothing that moves.
    pub async fn theme(&self, theme: Theme) {
        let features = json!([
            { "name": "prefers-color-scheme", "value": theme.as_str() },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        self.cdp(
            "Emulation.setEmulatedMedia",
            json!({ "features": features }),
        )
        .await;
    }

    /// The viewport's, in CSS pixels.
    pub async fn width(&self, width: u32) {
        let height = if width < 760 { 844 } else { 900 };
        let metrics =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.cdp("Emulation.setDeviceMetricsOverride", metrics)
            .await;
    }

    /// As somebody sets it in the browser, in pixels.
    pub async fn text_size(&self, pixels: u32) {
        let sizes = json!({ "fontSizes": { "standard": pixels, "fixed": pixels } });
        self.cdp("Page.setFontSizes", sizes).await;
    }

    /// Has every page from now on run script of the test's own before anything of the page's.
    pub async fn at_the_start_of_each_page(&self, script: &str) {
        let source = json!({ "source": script });
        self.cdp("Page.addScriptToEvaluateOnNewDocument", source)
            .await;
    }

    /// A command of the Chrome `DevTools` Protocol.
    pub async fn cdp(&self, command: &str, parameters: Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        self.client
            .issue_cmd(Vendor("goog/cdp/execute", body))
            .await
            .unwrap()
    }

    /// The errors that the console showed since it was asked last, among which are breaches of
    /// the Content-Security-Policy. That a page's own status is no success is not one.
    pub async fn errors(&self) -> Vec<String> {
        let entries = self
            .client
            .issue_cmd(Vendor("se/log", json!({ "type": "browser" })))
            .await
            .unwrap();
        entries
            .as_array()
            .unwrap()
            .iter()
            .filter(|entry| entry["level"] == "SEVERE")
            .map(|entry| entry["message"].as_str().unwrap_or_default().to_owned())
            .filter(|message| {
                message.contains("/assets/") || !message.contains("responded with a status of 4")
            })
            .collect()
    }

    /// The whole page as a PNG.
    pub async fn picture(&self) -> Vec<u8> {
        let size = &self.cdp("Page.getLayoutMetrics", json!({})).await["cssContentSize"];
        let clip =
            json!({ "x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1 });
        let options = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let picture = self.cdp("Page.captureScreenshot", options).await;
        BASE64_STANDARD
            .decode(picture["data"].as_str().unwrap())
            .unwrap()
    }

    /// Runs script of the test's own, which works in pages that may run none themselves.
    pub async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    pub async fn visit(&self, path: &str) {
        self.client
            .goto(&format!("{}{path}", self.url))
            .await
            .unwrap();
    }

    /// Path and query of the page shown.
    pub async fn path(&self) -> String {
        let url = self.client.current_url().await.unwrap();
        let query = url
            .query()
            .map(|query| format!("?{query}"))
            .unwrap_or_default();
        format!("{}{query}", url.path())
    }

    pub async fn sign_in(&self, email: &str) {
        self.client.delete_all_cookies().await.unwrap();
        self.visit("/sign-in").await;
        self.fill("#email", email).await;
        self.fill("#password", PASSWORD).await;
        self.follow("Sign in").await;
        assert_ne!(self.path().await, "/sign-in", "{}", self.text().await);
    }

    /// The first element shown that the CSS selector finds; waits for it.
    pub async fn element(&self, selector: &str) -> Element {
        self.displayed(Locator::Css(selector)).await
    }

    /// The first link, button or menu shown that bears these words; waits for it.
    pub async fn control(&self, words: &str) -> Element {
        let path = format!(
            r#"//*[self::a or self::button or self::summary or self::label][normalize-space()="{words}"]"#
        );
        self.displayed(Locator::XPath(&path)).await
    }

    async fn displayed(&self, locator: Locator<'_>) -> Element {
        let start = Instant::now();
        loop {
            for element in self.client.find_all(locator).await.unwrap() {
                // One that has gone meanwhile is not shown.
                if element.is_displayed().await.unwrap_or(false) {
                    return element;
                }
            }
            assert!(
                start.elapsed() < PATIENCE,
                "no {locator:?} at {}:\n{}",
                self.path().await,
                self.text().await
            );
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Whether the CSS selector finds anything that is shown now.
    pub async fn shows(&self, selector: &str) -> bool {
        for element in self.client.find_all(Locator::Css(selector)).await.unwrap() {
            if element.is_displayed().await.unwrap() {
                return true;
            }
        }
        false
    }

    pub async fn click(&self, selector: &str) {
        self.element(selector).await.click().await.unwrap();
    }

    /// Clicks what bears these words, on the same page.
    pub async fn press(&self, words: &str) {
        self.control(words).await.click().await.unwrap();
    }

    /// Clicks what bears these words, and waits for the page it leads to.
    pub async fn follow(&self, words: &str) {
        let control = self.control(words).await;
        self.leave(async || control.click().await.unwrap()).await;
    }

    /// Does what leads to another page, and waits until that is complete.
    pub async fn leave(&self, act: impl AsyncFnOnce()) {
        let old = self.client.find(Locator::Css("html")).await.unwrap();
        act().await;
        self.until("another page", async || {
            let gone = matches!(old.tag_name().await, Err(error) if is_gone(&error));
            gone && self.run("return document.readyState").await == "complete"
        })
        .await;
    }

    /// Waits for something to become true.
    pub async fn until(&self, what: &str, is_true: impl AsyncFn() -> bool) {
        let start = Instant::now();
        while !is_true().await {
            assert!(
                start.elapsed() < PATIENCE,
                "never came: {what}, at {}:\n{}",
                self.path().await,
                self.text().await
            );
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Types into a field, in place of what it holds.
    pub async fn fill(&self, selector: &str, text: &str) {
        let field = self.element(selector).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Types wherever the focus is.
    pub async fn keys(&self, keys: &str) {
        let focused = self.client.active_element().await.unwrap();
        focused.send_keys(keys).await.unwrap();
    }

    pub async fn key(&self, key: Key) {
        self.keys(&char::from(key).to_string()).await;
    }

    /// The words on what has the focus.
    pub async fn focused(&self) -> String {
        let words = self
            .run("return (document.activeElement.textContent || '').trim()")
            .await;
        words.as_str().unwrap().to_owned()
    }

    pub async fn value(&self, selector: &str) -> String {
        self.element(selector)
            .await
            .prop("value")
            .await
            .unwrap()
            .unwrap_or_default()
    }

    /// What a reader sees.
    pub async fn text(&self) -> String {
        let body = self.client.find(Locator::Css("body")).await.unwrap();
        body.text().await.unwrap()
    }

    /// Fails unless the page shows these words, at once or soon.
    pub async fn reads(&self, words: &str) {
        self.until(&format!("the words {words:?}"), async || {
            self.text().await.contains(words)
        })
        .await;
    }

    pub async fn lacks(&self, words: &str) -> bool {
        !self.text().await.contains(words)
    }
}

/// Whether the element's page is no longer shown.
fn is_gone(error: &CmdError) -> bool {
    error.is_stale_element_reference()
        || error.is_no_such_element()
        || format!("{error:?}").contains("not belong")
}

/// A command beyond the standard: the path below the session, and the body.
#[derive(Debug)]
struct Vendor(&'static str, Value);

impl WebDriverCompatibleCommand for Vendor {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base.join(&format!(
            "session/{}/{}",
            session.unwrap_or_default(),
            self.0
        ))
    }

    fn method_and_body(&self, _: &url::Url) -> (reqwest::Method, Option<String>) {
        (reqwest::Method::POST, Some(self.1.to_string()))
    }
}

/// A chromedriver on a free port, which starts the browser.
struct Driver {
    url: String,
    directory: PathBuf,
    shell: Child,
    /// Kept open: it is written to.
    _output: BufReader<ChildStdout>,
}

impl Driver {
    /// A shell holds it, in a session of its own, and kills all that is in it when the shell's
    /// input ends: which it does however this process ends.
    fn start() -> Self {
        const SCRIPT: &str = r#"
            trap "" INT TERM
            setsid chromedriver --port=0 --log-level=SEVERE &
            read -r _
            kill -s KILL -- "-$!"
            wait
            rm -rf "$1""#;
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("tokendesk-chrome-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&directory).unwrap();
        let mut shell = Command::new("sh")
            .args(["-c", SCRIPT, "sh"])
            .arg(&directory)
            // All that the browser writes.
            .env("TMPDIR", &directory)
            .env("HOME", &directory)
            .env("LANGUAGE", "en-US")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(shell.stdout.take().unwrap());
        let port = port(&mut output);
        Self {
            url: format!("http://127.0.0.1:{port}"),
            directory,
            shell,
            _output: output,
        }
    }

    fn capabilities(&self) -> Capabilities {
        let profile = format!(
            "--user-data-dir={}",
            self.directory.join("profile").display()
        );
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            "--lang=en-US",
            "--no-first-run",
            &profile,
        ];
        let capabilities = json!({
            "browserName": "chrome",
            "goog:chromeOptions": { "binary": "/usr/bin/chromium", "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
            // In milliseconds: axe-core takes its time where many browsers share a machine.
            "timeouts": { "script": 120_000 },
        });
        serde_json::from_value(capabilities).unwrap()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // Until all is gone.
        drop(self.shell.wait());
    }
}

/// It says `… was started successfully on port 12345.`
fn port(output: &mut impl BufRead) -> u16 {
    for line in output.lines() {
        let line = line.unwrap();
        if let Some((_, rest)) = line.split_once("started successfully on port ") {
            return rest.trim_end_matches('.').parse().unwrap();
        }
    }
    panic!("chromedriver does not start: tests/run installs it");
}
