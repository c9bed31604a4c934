//! What needs script or eyes, in a real browser.

mod connect;
mod life;
mod menus;
mod pages;
mod sweep;
mod weight;
mod world;
