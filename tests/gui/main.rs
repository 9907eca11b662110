//! The window's logic, without a display: find by name, click, type, look.

use eframe::egui;
use egui::{Key, Modifiers, OutputCommand};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use fivefifty::engine::{Engine, Input};
use fivefifty::gui::fixture::{self, Fixture};
use fivefifty::gui::state::Sort;
use fivefifty::gui::{App, samples};
use std::sync::Arc;

const SIZE: [f32; 2] = [1440.0, 900.0];

/// A window of the target's size over given data.
fn window(fixture: Fixture) -> Harness<'static, App> {
    window_of(fixture, SIZE)
}

fn window_of(fixture: Fixture, size: [f32; 2]) -> Harness<'static, App> {
    let mut harness = Harness::builder().with_size(size).with_max_steps(20).build_eframe(|cc| {
        let engine = Engine::start(fixture.knowledge.clone(), None, Arc::new(|| {}));
        App::with_fixture(&cc.egui_ctx, engine, fixture)
    });
    settle(&mut harness);
    harness
}

/// The sentence about the scope comes from a thread and asks for a frame of its own.
fn settle(harness: &mut Harness<'static, App>) {
    harness.run_ok();
    std::thread::sleep(std::time::Duration::from_millis(30));
    harness.run_ok();
}

/// Everything that was copied within the next frames.
fn copied(harness: &mut Harness<'static, App>) -> Vec<String> {
    let mut texts = Vec::new();
    for _ in 0..4 {
        harness.step();
        for command in &harness.output().platform_output.commands {
            if let OutputCommand::CopyText(text) = command {
                texts.push(text.clone());
            }
        }
    }
    texts
}

/// Selects a pattern by its place in the list.
fn select(harness: &mut Harness<'static, App>, place: usize) {
    harness.key_press(Key::Escape);
    settle(harness);
    for _ in 0..=place {
        harness.key_press(Key::N);
        settle(harness);
    }
}

#[test]
fn a_facet_puts_its_term_into_the_query() {
    let mut harness = window(fixture::working());
    let all = harness.state().view().rows.len();
    harness.get_by_label_contains("5 Policy: reputation").click();
    settle(&mut harness);
    assert_eq!(harness.state().query(), "row:reputation");
    let some = harness.state().view().rows.len();
    assert!(some > 0 && some < all, "{some} of {all}");
    harness.get_by_label_contains("5 Policy: reputation").click();
    settle(&mut harness);
    assert_eq!(harness.state().query(), "");
    assert_eq!(harness.state().view().rows.len(), all);
}

#[test]
fn a_typed_query_filters() {
    let mut harness = window(fixture::working());
    harness.get_by_label("Filter").focus();
    harness.run_ok();
    harness.get_by_label("Filter").type_text("stage:mail_from");
    settle(&mut harness);
    assert_eq!(harness.state().query(), "stage:mail_from");
    assert_eq!(harness.state().view().rows.len(), 202);
    harness.get_by_label("Clear filter").click();
    settle(&mut harness);
    assert_eq!(harness.state().view().rows.len(), 1574);
}

#[test]
fn a_mistake_in_the_query_is_said_and_the_last_answer_stays() {
    let mut harness = window(fixture::working());
    harness.get_by_label("Filter").focus();
    harness.run_ok();
    harness.get_by_label("Filter").type_text("stage:nowhere");
    settle(&mut harness);
    assert_eq!(harness.state().query(), "stage:nowhere");
    assert_eq!(harness.state().view().rows.len(), 1574, "the last good answer stays");
    assert!(harness.query_all_by_label_contains("nowhere").count() > 0, "the sentence is shown");
}

#[test]
fn the_query_field_proposes_fields_and_values() {
    let mut harness = window(fixture::working());
    harness.get_by_label("Filter").focus();
    harness.run_ok();
    harness.get_by_label("Filter").type_text("sta");
    settle(&mut harness);
    harness.get_by_label("stage:");
    assert_eq!(harness.state().view().rows.len(), 1574, "half a field's name filters nothing");
    harness.key_press(Key::Tab);
    settle(&mut harness);
    assert_eq!(harness.state().query(), "stage:");
    harness.get_by_label("mail_from").click();
    settle(&mut harness);
    assert_eq!(harness.state().query(), "stage:mail_from ");
    assert_eq!(harness.state().view().rows.len(), 202);
}

#[test]
fn slash_goes_to_the_query_and_is_not_typed() {
    let mut harness = window(fixture::working());
    harness.event(egui::Event::Text("/".to_owned()));
    harness.run_ok();
    harness.run_ok();
    assert!(harness.get_by_label("Filter").is_focused());
    assert_eq!(harness.state().query(), "");
}

#[test]
fn the_most_needed_pattern_is_selected_when_reading_ends() {
    let harness = window(fixture::working());
    assert!(harness.state().selected_pattern().is_some());
    let harness = window(fixture::reading());
    assert_eq!(harness.state().selected_pattern(), None);
}

#[test]
fn a_click_on_a_pattern_shows_it() {
    let mut harness = window(fixture::working());
    harness.get_by_label_contains("act, 202 refusals").click();
    settle(&mut harness);
    assert_eq!(harness.state().selected_pattern(), Some("v1:0000ab120002"));
    assert!(harness.query_all_by_label_contains("202 refusals of 202 recipients").count() > 0);
    harness.key_press(Key::N);
    settle(&mut harness);
    assert_eq!(harness.state().selected_pattern(), Some("v1:0000ab120003"));
    harness.key_press(Key::Enter);
    settle(&mut harness);
    assert_eq!(harness.state().query(), "pattern:v1:0000ab120003");
    assert_eq!(harness.state().view().patterns.len(), 1);
}

#[test]
fn the_tabs_show_why_evidence_and_raw() {
    let mut harness = window(fixture::working());
    select(&mut harness, 0);
    harness.key_press(Key::Num2);
    settle(&mut harness);
    harness.get_by_label("Grouped by");
    harness.key_press(Key::Num3);
    settle(&mut harness);
    harness.get_by_label("gmail-smtp-in.l.google.com [192.0.2.26]");
    harness.key_press(Key::Num4);
    settle(&mut harness);
    harness.get_by_label_contains("status=bounced");
}

#[test]
fn c_copies_the_note_for_our_team() {
    let mut harness = window(fixture::working());
    select(&mut harness, 4);
    // Not `key_press`: the output kept is that of the last event's frame.
    harness.key_down(Key::C);
    let texts = copied(&mut harness);
    assert_eq!(texts.len(), 1);
    assert!(texts[0].contains("Relay"), "{}", texts[0]);
    assert!(harness.query_all_by_label_contains("Note for our team copied").count() > 0);
}

#[test]
fn steps_can_be_ticked() {
    let mut harness = window(fixture::working());
    select(&mut harness, 0);
    harness.get_by_label_contains("Publish a DMARC record").click();
    settle(&mut harness);
    let ticked = |harness: &Harness<'_, App>| {
        let boxes = harness.get_all_by_role(egui::accesskit::Role::CheckBox);
        boxes.filter(|b| b.accesskit_node().toggled() == Some(egui::accesskit::Toggled::True)).count()
    };
    assert_eq!(ticked(&harness), 1);
}

#[test]
fn nothing_matches_offers_to_drop_the_last_term() {
    let mut harness = window(fixture::working());
    harness.get_by_label("Filter").focus();
    harness.run_ok();
    harness.get_by_label("Filter").type_text("code:550 domain:nowhere.example");
    settle(&mut harness);
    harness.get_by_label("Nothing matches the filter");
    harness.get_by_label("Drop the last term").click();
    settle(&mut harness);
    assert_eq!(harness.state().query(), "code:550");
    assert!(!harness.state().view().rows.is_empty());
}

#[test]
fn no_refusal_says_what_was_read() {
    let harness = window(fixture::no_refusals());
    harness.get_by_label("No refusal found");
    harness.get_by_label_contains("1,918 lines of 1 source read");
}

#[test]
fn problems_and_lines_not_understood_are_listed() {
    let mut harness = window(fixture::working());
    harness.get_by_label("Problems 1").click();
    settle(&mut harness);
    harness.get_by_label_contains("the gzip stream ends early");
    harness.get_by_label("4 not understood").click();
    settle(&mut harness);
    harness.get_by_label("/var/log/mail.log:812").click();
    settle(&mut harness);
    harness.get_by_label("Line not understood");
    harness.get_by_label_contains("550 5.1.1 ⟨U+202E⟩no");
    harness.get_by_label("Copy for a report").click();
    let texts = copied(&mut harness);
    assert_eq!(texts.len(), 1);
    assert!(texts[0].contains("mail.log:812\n") && texts[0].contains("550 5.1.1"), "{}", texts[0]);
    assert!(!texts[0].contains("ana@") && texts[0].contains("@gmail.example"), "{}", texts[0]);
    assert!(!texts[0].contains("ready"), "lines around it are other people's: {}", texts[0]);
    harness.key_press(Key::Escape);
    settle(&mut harness);
    assert_eq!(harness.query_all_by_label("Line not understood").count(), 0);
    assert!(harness.state().selected_pattern().is_some(), "what was selected comes back");
}

#[test]
fn a_not_understood_line_opens_the_inspector_of_a_narrow_window() {
    let mut harness = window_of(fixture::working(), [820.0, 600.0]);
    harness.get_by_label("4 not understood").click();
    settle(&mut harness);
    harness.get_by_label("/var/log/mail.log:812").click();
    settle(&mut harness);
    harness.get_by_label("Line not understood");
}

#[test]
fn a_field_leads_to_its_line() {
    let mut harness = window(fixture::working());
    select(&mut harness, 0);
    harness.key_press(Key::Num3);
    settle(&mut harness);
    assert_eq!(harness.state().raw_line(), None);
    let places = harness.get_all_by_label("mail.log:81207").collect::<Vec<_>>();
    assert!(places.len() > 1, "the time, the attempt and the place itself");
    places[0].click();
    settle(&mut harness);
    assert_eq!(harness.state().raw_line(), Some(81_207));
    harness.get_by_label_contains("client=app3");
}

#[test]
fn the_guide_unfolds_below_what_to_do() {
    let mut harness = window(fixture::working());
    select(&mut harness, 0);
    assert_eq!(harness.query_all_by_label("Prevention").count(), 0);
    // It is below what the window shows: a click by the pointer would not reach it.
    harness.get_by_label_contains("The guide:").click_accesskit();
    settle(&mut harness);
    for title in [
        "Triage, in this order",
        "Checks on the sender's side",
        "Checks on the recipient's side",
        "Prevention",
        "Questions",
        "Should a 550 be retried automatically?",
    ] {
        harness.get_by_label(title);
    }
    harness.get_by_label_contains("Get the full transcript");
    assert!(harness.query_all_by_label_contains("swaks --to ").count() > 0, "names are filled in");
}

#[test]
fn patterns_can_be_sorted_and_the_keys_follow() {
    let mut harness = window(fixture::working());
    let first = harness.state().view().patterns[0].pattern.id.clone();
    harness.get_by_label("Order of the patterns").click();
    settle(&mut harness);
    harness.get_by_label("Last seen first").click();
    settle(&mut harness);
    assert_eq!(harness.state_mut().saved_mut().sort, Sort::LastSeen);
    assert_eq!(harness.state().view().patterns[0].pattern.id, first, "the answer stays as it is");
    select(&mut harness, 0);
    let last_seen = |harness: &Harness<'static, App>| {
        let id = harness.state().selected_pattern().expect("one is selected").to_owned();
        let row = harness.state().view().patterns.iter().find(|p| *p.pattern.id == *id);
        row.expect("it is part of the answer").last_seen
    };
    let newest = harness.state().view().patterns.iter().map(|p| p.last_seen).max().expect("some");
    assert_eq!(last_seen(&harness), newest);
    harness.key_press(Key::N);
    settle(&mut harness);
    assert!(last_seen(&harness) <= newest);
}

#[test]
fn after_stop_a_bar_says_that_it_is_a_part() {
    let harness = window(fixture::stopped());
    harness.get_by_label_contains("Reading was stopped; what was read is shown");
}

#[test]
fn pasted_text_is_evidence() {
    let mut harness = window(fixture::empty());
    harness.event(egui::Event::Paste("550 5.1.1 no".to_owned()));
    settle(&mut harness);
    assert!(matches!(harness.state().added(), [Input::Pasted(bytes)] if &**bytes == b"550 5.1.1 no"));
}

#[test]
fn a_typed_path_is_opened() {
    let mut harness = window(fixture::empty());
    harness.get_by_label("Path").focus();
    harness.run_ok();
    harness.get_by_label("Path").type_text("/var/log/mail.log");
    harness.run_ok();
    harness.key_press(Key::Enter);
    settle(&mut harness);
    assert!(matches!(harness.state().added(), [Input::Path(path)] if path.ends_with("mail.log")));
}

#[test]
fn a_sample_is_opened_by_a_click() {
    let Some(sample) = samples::all().first() else { return };
    let mut harness = window(fixture::empty());
    harness.get_by_label(&sample.title).click();
    settle(&mut harness);
    assert!(matches!(harness.state().added(), [Input::Named { .. }, ..]));
}

#[test]
fn dropped_files_are_opened() {
    let mut harness = window(fixture::empty());
    harness.input_mut().hovered_files = vec![egui::HoveredFile::default(); 3];
    harness.step();
    harness.input_mut().hovered_files.clear();
    harness.input_mut().dropped_files = vec![Arc::new(Dropped("/tmp/a.log".into()))];
    harness.step();
    harness.run_ok();
    assert!(matches!(harness.state().added(), [Input::Path(path)] if path.ends_with("a.log")));
}

#[derive(Debug)]
struct Dropped(std::path::PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &std::path::Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        Err("must not be read on the UI thread".to_owned())
    }
}

#[test]
fn narrow_windows_fold_the_facets_then_the_inspector() {
    let mut harness = window_of(fixture::working(), [1000.0, 640.0]);
    assert_eq!(harness.query_all_by_label("Hide facets").count(), 0);
    harness.get_by_label("Show facets").click();
    settle(&mut harness);
    harness.get_by_label("Hide facets");
    let mut harness = window_of(fixture::working(), [820.0, 600.0]);
    assert_eq!(harness.query_all_by_label("Copy note").count(), 0);
    harness.get_by_label("Show inspector").click();
    settle(&mut harness);
    harness.get_by_label("Copy note");
}

#[test]
fn both_themes_and_every_state_draw() {
    for make in [fixture::working, fixture::reading, fixture::no_refusals, fixture::empty] {
        for dark in [true, false] {
            let mut harness = window(make());
            harness.state_mut().saved_mut().dark = dark;
            settle(&mut harness);
            harness.key_press_modifiers(Modifiers::SHIFT, Key::C);
            settle(&mut harness);
        }
    }
}

#[test]
fn the_window_is_idle_when_nothing_happens() {
    let mut harness = window(fixture::working());
    settle(&mut harness);
    assert!(harness.run() <= 2);
}
