//! What needs script or eyes, in a real browser.

mod life;
