//! The two containers that segments travel in, with the extension and media type each has on the wire.

use std::fmt;

/// Container of a segment, as its file extension names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Container {
    /// MPEG-2 transport stream, `.ts`.
    #[default]
    MpegTs,
    /// ISO base media file, whole or fragmented, `.mp4`.
    Mp4,
}

impl Container {
    /// File extension without the dot.
    pub const fn ext(self) -> &'static str {
        match self {
            Self::MpegTs => "ts",
            Self::Mp4 => "mp4",
        }
    }

    /// Media type for `Content-Type`.
    pub const fn mime(self) -> &'static str {
        match self {
            Self::MpegTs => "video/mp2t",
            Self::Mp4 => "video/mp4",
        }
    }

    /// The container an extension names, with or without its dot and in any case; `None` for any other.
    pub fn from_ext(ext: &str) -> Option<Self> {
        let ext = ext.strip_prefix('.').unwrap_or(ext);
        [Self::MpegTs, Self::Mp4].into_iter().find(|c| ext.eq_ignore_ascii_case(c.ext()))
    }
}

impl fmt::Display for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MpegTs => "MPEG-TS",
            Self::Mp4 => "MP4",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extension_and_media_type_are_those_of_the_wire() {
        assert_eq!((Container::MpegTs.ext(), Container::MpegTs.mime()), ("ts", "video/mp2t"));
        assert_eq!((Container::Mp4.ext(), Container::Mp4.mime()), ("mp4", "video/mp4"));
    }

    #[test]
    fn an_extension_is_recognised_in_any_case_and_with_its_dot() {
        assert_eq!(Container::from_ext(".TS"), Some(Container::MpegTs));
        assert_eq!(Container::from_ext("mp4"), Some(Container::Mp4));
        assert_eq!(Container::from_ext("m3u8"), None);
    }
}
