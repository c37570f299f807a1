//! The faults that are switched on, in a queue for each phase.

use std::collections::VecDeque;

use parking_lot::Mutex;

use crate::fault::{
    ConnectionFault, DownloadFault, Fault, FaultSpec, GetOrchestratorFault, ParamsFault,
    PaymentFault, RefreshFault, SegmentFault, Times,
};

/// Queues of faults; the first of a queue strikes until it is used up.
#[derive(Debug, Default)]
pub(crate) struct Switchboard {
    queues: Mutex<Queues>,
}

#[derive(Debug, Default)]
struct Queues {
    info: Queue<GetOrchestratorFault>,
    segment: Queue<SegmentFault>,
    download: Queue<DownloadFault>,
    connection: Queue<ConnectionFault>,
    payment: Queue<PaymentFault>,
    params: Queue<ParamsFault>,
    refresh: Queue<RefreshFault>,
}

type Queue<F> = VecDeque<(F, Times)>;

impl Switchboard {
    pub(crate) fn new(faults: Vec<FaultSpec>) -> Self {
        let board = Self::default();
        for spec in faults {
            board.inject(spec.fault, spec.times);
        }
        board
    }

    pub(crate) fn inject(&self, fault: Fault, times: Times) {
        let mut queues = self.queues.lock();
        match fault {
            Fault::GetOrchestrator(fault) => queues.info.push_back((fault, times)),
            Fault::Segment(fault) => queues.segment.push_back((fault, times)),
            Fault::Download(fault) => queues.download.push_back((fault, times)),
            Fault::Connection(fault) => queues.connection.push_back((fault, times)),
            Fault::Payment(fault) => queues.payment.push_back((fault, times)),
            Fault::Params(fault) => queues.params.push_back((fault, times)),
            Fault::Refresh(fault) => queues.refresh.push_back((fault, times)),
        }
    }

    pub(crate) fn clear(&self) {
        *self.queues.lock() = Queues::default();
    }

    pub(crate) fn info(&self) -> Option<GetOrchestratorFault> {
        next(&mut self.queues.lock().info)
    }

    pub(crate) fn segment(&self) -> Option<SegmentFault> {
        next(&mut self.queues.lock().segment)
    }

    pub(crate) fn download(&self) -> Option<DownloadFault> {
        next(&mut self.queues.lock().download)
    }

    pub(crate) fn connection(&self) -> Option<ConnectionFault> {
        next(&mut self.queues.lock().connection)
    }

    pub(crate) fn payment(&self) -> Option<PaymentFault> {
        next(&mut self.queues.lock().payment)
    }

    pub(crate) fn params(&self) -> Option<ParamsFault> {
        next(&mut self.queues.lock().params)
    }

    pub(crate) fn refresh(&self) -> Option<RefreshFault> {
        next(&mut self.queues.lock().refresh)
    }
}

fn next<F: Clone>(queue: &mut Queue<F>) -> Option<F> {
    while let Some((fault, times)) = queue.front_mut() {
        match times {
            Times::Always => return Some(fault.clone()),
            Times::N(0) => {
                queue.pop_front();
            }
            Times::N(n) => {
                *n -= 1;
                return Some(fault.clone());
            }
            Times::Once => return queue.pop_front().map(|(fault, _)| fault),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_of_a_phase_strike_one_after_the_other() {
        let board = Switchboard::default();
        board.inject(SegmentFault::Busy.into(), Times::Once);
        board.inject(SegmentFault::WrongSeq.into(), Times::N(2));
        board.inject(SegmentFault::EmptyBody.into(), Times::N(0));
        board.inject(SegmentFault::Capped.into(), Times::Always);
        board.inject(DownloadFault::Hang.into(), Times::Once);
        let struck: Vec<_> = (0..5).filter_map(|_| board.segment()).collect();
        assert_eq!(
            struck,
            [
                SegmentFault::Busy,
                SegmentFault::WrongSeq,
                SegmentFault::WrongSeq,
                SegmentFault::Capped,
                SegmentFault::Capped,
            ]
        );
        assert_eq!(board.download(), Some(DownloadFault::Hang));
        assert_eq!(board.download(), None);
        board.clear();
        assert_eq!(board.segment(), None);
    }
}
