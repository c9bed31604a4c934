//! Every route that the server mounts, by who may use it: here the console's, in `api::table`,
//! `scim::table` and `programs` those of programs. None is missing.

mod console;
mod programs;

use std::collections::BTreeSet;

use crate::api::table as api;
use crate::scim::table as scim;
use crate::support::App;
use crate::support::routes::mounted;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_mounted_is_in_a_table_and_what_is_in_a_table_is_mounted() {
    let mounted = mounted(&App::start().await).await;
    let mounted: BTreeSet<String> = mounted.iter().flat_map(|it| console::chosen(it)).collect();
    let tabled: Vec<String> = console::routes()
        .chain(api::routes())
        .chain(scim::routes())
        .chain(programs::routes())
        .collect();
    let once: BTreeSet<String> = tabled.iter().cloned().collect();
    let missing: Vec<_> = mounted.difference(&once).collect();
    let gone: Vec<_> = once.difference(&mounted).collect();
    assert!(missing.is_empty(), "in no table: {missing:#?}");
    assert!(gone.is_empty(), "not mounted: {gone:#?}");
    assert_eq!(tabled.len(), once.len(), "some are in two tables");
}
