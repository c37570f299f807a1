//! Price and ticket parameters that belong together.

use std::sync::Arc;

use alloy_primitives::B256;
use num_traits::Zero as _;

use crate::money::Wei;
use crate::price::Price;
use crate::ticket::TicketParams;

/// Terms of payment. Replaced as a whole, never edited.
#[derive(Debug)]
pub(crate) struct Terms {
    pub(crate) session_id: Arc<str>,
    pub(crate) price: Price,
    pub(crate) params: Option<TicketParams>,
    /// What a ticket is worth, not in lowest terms.
    pub(crate) value: Wei,
}

impl Terms {
    pub(super) fn new(session_id: &str, price: Price, params: Option<TicketParams>) -> Self {
        let value = params.map_or_else(Wei::zero, |params| params.expected_value());
        Self { session_id: session_id.into(), price, params, value }
    }

    /// Names the parameters.
    pub(super) fn hash(&self) -> B256 {
        self.params.map(|params| params.recipient_rand_hash).unwrap_or_default()
    }
}

/// Whether no ticket under these parameters can be worth anything.
pub(super) fn is_worthless(params: &TicketParams) -> bool {
    params.face_value.is_zero() || params.win_prob.is_zero()
}
