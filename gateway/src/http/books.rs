//! `/data/v1/rounds/…`: leaf files of round books, and the lists of data files in them;
//! `/data/v1/manifests/…` and `/data/v1/classes/…`: documents that the chain has the hash of. Anybody may
//! read them, from any web page.

use std::{convert::Infallible, io};

use bytes::{Bytes, BytesMut};
use futures_util::stream;
use http::{Method, Response, StatusCode, header, request::Parts};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use tokio::{fs::File, io::AsyncReadExt as _};

use super::media::{self, Reply};
use crate::{
    context::Context,
    errors::{Problem, Reason},
    payments::{
        anchor::anchored_file,
        books::{LeafFile, leaf_file},
    },
};

/// Read at once; a book of a million sessions has 400 MB.
const PIECE: usize = 64 * 1024;
const METHODS: &str = "GET, HEAD";

/// The answer, if a book is asked for.
pub(super) async fn answer(context: &Context, parts: &Parts) -> Option<Reply> {
    let data_dir = &context.config.data_dir;
    let (path, kept) = match LeafFile::parse(parts.uri.path()) {
        // A late ticket makes a revision.
        Some(file) => (leaf_file(data_dir, &file), "no-cache"),
        None => (anchored_file(data_dir, parts.uri.path())?, "public, max-age=31536000, immutable"),
    };
    if !matches!(parts.method, Method::GET | Method::HEAD) {
        return Some(media::problem(&Problem::method_not_allowed(&parts.method, METHODS)));
    }
    let opened = async {
        let file = File::open(&path).await?;
        let length = file.metadata().await?.len();
        Ok::<_, io::Error>((file, length))
    };
    let (file, length) = match opened.await {
        Ok(opened) => opened,
        Err(error) => {
            if error.kind() != io::ErrorKind::NotFound {
                tracing::warn!(%error, path = %path.display(), "published data cannot be read");
            }
            let text =
                "there is no such round book or document; a book is made when its round is over";
            return Some(media::problem(&Problem::new(Reason::NotFound, text)));
        }
    };
    let body = if parts.method == Method::HEAD {
        media::full(Bytes::new())
    } else {
        StreamBody::new(stream::unfold(file, piece)).boxed()
    };
    let mut reply = Response::new(body);
    *reply.status_mut() = StatusCode::OK;
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    headers.insert(header::CONTENT_LENGTH, length.into());
    let anybody = header::HeaderValue::from_static("*");
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, anybody);
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static(kept));
    Some(reply)
}

/// The next piece. An error ends the body before its announced length, which the reader notices.
async fn piece(mut file: File) -> Option<(Result<Frame<Bytes>, Infallible>, File)> {
    let mut piece = BytesMut::with_capacity(PIECE);
    match file.read_buf(&mut piece).await {
        Ok(0) => None,
        Ok(_) => Some((Ok(Frame::data(piece.freeze())), file)),
        Err(error) => {
            tracing::warn!(%error, "a round book was read in part");
            None
        }
    }
}
