//! What the results of a job are put through, and what follows: the class of its tag, else the
//! settings.

use waymark_opendata::VerifyMode;
use waymark_tagging::{
    Tag,
    class::{OnFail, VerificationMode as OfClass, VerificationPolicy},
};
use waymark_verification::action;

use crate::{advertise::Advertiser, config::VerificationMode};

/// The checks of one job.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// How deep.
    pub mode: VerificationMode,
    /// Share of the results that are compared picture by picture, where the class says.
    pub sample_rate: Option<f64>,
    /// What follows a failure.
    pub on_fail: action::OnFail,
}

impl Plan {
    /// For a job of this tag.
    pub fn of(tag: &Tag, setting: VerificationMode, advertiser: Option<&Advertiser>) -> Self {
        let published = advertiser.map(Advertiser::published);
        let class = published.as_ref().and_then(|published| {
            let of_tag = published.classes().find(|change| change.tag == *tag)?;
            of_tag.class.clone()
        });
        let policy = class.as_ref().and_then(|class| class.verification.as_ref());
        policy.map_or_else(|| Self::by_setting(setting), Self::by_class)
    }

    const fn by_setting(mode: VerificationMode) -> Self {
        Self { mode, sample_rate: None, on_fail: action::OnFail::Suspend }
    }

    fn by_class(policy: &VerificationPolicy) -> Self {
        Self {
            mode: match policy.mode {
                OfClass::None => VerificationMode::None,
                OfClass::Fast => VerificationMode::Fast,
                OfClass::Full => VerificationMode::Full,
                OfClass::FastAndFull => VerificationMode::FastAndFull,
            },
            sample_rate: policy.sample_rate.and_then(|rate| rate.to_string().parse().ok()),
            on_fail: match policy.on_fail {
                Some(OnFail::Record) => action::OnFail::Record,
                Some(OnFail::Retry) => action::OnFail::Retry,
                Some(OnFail::Suspend) | None => action::OnFail::Suspend,
            },
        }
    }

    /// Nothing is looked at but number, order, signature and container.
    pub fn is_off(&self) -> bool {
        self.mode == VerificationMode::None
    }

    /// The word in records.
    pub const fn word(&self) -> VerifyMode {
        match self.mode {
            VerificationMode::None => VerifyMode::None,
            VerificationMode::Fast => VerifyMode::Fast,
            VerificationMode::Full => VerifyMode::Full,
            VerificationMode::FastAndFull => VerifyMode::FastAndFull,
        }
    }
}
