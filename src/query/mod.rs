//! The filter language, and what a query answers over a snapshot: rows, patterns, facets.
//!
//! `code:550 who:dns -domain:example.org "user unknown"`; see docs/QUERY.md.

mod column;
pub mod complete;
pub mod edit;
mod eval;
pub mod facets;
pub mod fields;
mod finder;
#[cfg(test)]
pub(crate) mod fixture;
pub mod index;
mod lex;
pub mod parse;
mod patterns;
mod places;
mod rows;
pub mod scope;
mod strings;
pub mod term;
mod totals;
pub mod view;
pub mod words;
pub mod workers;

pub use complete::{Completion, complete};
pub use eval::row_key;
pub use facets::row_label;
pub use fields::{FIELDS, Field};
pub use index::Index;
pub use parse::{Expr, Query, QueryError};
pub use rows::Rows;
pub use scope::{Scope, scope};
pub use term::{RowKey, Term, quoted_value};
pub use view::{Facet, FacetField, Facets, PatternRow, View, answer, answer_with, most_needed};
pub use workers::{Alone, Workers};
