//! Log dialects: one file an MTA.
