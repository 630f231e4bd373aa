//! The door for fuzz targets.

use tokio::net::UnixStream;

use super::{Control, routes, serve};

/// Answers what comes over one connection, as it does for a caller who may control the daemon.
pub async fn answer(stream: UnixStream, control: impl Control) {
    serve::serve_connection(stream, routes::router(control)).await;
}
