//! Where the panels are, in a wide and in a narrow window.

use super::App;
use crate::gui::command::{Commands, UiCommand};
use crate::gui::frame_ctx::FrameCtx;
use crate::gui::panels::{
    facets, headline, inspector, keys, lists, messages, overlay, patterns, start, status_bar, top_bar,
};
use crate::gui::state::{List, State};
use crate::model::ReadState;
use eframe::egui;
use egui::{Frame, Panel};

impl App {
    /// Draws everything once.
    pub fn draw(&mut self, ui: &mut egui::Ui) {
        let ctx = ui.ctx().clone();
        let mut out = std::mem::take(&mut self.commands);
        // Panels get the frame's context and their own state at the same time.
        let mut query = std::mem::take(&mut self.state.query);
        let mut typed_path = std::mem::take(&mut self.state.typed_path);
        let frame = self.frame_ctx(&ctx);
        let theme = frame.theme;
        let sizes = &theme.sizes;
        let fill = |color| Frame::new().fill(color);
        let open = frame.snapshot.state != ReadState::Empty;
        let wide = frame.width >= sizes.fold_facets_below;
        let drawer = frame.width < sizes.drawer_below;
        // Without any refusal there is nothing to filter and nothing to inspect.
        let ended = frame.snapshot.state != ReadState::Reading;
        let nothing = ended && frame.view.n_patterns_total == 0 && frame.view.patterns.is_empty();
        let facets_shown = open && !nothing && wide != self.state.facets_toggled;
        let inspectable = !nothing || self.state.selection.place.is_some();
        let inspector_shown = open && inspectable && drawer == self.state.inspector_toggled;

        Panel::top("top bar")
            .exact_size(sizes.top_bar)
            .show_separator_line(false)
            .frame(fill(theme.colors.panel))
            .show(ui, |ui| {
                let toggles = open && !nothing;
                let shown = top_bar::Shown { facets: facets_shown, inspector: inspector_shown, toggles };
                top_bar::top_bar_ui(ui, &frame, &mut query, &shown, &mut out);
            });
        // Panels get their place from the edges inwards, but are drawn in reading order, which is Tab's.
        let status_bar = Panel::bottom("status bar").exact_size(sizes.status_bar).show_separator_line(false);
        let status_bar = reserve(ui, status_bar.frame(fill(theme.colors.panel)));
        if open {
            Panel::top("headline")
                .exact_size(sizes.headline)
                .show_separator_line(false)
                .frame(fill(theme.colors.panel))
                .show(ui, |ui| headline::headline_ui(ui, &frame));
            if facets_shown {
                Panel::left("facets")
                    .default_size(sizes.facets_width)
                    .size_range(160.0..=360.0)
                    .frame(fill(theme.colors.panel))
                    .show(ui, |ui| facets::facets_ui(ui, &frame, &mut out));
            }
            let inspector = (inspector_shown && !drawer).then(|| {
                let panel = Panel::right("inspector")
                    .default_size(sizes.inspector_width)
                    .size_range(300.0..=(frame.width - sizes.lists_width).max(300.0));
                reserve(ui, panel.frame(fill(theme.colors.panel)))
            });
            egui::CentralPanel::default().frame(fill(theme.colors.background)).show(ui, |ui| {
                lists_ui(ui, &frame, self.state.list, &mut out);
            });
            if let Some(place) = inspector {
                fill_ui(ui, "inspector", place, |ui| {
                    inspector::inspector_ui(ui, &frame, &self.state, self.saved.markdown, &mut out);
                });
            }
            if inspector_shown && drawer {
                drawer_ui(&ctx, &frame, &self.state, self.saved.markdown, &mut out);
            }
        } else {
            egui::CentralPanel::default().frame(fill(theme.colors.background)).show(ui, |ui| {
                start::start_ui(ui, &frame, &self.saved.recent, &mut typed_path, &mut out);
            });
        }
        fill_ui(ui, "status bar", status_bar, |ui| status_bar::status_bar_ui(ui, &frame, &mut out));
        if self.state.keys_shown && !keys::keys_ui(&ctx, theme) {
            out.push(UiCommand::ShowKeys(false));
        }
        if let Some(toast) = &self.state.toast {
            overlay::toast_ui(&ctx, theme, toast);
        }
        if let Some(hover) = self.state.hover {
            overlay::drop_overlay(&ctx, theme, hover, open);
        }

        self.state.query = query;
        self.state.typed_path = typed_path;
        self.state.selection.scroll = false;
        self.state.open_reader_menu = false;
        let commands = out.take();
        if !commands.is_empty() {
            // What a command changed shows in the next frame.
            ctx.request_repaint();
        }
        for command in commands {
            self.run(&ctx, command);
        }
    }
}

/// Patterns above, messages below; or what there is instead.
fn lists_ui(ui: &mut egui::Ui, frame: &FrameCtx<'_>, list: List, out: &mut Commands) {
    let theme = frame.theme;
    if frame.view.patterns.is_empty() && list == List::Messages {
        lists::empty_ui(ui, frame, out);
        return;
    }
    let height = ui.available_height();
    let panel = Panel::bottom("messages")
        .resizable(true)
        .default_size((height * 0.52).min(theme.sizes.messages_height.max(height * 0.45)))
        .size_range(120.0..=(height - 120.0).max(121.0));
    let below = reserve(ui, panel.frame(Frame::new().fill(theme.colors.background)));
    let mut bar = |shown: bool, name: &'static str, color| {
        let panel = Panel::bottom(name).exact_size(28.0).show_separator_line(false);
        shown.then(|| reserve(ui, panel.frame(Frame::new().fill(color))))
    };
    let stopped = bar(frame.snapshot.state == ReadState::Stopped, "stopped", theme.colors.warning_surface);
    let problem = bar(!frame.snapshot.problems.is_empty(), "problem", theme.colors.panel);
    egui::CentralPanel::default()
        .frame(Frame::new().fill(theme.colors.background))
        .show(ui, |ui| patterns::patterns_ui(ui, frame, out));
    if let Some(place) = problem {
        fill_ui(ui, "problem", place, |ui| messages::problem_bar_ui(ui, frame, out));
    }
    if let Some(place) = stopped {
        fill_ui(ui, "stopped", place, |ui| messages::stopped_bar_ui(ui, frame));
    }
    fill_ui(ui, "messages", below, |ui| messages::lower_list_ui(ui, frame, list, out));
}

/// Takes a panel's place, with its background and its edge that can be dragged. [`fill_ui`] draws into it.
fn reserve(ui: &mut egui::Ui, panel: Panel) -> egui::Rect {
    let take_all = |ui: &mut egui::Ui| {
        let place = ui.max_rect();
        ui.expand_to_include_rect(place);
        place
    };
    panel.show(ui, take_all).inner
}

/// Draws into a place that was taken before.
fn fill_ui(ui: &mut egui::Ui, name: &str, place: egui::Rect, add: impl FnOnce(&mut egui::Ui)) {
    let layout = egui::Layout::top_down(egui::Align::Min);
    let mut inner =
        ui.new_child(egui::UiBuilder::new().id_salt(("filled", name)).max_rect(place).layout(layout));
    inner.set_clip_rect(place.intersect(ui.clip_rect()));
    add(&mut inner);
}

/// The inspector over the lists, from the right: in windows too narrow for both.
fn drawer_ui(ctx: &egui::Context, frame: &FrameCtx<'_>, state: &State, markdown: bool, out: &mut Commands) {
    let sizes = &frame.theme.sizes;
    let all = ctx.content_rect();
    let top = all.top() + sizes.top_bar + sizes.headline;
    let width = sizes.inspector_width.min(all.width() - 60.0);
    let rect = egui::Rect::from_min_max(
        egui::pos2(all.right() - width, top),
        egui::pos2(all.right(), all.bottom() - sizes.status_bar),
    );
    egui::Area::new(egui::Id::unique("drawer")).order(egui::Order::Middle).fixed_pos(rect.min).show(
        ctx,
        |ui| {
            ui.set_min_size(rect.size());
            ui.set_max_size(rect.size());
            ui.painter().rect_filled(rect, 0, frame.theme.colors.panel);
            ui.painter().vline(rect.left(), rect.y_range(), frame.theme.line());
            let mut ui = ui.new_child(egui::UiBuilder::new().max_rect(rect));
            ui.set_clip_rect(rect);
            inspector::inspector_ui(&mut ui, frame, state, markdown, out);
        },
    );
}
