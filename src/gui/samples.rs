//! The sample logs the program carries in itself: useful within one click on a machine with no mail.

use crate::engine::Input;
use include_dir::{Dir, include_dir};
use serde::Deserialize;
use std::sync::OnceLock;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/sample-logs");

/// One sample, as `sample-logs/samples.toml` describes it.
#[derive(Clone, Deserialize, Debug)]
pub struct Sample {
    /// "Refused by Gmail since a DNS change"
    pub title: String,
    /// What it shows: "SPF lost an address; only one sending domain is hit"
    pub shows: String,
    /// Files or folders within `sample-logs/`.
    pub paths: Vec<String>,
    /// "Postfix · 412 lines"
    #[serde(default)]
    pub detail: String,
    /// The family's icon.
    #[serde(default)]
    pub icon: String,
}

#[derive(Deserialize, Default)]
struct Samples {
    #[serde(default)]
    sample: Vec<Sample>,
}

/// All samples, in the order of the file.
pub fn all() -> &'static [Sample] {
    static ALL: OnceLock<Vec<Sample>> = OnceLock::new();
    ALL.get_or_init(|| {
        let text = FILES.get_file("samples.toml").and_then(|f| f.contents_utf8()).unwrap_or_default();
        toml::from_str::<Samples>(text).unwrap_or_default().sample
    })
}

/// What to read for a sample.
pub fn inputs(sample: &Sample) -> Vec<Input> {
    let mut inputs = Vec::new();
    for path in &sample.paths {
        let path = path.trim_end_matches('/');
        if let Some(file) = FILES.get_file(path) {
            add(&mut inputs, file);
        } else if let Some(dir) = FILES.get_dir(path) {
            add_dir(&mut inputs, dir);
        }
    }
    inputs
}

fn add_dir(inputs: &mut Vec<Input>, dir: &'static Dir<'static>) {
    for file in dir.files() {
        add(inputs, file);
    }
    for dir in dir.dirs() {
        add_dir(inputs, dir);
    }
}

fn add(inputs: &mut Vec<Input>, file: &'static include_dir::File<'static>) {
    inputs.push(Input::Named { name: file.path().to_string_lossy().into(), bytes: file.contents().into() });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_has_its_files() {
        let text = FILES.get_file("samples.toml").and_then(|f| f.contents_utf8()).unwrap_or_default();
        let samples = toml::from_str::<Samples>(text).expect("samples.toml can be read").sample;
        for sample in samples {
            assert!(!inputs(&sample).is_empty(), "{}: no files at {:?}", sample.title, sample.paths);
        }
    }
}
