//! In which order orchestrators are asked, as far as trust has a say.

use super::state::State;

/// Indices of those that may be asked, in the order they should be: whoever is out is left out, and
/// suspects come after everybody else, or before everybody in one of the few closer looks that let
/// them show what they are. All others stay in the order they came in: newcomers take their share,
/// since their answers wait for the verdict anyway.
pub fn order(states: &[State], look: bool) -> Vec<usize> {
    let mut order: Vec<_> =
        (0..states.len()).filter(|i| states.get(*i) != Some(&State::Out)).collect();
    order.sort_by_key(|i| (states.get(*i) == Some(&State::Suspected)) != look);
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATES: [State; 5] =
        [State::Suspected, State::Out, State::New, State::Trusted, State::Probation];

    #[test]
    fn suspects_come_last_and_whoever_is_out_not_at_all() {
        assert_eq!(order(&STATES, false), [2, 3, 4, 0]);
    }

    #[test]
    fn in_a_closer_look_suspects_come_first() {
        assert_eq!(order(&STATES, true), [0, 2, 3, 4]);
    }

    #[test]
    fn without_suspects_the_order_is_the_one_given() {
        assert_eq!(order(&[State::New, State::Trusted], true), [0, 1]);
        assert_eq!(order(&[State::Out], true), [0; 0]);
    }
}
