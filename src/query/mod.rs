//! The filter language, and what a query answers over a snapshot: rows, patterns, facets.
//!
//! `code:550 who:dns -domain:example.org "user unknown"`; see docs/QUERY.md.

pub mod parse;
pub mod scope;
pub mod view;

pub use parse::{Query, QueryError};
pub use scope::{Scope, scope};
pub use view::{Facet, FacetField, Facets, PatternRow, View, answer};
