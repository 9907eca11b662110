//! TOML to knowledge.
//!
//! `guidance/*.toml` holds `[[class]]` blocks, `guidance/guide.toml` the general lists, `providers/*.toml` one
//! provider each, `rules/*.toml` `[[rule]]` blocks. Files under `user/` hold rules of the user's own. Unknown keys,
//! classes and providers are errors: a rule that silently does nothing is worse than one that does not load.

use super::schema::{ClassesToml, GuideToml, Known, ProviderToml, RulesToml};
use super::{Class, Guide, KnowledgeError, Provider, Rule};
use include_dir::{Dir, include_dir};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

static GUIDANCE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/assets/guidance");
static PROVIDERS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/assets/providers");
static RULES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/assets/rules");

/// The class of what no rule knows. It must exist.
pub(super) const UNCLASSIFIED: &str = "unclassified";

/// The file with the lists that belong to no class.
const GUIDE: &str = "guidance/guide.toml";

/// What the files say, put together.
#[derive(Default)]
pub(super) struct Loaded {
    pub classes: Vec<Class>,
    pub providers: Vec<Provider>,
    pub rules: Vec<Rule>,
    pub guide: Guide,
}

/// The files the program carries, as `folder/name.toml` and text, in name order.
pub(super) fn builtin_sources() -> Vec<(String, &'static str)> {
    let mut sources: Vec<_> = [("guidance", &GUIDANCE), ("providers", &PROVIDERS), ("rules", &RULES)]
        .into_iter()
        .flat_map(|(folder, dir)| dir.files().map(move |f| (folder, f)))
        .filter(|(_, f)| f.path().extension().is_some_and(|e| e == "toml"))
        .filter_map(|(folder, f)| Some((format!("{folder}/{}", f.path().display()), f.contents_utf8()?)))
        .collect();
    sources.sort();
    sources
}

/// Reads all files. Classes and providers first, so that rules can name them whatever the order of the files.
pub(super) fn load(sources: &[(String, &str)]) -> Result<Loaded, KnowledgeError> {
    let mut loaded = Loaded::default();
    for (file, text) in sources.iter().filter(|(f, _)| folder(f) == "guidance") {
        if file == GUIDE {
            loaded.guide = parse::<GuideToml>(file, text)?.build();
            continue;
        }
        for class in parse::<ClassesToml>(file, text)?.class {
            let line = line_of(text, class.id.span().start);
            loaded.classes.push(class.build().map_err(|m| error(file, line, &m))?);
        }
    }
    let class_by_id = indices("class", loaded.classes.iter().map(|c| c.id.as_str()))?;
    if !class_by_id.contains_key(UNCLASSIFIED) {
        return Err(KnowledgeError::File {
            file: "guidance".into(),
            message: format!("there is no class {UNCLASSIFIED:?}"),
        });
    }
    for (file, text) in sources.iter().filter(|(f, _)| folder(f) == "providers") {
        loaded.providers.push(parse::<ProviderToml>(file, text)?.build());
    }
    loaded.providers.sort_by(|a, b| a.id.cmp(&b.id));
    let provider_by_id = indices("provider", loaded.providers.iter().map(|p| p.id.as_str()))?;
    let known = Known { classes: &class_by_id, providers: &provider_by_id };
    for (file, text) in sources.iter().filter(|(f, _)| matches!(folder(f), "rules" | "user")) {
        for rule in parse::<RulesToml>(file, text)?.rule {
            let line = line_of(text, rule.id.span().start);
            loaded.rules.push(rule.build(file, &known).map_err(|m| error(file, line, &m))?);
        }
    }
    Ok(loaded)
}

fn folder(file: &str) -> &str {
    file.split('/').next().unwrap_or("")
}

fn indices<'a>(
    kind: &str,
    ids: impl Iterator<Item = &'a str>,
) -> Result<BTreeMap<&'a str, usize>, KnowledgeError> {
    let mut map = BTreeMap::new();
    for (i, id) in ids.enumerate() {
        if map.insert(id, i).is_some() {
            return Err(KnowledgeError::File { file: kind.into(), message: format!("{id:?} stands twice") });
        }
    }
    Ok(map)
}

fn parse<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, KnowledgeError> {
    toml::from_str(text).map_err(|e| {
        let line = e.span().map_or(1, |span| line_of(text, span.start));
        error(file, line, e.message())
    })
}

fn error(file: &str, line: usize, message: &str) -> KnowledgeError {
    KnowledgeError::File { file: file.into(), message: format!("line {line}: {message}") }
}

fn line_of(text: &str, at: usize) -> usize {
    1 + memchr::memchr_iter(b'\n', &text.as_bytes()[..at.min(text.len())]).count()
}

#[cfg(test)]
mod tests {
    use super::super::Knowledge;

    const CLASS: &str = "[[class]]\nid = \"unclassified\"\ntitle = \"t\"\nicon = \"i\"\ncause = \"c\"\nneed = \"act\"\n\
                         retry = \"never\"\nretry_note = \"n\"\nactor = [\"sender\"]\nfix = []\nverify = []\n";

    #[track_caller]
    fn check(file: &str, text: &str, expect: &str) {
        let sources = [("guidance/a.toml", CLASS), (file, text)];
        let got = match Knowledge::from_sources(sources) {
            Ok(_) => "ok".to_owned(),
            Err(e) => e.to_string(),
        };
        assert_eq!(got, expect);
    }

    #[test]
    fn mistakes_are_named() {
        check("rules/x.toml", "[[rule]]\nid = \"a\"\nclass = \"unclassified\"\nany_text = [\"b\"]\n", "ok");
        check(
            "rules/x.toml",
            "[[rule]]\n\nid = \"a\"\nclass = \"nope\"\n",
            "rules/x.toml: line 3: rule a: unknown class \"nope\"",
        );
        check(
            "rules/x.toml",
            "[[rule]]\nid = \"a\"\nclass = \"unclassified\"\nprovider = \"p\"\n",
            "rules/x.toml: line 2: rule a: unknown provider \"p\"",
        );
        check(
            "rules/x.toml",
            "[[rule]]\nid = \"a\"\nclass = \"unclassified\"\nenhanced = [\"5.7\"]\n",
            "rules/x.toml: line 2: rule a: no enhanced status code: \"5.7\"",
        );
        check(
            "user/x.toml",
            "[[rule]]\nid = \"a\"\nclass = \"unclassified\"\nregex = \"(\"\n",
            "user/x.toml: line 2: rule a: regex: regex parse error:     (     ^ error: unclosed group",
        );
        check(
            "rules/x.toml",
            "[[rule]]\nid = \"a\"\nclass = \"unclassified\"\n",
            "rules/x.toml: line 2: rule a: no condition",
        );
        check(
            "providers/x.toml",
            "id = \"p\"\nname = \"P\"\nmx = 1\n",
            "providers/x.toml: line 3: unknown field `mx`, expected one of `id`, `name`, `mx_suffix`, `recipient_domains`, `tokens`, `links`",
        );
        check("guidance/b.toml", CLASS, "class: \"unclassified\" stands twice");
    }

    #[test]
    fn unclassified_must_exist() {
        assert!(Knowledge::from_sources([("guidance/a.toml", "")]).is_err());
    }
}
