//! What the tools do, and the shapes of what they take and give.

mod organization;
mod own;
mod shapes;
