//! Tables in the documents that are made from the program: they say what it does.
//!
//! `UPDATE_GOLDEN=1` writes them anew.

use crate::read::project;
use fivefifty::cli::formats_table;
use std::fs;

const BEGIN: &str = "<!-- formats: written by the tests -->\n";
const END: &str = "<!-- end of formats -->";

#[test]
fn the_table_of_formats_is_that_of_the_program() {
    for name in ["README.md", "docs/FORMATS.md"] {
        let path = project(name);
        let text = fs::read_to_string(&path).expect("a document");
        let begin =
            text.find(BEGIN).unwrap_or_else(|| panic!("{name} has a place for the table")) + BEGIN.len();
        let end = begin + text[begin..].find(END).expect("the table's end");
        let expect = format!("{}\n{}\n{}", &text[..begin], formats_table(), &text[end..]);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&path, expect).expect("the document can be written");
        } else {
            assert_eq!(text, expect, "{name}: UPDATE_GOLDEN=1 writes the table anew");
        }
    }
}
