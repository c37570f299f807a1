//! MPEG-7 video signatures, as FFmpeg's filter of that name writes them: what stock nodes return for
//! perceptual hashes. The filter is under the GPL; a build that has this feature links a libavfilter
//! that contains it.

use super::{Reel, TapeError};
use crate::av::Fault;

impl Reel {
    /// The signature of the pictures, in the binary form. Fails where libavfilter was built without it.
    pub fn signature(&self) -> Result<Vec<u8>, TapeError> {
        let no_file = |_| Fault::Missing("a file in the folder for temporary files");
        let file = tempfile::Builder::new().prefix("signature").tempfile().map_err(no_file)?;
        let path =
            file.path().to_str().ok_or(Fault::Missing("a temporary file with a plain name"))?;
        // The filter writes when the last picture has passed.
        self.filter(&format!("[in]signature=format=binary:filename={path}[out]"), None)?;
        let bytes = std::fs::read(file.path()).map_err(no_file)?;
        if bytes.is_empty() {
            return Err(Fault::Missing("the filter `signature`").into());
        }
        Ok(bytes)
    }
}
