//! What is to be changed, and in which version.

/// Something that is changed only in this version; `None`: in whichever it has.
#[derive(Clone, Copy, Debug)]
pub struct Pinned<T> {
    pub id: T,
    pub version: Option<i32>,
}

impl<T> From<T> for Pinned<T> {
    fn from(id: T) -> Self {
        Self { id, version: None }
    }
}

impl<T> Pinned<T> {
    /// As somebody has read it.
    #[must_use]
    pub fn read(id: T, version: i32) -> Self {
        Self {
            id,
            version: Some(version),
        }
    }

    /// Whether it may be changed in the version that it has.
    #[must_use]
    pub fn admits(&self, version: i32) -> bool {
        self.version.is_none_or(|wanted| wanted == version)
    }
}
