//! *Settings > API Access*.

mod concurrency;
mod denied;
mod forms;
mod life;
mod list;
mod long_list;
mod secrecy;
mod status;
