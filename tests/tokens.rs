//! *Settings > API Access*.

mod life;
