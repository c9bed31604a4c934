//! What tests stand on: a server with a database of its own, and a browser.

pub mod app;
pub mod browser;
pub mod catalogue;
pub mod chrome;
pub mod cluster;
pub mod held;
pub mod logs;
pub mod post;
pub mod process;
pub mod routes;
pub mod scratch;
pub mod things;

pub use app::App;
pub use browser::{Browser, View};
pub use chrome::{Chrome, Script, Theme};
pub use process::{Place, Process, Server, until};
pub use scratch::Scratch;
