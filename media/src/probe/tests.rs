//! Tests of the parsers with bit streams built by hand, with damaged ones, and with ones that libav encoded.

pub(crate) mod build;
mod containers;
#[cfg(feature = "libav")]
mod encoded;
mod hostile;
mod parameter_sets;
