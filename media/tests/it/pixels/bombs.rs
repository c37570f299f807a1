//! Inputs that are made to cost more than they are worth.
