//! Command line → config → telemetry → command.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;
use tokendesk::commands::{self, CommandLine};

#[tokio::main]
async fn main() -> ExitCode {
    match commands::run(CommandLine::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}
