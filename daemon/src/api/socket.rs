//! The Unix socket: taken without disturbing a daemon that runs, given back on drop.

use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use nix::unistd::Group;
use tracing::debug;

/// Owner and group may connect, nobody else.
const SOCKET_MODE: u32 = 0o660;
/// A directory made for the socket: anybody may look, so that a stranger is told "denied" and not "not running".
const DIRECTORY_MODE: u32 = 0o755;

/// Why the control socket could not be had.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// A daemon answers there.
    #[error("a daemon is already running on the control socket {}", .0.display())]
    InUse(PathBuf),
    /// Something else has the name, and is left alone.
    #[error("{} exists and is not a socket; choose another path for the control socket", .0.display())]
    NotASocket(PathBuf),
    /// The operating system refused.
    #[error("cannot {action} the control socket {}", .path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// The socket.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// The control socket, listening. Removed on drop.
#[derive(Debug)]
pub struct ApiServer {
    pub(super) listener: UnixListener,
    /// The group that may control the daemon, if it exists.
    pub(super) group: Option<u32>,
    /// Removes the file when the server goes.
    _file: SocketFile,
}

impl ApiServer {
    /// Listens on `path`, making its directory if need be. Members of `group` may connect, if there is such a
    /// group; root and the daemon's own user always may.
    ///
    /// # Errors
    /// [`BindError::InUse`] if a daemon answers there. The socket of one that died is replaced.
    pub fn bind(path: &Path, group: Option<&str>) -> Result<Self, BindError> {
        let io = |action| move |source| BindError::Io { action, path: path.to_owned(), source };
        make_directory(path).map_err(io("make the directory of"))?;
        refuse_if_taken(path)?;

        // Under its own name only once owner and mode are right: whoever sees the socket may rely on them.
        let unready = unready_name(path);
        remove_if_there(&unready).map_err(io("replace"))?;
        let listener = UnixListener::bind(&unready).map_err(io("create"))?;
        let file = SocketFile::new(unready).map_err(io("look at"))?;
        let group = group.and_then(|name| give_to_group(&file.path, name));
        fs::set_permissions(&file.path, Permissions::from_mode(SOCKET_MODE))
            .map_err(io("set the mode of"))?;
        let file = file.rename(path).map_err(io("name"))?;
        listener.set_nonblocking(true).map_err(io("listen on"))?;
        Ok(Self { listener, group, _file: file })
    }
}

fn make_directory(path: &Path) -> io::Result<()> {
    let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) else {
        return Ok(());
    };
    if directory.exists() {
        return Ok(());
    }
    fs::create_dir_all(directory)?;
    fs::set_permissions(directory, Permissions::from_mode(DIRECTORY_MODE))
}

/// Fails unless the name is free or belongs to a socket on which nobody listens.
fn refuse_if_taken(path: &Path) -> Result<(), BindError> {
    let Ok(metadata) = fs::symlink_metadata(path) else {
        return Ok(());
    };
    if !metadata.file_type().is_socket() {
        return Err(BindError::NotASocket(path.to_owned()));
    }
    match UnixStream::connect(path) {
        Ok(_) => Err(BindError::InUse(path.to_owned())),
        Err(error) if matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::NotFound) => Ok(()),
        Err(source) => Err(BindError::Io { action: "probe", path: path.to_owned(), source }),
    }
}

fn unready_name(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    path.with_file_name(name)
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Lets the group connect and gives its number; none if it does not exist or may not be given the file, which
/// leaves the socket to root and the daemon's user.
fn give_to_group(path: &Path, name: &str) -> Option<u32> {
    let given = Group::from_name(name).map_err(io::Error::from).and_then(|group| {
        let Some(group) = group else { return Ok(None) };
        let gid = group.gid.as_raw();
        // A daemon of that very group needs no right to change owners, and has none.
        if fs::metadata(path)?.gid() != gid {
            chown(path, None, Some(gid))?;
        }
        Ok(Some(gid))
    });
    match given {
        Ok(gid) => gid,
        Err(error) => {
            debug!(%error, group = name, "control socket stays with the daemon's own group");
            None
        }
    }
}

/// A socket's name in the file system, removed on drop if it still is the same file.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    /// Device and inode, so that a successor's socket of the same name is left alone.
    identity: (u64, u64),
}

impl SocketFile {
    fn new(path: PathBuf) -> io::Result<Self> {
        let identity = identity(&path)?;
        Ok(Self { path, identity })
    }

    fn rename(mut self, path: &Path) -> io::Result<Self> {
        fs::rename(&self.path, path)?;
        path.clone_into(&mut self.path);
        Ok(self)
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|identity| identity == self.identity)
            && let Err(error) = fs::remove_file(&self.path)
        {
            debug!(%error, "control socket could not be removed");
        }
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    fs::symlink_metadata(path).map(|metadata| (metadata.dev(), metadata.ino()))
}
