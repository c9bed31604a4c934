//! *Settings > API Access*.

mod concurrency;
mod forms;
mod life;
mod list;
mod secrecy;
mod status;
