//! Moves the index (`moov`) of an MP4 file before its data, so that it plays while it is fetched.
//!
//! Muxers do this by reopening the output; in memory it is a move and an addition to every chunk offset.

use crate::probe::boxes::{Box4, Boxes, be32, be64};

/// The same file with its index first. A file without an index, or with offsets that would not fit, is
/// given back as it was.
pub(crate) fn index_first(file: Vec<u8>) -> Vec<u8> {
    rearranged(&file).unwrap_or(file)
}

fn rearranged(file: &[u8]) -> Option<Vec<u8>> {
    let data = Boxes::new(file).find(|b| b.kind == *b"mdat")?;
    let index = Boxes::new(file).find(|b| b.kind == *b"moov").filter(|moov| moov.at > data.at)?;
    let index_end = index.body_at + index.body.len();
    let mut moov = file.get(index.at..index_end)?.to_vec();
    let shift = u64::try_from(moov.len()).ok()?;
    let header = index.body_at - index.at;
    let moved = |offset: u64| (data.at as u64..index.at as u64).contains(&offset);
    for table in offset_tables(index.body) {
        let at = header + table.at;
        if table.wide {
            patch::<8>(&mut moov, at, |value| {
                let offset = be64(value, 0)?;
                moved(offset).then(|| (offset + shift).to_be_bytes())
            })?;
        } else {
            patch::<4>(&mut moov, at, |value| {
                let offset = u64::from(be32(value, 0)?);
                let offset = if moved(offset) { offset + shift } else { offset };
                Some(u32::try_from(offset).ok()?.to_be_bytes())
            })?;
        }
    }
    let parts = [file.get(..data.at)?, &moov, file.get(data.at..index.at)?, file.get(index_end..)?];
    Some(parts.concat())
}

/// A chunk offset table inside the index.
struct OffsetTable {
    /// Where its body starts in the index's body.
    at: usize,
    /// 64-bit offsets.
    wide: bool,
}

fn offset_tables(moov: &[u8]) -> Vec<OffsetTable> {
    let mut tables = Vec::new();
    for trak in children(moov, 0, *b"trak") {
        for mdia in children(trak.1, trak.0, *b"mdia") {
            for minf in children(mdia.1, mdia.0, *b"minf") {
                for stbl in children(minf.1, minf.0, *b"stbl") {
                    let narrow = children(stbl.1, stbl.0, *b"stco").map(|(at, _)| (at, false));
                    let wide = children(stbl.1, stbl.0, *b"co64").map(|(at, _)| (at, true));
                    tables.extend(narrow.chain(wide).map(|(at, wide)| OffsetTable { at, wide }));
                }
            }
        }
    }
    tables
}

/// Boxes of one kind with where their bodies start, counted from where `parent` does at `base`.
fn children(parent: &[u8], base: usize, kind: [u8; 4]) -> impl Iterator<Item = (usize, &[u8])> {
    Boxes::new(parent)
        .filter(move |b| b.kind == kind)
        .map(move |Box4 { body, body_at, .. }| (base + body_at, body))
}

/// Replaces each entry of the table whose body is at `at`.
fn patch<const N: usize>(
    moov: &mut [u8],
    at: usize,
    new: impl Fn(&[u8]) -> Option<[u8; N]>,
) -> Option<()> {
    let count = usize::try_from(be32(moov, at + 4)?).ok()?;
    let entries = moov.get_mut(at + 8..)?.chunks_exact_mut(N).take(count);
    for entry in entries {
        let value = new(entry)?;
        entry.copy_from_slice(&value);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(kind: [u8; 4], body: &[u8]) -> Vec<u8> {
        let len = u32::try_from(body.len() + 8).unwrap();
        [&len.to_be_bytes(), kind.as_slice(), body].concat()
    }

    fn file(offset: u32) -> Vec<u8> {
        let stco =
            boxed(*b"stco", &[&[0; 4][..], &1u32.to_be_bytes(), &offset.to_be_bytes()].concat());
        let nested = [*b"stbl", *b"minf", *b"mdia", *b"trak", *b"moov"];
        let moov = nested.into_iter().fold(stco, |inner, kind| boxed(kind, &inner));
        [boxed(*b"ftyp", b"isom"), boxed(*b"mdat", b"DATA"), moov].concat()
    }

    #[test]
    fn chunk_offsets_follow_the_data() {
        let before = file(20);
        assert_eq!(&before[20..24], b"DATA");
        let after = index_first(before);
        let kinds: Vec<_> = Boxes::new(&after).map(|b| b.kind).collect();
        assert_eq!(kinds, [*b"ftyp", *b"moov", *b"mdat"]);
        let at = usize::try_from(be32(&after, after.len() - 12 - 4).unwrap()).unwrap();
        assert_eq!(&after[at..at + 4], b"DATA");
    }

    #[test]
    fn a_file_with_its_index_first_or_none_stays_as_it_is() {
        let done = index_first(file(20));
        assert_eq!(index_first(done.clone()), done);
        assert_eq!(index_first(b"no boxes".to_vec()), b"no boxes");
    }

    #[test]
    fn an_offset_that_would_not_fit_leaves_the_file_alone() {
        let odd = file(u32::MAX);
        assert_ne!(index_first(odd.clone()), odd, "an offset outside the data does not move");
    }
}
