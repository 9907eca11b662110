//! Keys: what each does where no text field has the focus.

use super::App;
use crate::gui::command::UiCommand;
use crate::gui::state::Tab;
use crate::model::ReadState;
use crate::notes::Reader;
use eframe::egui;
use egui::{Key, Modifiers};

impl App {
    /// Keys that belong to no text field.
    pub(super) fn keys(&mut self, ctx: &egui::Context) {
        let typing = ctx.text_edit_focused();
        let open = self.snapshot.state != ReadState::Empty;
        let popup = egui::Popup::is_any_open(ctx);
        let out = &mut self.commands;
        ctx.input_mut(|i| {
            if i.consume_key(Modifiers::COMMAND, Key::O) {
                out.push(UiCommand::OpenFiles);
            }
            if i.consume_key(Modifiers::COMMAND, Key::F) {
                out.push(UiCommand::FocusQuery);
            }
            if typing || popup {
                return;
            }
            // A letter arrives as a key and as text; the text must not reach a field that the key focuses.
            let slash = i.events.iter().any(|e| matches!(e, egui::Event::Text(t) if t == "/"));
            let question = i.events.iter().any(|e| matches!(e, egui::Event::Text(t) if t == "?"));
            if slash && open {
                i.events.retain(|e| !matches!(e, egui::Event::Text(t) if t == "/"));
                out.push(UiCommand::FocusQuery);
            }
            if question {
                out.push(UiCommand::ShowKeys(!self.state.keys_shown));
            }
            if i.consume_key(Modifiers::NONE, Key::Escape) {
                if self.state.keys_shown {
                    out.push(UiCommand::ShowKeys(false));
                } else if self.state.selection.place.is_some() {
                    out.push(UiCommand::ShowPlace(None));
                } else if self.state.selection.message.is_some() || self.state.selection.pattern.is_some() {
                    out.push(UiCommand::SelectPattern(None));
                }
            }
            if !open {
                return;
            }
            for (key, tab) in [Key::Num1, Key::Num2, Key::Num3, Key::Num4].into_iter().zip(Tab::ALL) {
                if i.consume_key(Modifiers::NONE, key) {
                    out.push(UiCommand::ShowTab(tab));
                }
            }
            for (key, command) in [
                (Key::N, UiCommand::StepPattern(1)),
                (Key::P, UiCommand::StepPattern(-1)),
                (Key::ArrowDown, UiCommand::StepMessage(1)),
                (Key::ArrowUp, UiCommand::StepMessage(-1)),
            ] {
                if i.consume_key(Modifiers::NONE, key) {
                    out.push(command);
                }
            }
            if i.consume_key(Modifiers::SHIFT, Key::C) {
                self.state.open_reader_menu = true;
            } else if i.consume_key(Modifiers::NONE, Key::C) {
                out.push(UiCommand::CopyNote(Reader::Team));
            }
        });
        // Enter on a focused control presses the control.
        let focused = ctx.memory(|m| m.focused().is_some());
        if open
            && !typing
            && !popup
            && !focused
            && ctx.input(|i| i.key_pressed(Key::Enter))
            && let Some(pattern) = &self.state.selection.pattern
        {
            self.commands.push(UiCommand::ToggleTerm(format!("pattern:{pattern}")));
        }
    }
}
