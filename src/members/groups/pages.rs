//! The pages of *Settings > Groups*: what each shows, for its template to lay out.

use askama::Template;

use super::Group;
use super::draft::{Addition, Draft};
use crate::access::{Role, Shell};
use crate::members::queries::Listed;
use crate::members::query::Query;
use crate::web::format;
use crate::web::paging::Slice;

pub const MANAGED: &str = "Nothing was changed: your identity provider manages this group by now.";

#[derive(Template)]
#[template(path = "members/groups.html")]
pub struct Index {
    pub shell: Shell,
    pub query: Query,
    pub groups: Slice<Group>,
    /// On all pages together.
    pub total: i64,
}

impl Index {
    fn range(&self) -> String {
        self.groups.label(self.total)
    }
}

/// The form, for a new group or an edited one.
#[derive(Template)]
#[template(path = "members/group_form.html")]
pub struct Form {
    pub shell: Shell,
    pub draft: Draft,
    /// The group that is edited.
    pub group: Option<Group>,
}

impl Form {
    fn action(&self) -> String {
        self.group
            .as_ref()
            .map_or("/settings/groups".to_owned(), Group::path)
    }

    fn is_managed(&self) -> bool {
        self.group.as_ref().is_some_and(|group| group.managed)
    }
}

#[derive(Template)]
#[template(path = "members/group.html")]
pub struct Show {
    pub shell: Shell,
    pub group: Group,
    pub query: Query,
    pub members: Slice<Listed>,
    /// On all pages together.
    pub total: i64,
    pub addition: Addition,
    /// Why who is in it was not changed.
    pub problem: Option<&'static str>,
}

impl Show {
    fn range(&self) -> String {
        self.members.label(self.total)
    }
}

/// "Delete …?"
#[derive(Template)]
#[template(path = "members/group_deletion.html")]
pub struct Deletion {
    pub shell: Shell,
    pub group: Group,
    /// Why it was not deleted.
    pub problem: Option<&'static str>,
}

impl Group {
    /// `1 member`, `1,204 members`
    fn counted(&self) -> String {
        format::counted(self.members, "member", "members")
    }

    fn is_of_administrators(&self) -> bool {
        self.role == Some(Role::Admin)
    }
}
