//! The picture and the sound that tools, prompts and resources hand out.

use mcp_driver::Content;

/// One red pixel.
pub(crate) const PNG: &[u8] = include_bytes!("pixel.png");
pub(crate) const PNG_TYPE: &str = "image/png";

/// A millisecond of silence.
const WAV: &[u8] = include_bytes!("silence.wav");
const WAV_TYPE: &str = "audio/wav";

pub(crate) fn picture() -> Content {
    Content::image(PNG, PNG_TYPE)
}

pub(crate) fn sound() -> Content {
    Content::audio(WAV, WAV_TYPE)
}
