//! What the gate answers about a token. It stands here as calls are counted by it.

use crate::db::types::text_enum;

text_enum! {
    /// The gate's answer, in the order of its checks: the first that fails.
    Code {
        Missing = "missing",
        Unknown = "unknown",
        Revoked = "revoked",
        Expired = "expired",
        Disabled = "disabled",
        Retired = "retired",
        OwnerInactive = "owner_inactive",
        IpNotAllowed = "ip_not_allowed",
        WrongProduct = "wrong_product",
        InsufficientScope = "insufficient_scope",
        UnknownResource = "unknown_resource",
        Valid = "valid",
    }
}
