//! What Entra ID sends: `recordings/entra`.

use super::recordings::replay;

#[tokio::test(flavor = "multi_thread")]
async fn what_entra_sends_is_answered() {
    replay("entra").await;
}
