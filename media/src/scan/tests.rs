//! Tests of the scan with damaged files; those with recorded ones are in `tests/it`.

mod hostile;
mod units;
