//! Whole notices.
