//! The measurements themselves: from bytes to numbers, inside the worker.

use bytes::Bytes;

use super::protocol::{Measured, Task};

/// Everything that needs a file, a lock or a table, before the worker is confined.
pub(super) fn prepare() {
    #[cfg(feature = "libav")]
    waymark_media::version();
}

/// Without libav nothing can be decoded.
#[cfg(not(feature = "libav"))]
pub(super) fn run(_: &Task, _: &[Bytes]) -> Result<Measured, String> {
    Err("this program was built without decoding".to_owned())
}

#[cfg(feature = "libav")]
pub(super) use with_libav::run;

#[cfg(feature = "libav")]
mod with_libav {
    use waymark_media::{
        Container,
        pixels::{Pictures, PixelLimits, Request, key_grids, pixels},
    };
    use waymark_verification::measure::{Keep, MeasureError, Source};

    use super::{Bytes, Measured, Task};
    use crate::orchestrator::error::chain;

    /// Measures; an error is the files' fault and one line.
    pub(in super::super) fn run(task: &Task, files: &[Bytes]) -> Result<Measured, String> {
        match task {
            Task::KeyGrids { container, lattice, most } => {
                let [file] = files else { return Err("one file was expected".to_owned()) };
                let limits = PixelLimits { key_frames: *most, ..PixelLimits::default() };
                let grids = key_grids(file, *container, *lattice, &limits);
                grids.map(|grids| Measured::Grids(grids.into())).map_err(|error| chain(&error))
            }
            Task::Grids { container, lattice, at } => {
                let [file] = files else { return Err("one file was expected".to_owned()) };
                let grids = at.as_deref().map_or(Pictures::All, Pictures::At);
                let request = Request { grids, ..Request::new(*lattice) };
                let made = pixels(file, *container, &request, &PixelLimits::default());
                made.map(|made| Measured::Grids(made.grids.into())).map_err(|error| chain(&error))
            }
            Task::Compare { source, renditions } => {
                let made = each(files, *source, renditions, |source, file, asked| {
                    source.compare(file, asked)
                });
                made.map(Measured::Compared)
            }
            Task::Dispute { source, renditions } => {
                let made = each(files, *source, renditions, |source, file, asked| {
                    source.dispute(file, asked)
                });
                made.map(Measured::Disputed)
            }
        }
    }

    /// Measures each rendition; the outer error is the source's fault, the inner ones are not.
    fn each<A, F>(
        files: &[Bytes],
        container: Container,
        asked: &[A],
        measure: impl Fn(&mut Source<'_>, &[u8], &A) -> Result<F, MeasureError>,
    ) -> Result<Vec<Result<F, String>>, String> {
        let Some((source, renditions)) = files.split_first() else {
            return Err("a source was expected".to_owned());
        };
        let mut source = Source::new(source, container, PixelLimits::default(), Keep::Needed);
        let measured = asked.iter().zip(renditions).map(|(asked, file)| {
            match measure(&mut source, file, asked) {
                Err(error @ MeasureError::Source(_)) => Err(chain(&error)),
                measured => Ok(measured.map_err(|error| chain(&error))),
            }
        });
        measured.collect()
    }
}
