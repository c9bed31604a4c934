//! `tokendesk demo`.

use clap::Args;

use super::{Desk, Failure};

#[derive(Args)]
pub struct Options {
    /// How many tokens; 40 or so by default
    #[arg(long)]
    tokens: Option<u32>,
}

pub async fn run(_desk: &Desk, _options: &Options) -> Result<(), Failure> {
    Err(Failure::new("not yet"))
}
