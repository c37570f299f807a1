//! Honest and dishonest results of each pipeline.

mod bytes;
mod live;
mod masks;
mod pictures;
mod sound;
mod text;

use super::*;

#[test]
fn every_pipeline_has_its_checks_a_name_and_a_capability() {
    let mut capabilities: Vec<u32> = Pipeline::ALL.map(Pipeline::capability).to_vec();
    for pipeline in Pipeline::ALL {
        assert_eq!(checks(pipeline).pipeline(), pipeline);
        assert_eq!(Pipeline::named(&format!("/{}", pipeline.as_str())), Some(pipeline));
    }
    capabilities.sort_unstable();
    assert_eq!(capabilities, (27..=37).collect::<Vec<_>>());
    assert_eq!(Pipeline::named("transcode"), None);
}
