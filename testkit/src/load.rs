//! Load runs. (Filled in below.)
