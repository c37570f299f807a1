//! Medians, percentiles and the one place where counts become fractions.

/// A count as a number. Counts here are pictures, blocks or samples: far below 2^32, and a larger
/// one is only ever a divisor.
pub(super) fn count(n: usize) -> f64 {
    u32::try_from(n).map_or(f64::from(u32::MAX), f64::from)
}

/// Arithmetic mean; `None` of nothing.
pub(super) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / count(values.len()))
}

/// The middle value, or the mean of the two in the middle; `None` of nothing.
pub(super) fn median(values: &mut [f64]) -> Option<f64> {
    percentile(values, 50)
}

/// The value below which `percent` of all lie, interpolated between the two neighbours (as most
/// statistics packages do); `None` of nothing. Sorts its argument.
pub(super) fn percentile(values: &mut [f64], percent: u32) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let last = u32::try_from(values.len().checked_sub(1)?).ok()?;
    let scaled = u64::from(last) * u64::from(percent.min(100));
    let below = usize::try_from(scaled / 100).ok()?;
    let part = f64::from(u32::try_from(scaled % 100).ok()?) / 100.0;
    let low = *values.get(below)?;
    let high = values.get(below + 1).copied().unwrap_or(low);
    Some(low + (high - low) * part)
}

/// Twice the median of fixed-point values: whole even where the median is a half. Reorders.
pub(super) fn twice_median(values: &mut [u16]) -> Option<u32> {
    let middle = values.len() / 2;
    if values.is_empty() {
        return None;
    }
    let even = values.len().is_multiple_of(2);
    let (below, high, _) = values.select_nth_unstable(middle);
    let low = if even { below.iter().max().copied().unwrap_or(*high) } else { *high };
    Some(u32::from(low) + u32::from(*high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_interpolated_and_nothing_has_none() {
        let mut values: Vec<f64> = (0..60).map(f64::from).collect();
        assert_eq!(percentile(&mut values, 97), Some(57.23));
        assert_eq!(percentile(&mut values, 100), Some(59.0));
        assert_eq!(median(&mut [4.0, 1.0, 3.0, 2.0]), Some(2.5));
        assert_eq!(median(&mut []), None);
        assert_eq!(mean(&[]), None);
    }

    #[test]
    fn the_median_of_fixed_point_values_keeps_its_half() {
        assert_eq!(twice_median(&mut [5, 1, 4]), Some(8));
        assert_eq!(twice_median(&mut [5, 1, 4, 2]), Some(6));
        assert_eq!(twice_median(&mut []), None);
    }
}
