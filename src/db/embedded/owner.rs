//! The user whom PostgreSQL runs as and its files belong to: ourselves, or as root, from whom
//! it refuses to run, the one who owns the cluster, or else `postgres` or `nobody`.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, fchown, lchown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::fcntl::OFlag;
use nix::unistd::{Gid, Uid, User, getegid, geteuid};

use super::{Error, failed_to};

#[derive(Debug)]
pub struct Owner {
    uid: Uid,
    gid: Gid,
}

impl Owner {
    /// Who runs the cluster in `directory`, or is to, if there is none yet.
    pub fn of(directory: &Path) -> Result<Self, Error> {
        let present = fs::symlink_metadata(directory)
            .ok()
            .map(|metadata| Uid::from_raw(metadata.uid()));
        let us = geteuid();
        match present {
            Some(uid) if uid != us && !us.is_root() => Err(Error::NotOurs {
                cluster: directory.to_owned(),
                uid: uid.as_raw(),
            }),
            _ if !us.is_root() => Ok(Self {
                uid: us,
                gid: getegid(),
            }),
            Some(uid) if !uid.is_root() => Self::known(User::from_uid(uid)),
            _ => Self::known(User::from_name("postgres"))
                .or_else(|_| Self::known(User::from_name("nobody"))),
        }
    }

    fn known(user: nix::Result<Option<User>>) -> Result<Self, Error> {
        let user = user.ok().flatten().ok_or(Error::NoUser)?;
        Ok(Self {
            uid: user.uid,
            gid: user.gid,
        })
    }

    /// `program`, to be run as this user, from a directory that everybody may be in, and with
    /// messages in English, since we read some.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.uid(self.uid.as_raw()).gid(self.gid.as_raw());
        command.current_dir("/").env("LC_ALL", "C");
        command
    }

    /// Names the outermost directory that keeps this user from `path`, if one does. Asks the
    /// kernel, as this user: permission bits are not the whole story.
    pub fn check_way_to(&self, path: &Path) -> Result<(), Error> {
        if self.can_enter(path)? {
            return Ok(());
        }
        let mut way: Vec<&Path> = path.ancestors().collect();
        way.reverse();
        for directory in way {
            if !self.can_enter(directory)? {
                return Err(Error::Unreachable {
                    user: self.name(),
                    blocked: directory.to_owned(),
                });
            }
        }
        Ok(())
    }

    fn can_enter(&self, directory: &Path) -> Result<bool, Error> {
        let mut shell = self.command(Path::new("/bin/sh"));
        shell.args(["-c", "cd \"$0\""]).arg(directory);
        shell
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let status = shell
            .status()
            .map_err(failed_to("run", Path::new("/bin/sh")))?;
        Ok(status.success())
    }

    /// A directory of this user's, closed to others. One that is there already must be so:
    /// its name may lie in a directory where anyone can make what they like.
    pub fn make_directory(&self, path: &Path) -> Result<(), Error> {
        match DirBuilder::new().mode(0o700).create(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            result => result.map_err(failed_to("make", path))?,
        }
        let found = fs::symlink_metadata(path).map_err(failed_to("look at", path))?;
        // Ours, if we were killed before we could give it away.
        let trusted = [self.uid.as_raw(), geteuid().as_raw()].contains(&found.uid());
        if !found.is_dir() || !trusted || found.mode() & 0o077 != 0 {
            return Err(Error::UnsafeSockets {
                directory: path.to_owned(),
                user: self.name(),
            });
        }
        lchown(path, Some(self.uid.as_raw()), Some(self.gid.as_raw()))
            .map_err(failed_to("change the owner of", path))
    }

    /// A file of this user's to append to.
    pub fn open_log(&self, path: &Path) -> Result<File, Error> {
        let log = File::options()
            .append(true)
            .create(true)
            .mode(0o600)
            // As root we do not give away what a link points to.
            .custom_flags(OFlag::O_NOFOLLOW.bits())
            .open(path);
        let log = log.map_err(failed_to("open", path))?;
        fchown(&log, Some(self.uid.as_raw()), Some(self.gid.as_raw()))
            .map_err(failed_to("change the owner of", path))?;
        Ok(log)
    }

    fn name(&self) -> String {
        User::from_uid(self.uid)
            .ok()
            .flatten()
            .map_or_else(|| self.uid.to_string(), |user| user.name)
    }
}
