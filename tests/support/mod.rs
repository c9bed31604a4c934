//! What tests stand on: a server with a database of its own, and a browser.

pub mod app;
pub mod browser;
pub mod chrome;
pub mod cluster;

pub use app::App;
pub use browser::{Browser, View};
pub use chrome::{Chrome, Script, Theme};
