//! Colours, sizes and fonts: read from `assets/`, the only place that names a colour.

use eframe::egui;
use egui::{Color32, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Margin, Stroke};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

const DARK: &str = include_str!("../../assets/theme/dark.toml");
const LIGHT: &str = include_str!("../../assets/theme/light.toml");
const SIZES: &str = include_str!("../../assets/theme/sizes.toml");

/// Makes a struct of tokens and a function that reads it from TOML, so that a missing token is found by a test.
macro_rules! tokens {
    ($(#[$doc:meta])* $name:ident of $kind:ty, $raw:ty, $read:expr; $($token:ident: $what:literal,)*) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name {
            $(#[doc = $what] pub $token: $kind,)*
        }

        impl $name {
            fn read(text: &str) -> Result<Self, String> {
                let all: BTreeMap<String, $raw> = toml::from_str(text).map_err(|e| e.to_string())?;
                let token = |name: &str| -> Result<$kind, String> {
                    let value = all.get(name).ok_or_else(|| format!("no token {name:?}"))?;
                    $read(value).ok_or_else(|| format!("bad token {name:?}"))
                };
                Ok(Self { $($token: token(stringify!($token))?,)* })
            }
        }
    };
}

tokens! {
    /// The colours of one theme.
    Colors of Color32, String, |hex: &String| Color32::from_hex(hex).ok();
    background: "Behind lists.",
    panel: "Side panels and bars.",
    raised: "Buttons, fields, pills.",
    line: "One-pixel lines between areas.",
    hover: "The row under the pointer.",
    selected: "The selected row.",
    overlay: "Over the whole window while files are dragged.",
    shadow: "Under menus.",
    text: "What is read.",
    muted: "What explains.",
    faint: "What can be overlooked.",
    on_accent: "Text on `accent`.",
    accent: "The main action, focus, the selected tab.",
    accent_hover: "`accent` under the pointer.",
    error: "What went wrong; the refused step.",
    error_surface: "Behind the refused step.",
    warning: "What deserves a look.",
    warning_surface: "Behind warnings.",
    good: "What went well.",
    good_surface: "Behind good news.",
    mark: "Behind the words that decided.",
    recipient: "Family: the recipient's address.",
    relay: "Family: permission to relay.",
    auth: "Family: authentication.",
    reputation: "Family: reputation.",
    content: "Family: the message itself.",
    mailbox: "Family: the mailbox.",
    other: "Family: everything else.",
}

tokens! {
    /// Sizes in points, the same in both themes.
    Sizes of f32, f32, |value: &f32| Some(*value);
    body: "Text.",
    small: "Explanations.",
    tiny: "Badges.",
    evidence: "Evidence, monospaced.",
    heading: "The inspector's title.",
    figure: "The headline's number.",
    start_heading: "The start page's sentence.",
    top_bar: "Height of the top bar.",
    headline: "Height of the headline.",
    status_bar: "Height of the status bar.",
    list_header: "Height of a list's title row.",
    facet_row: "Height of a facet.",
    pattern_row: "Height of a pattern.",
    message_row: "Height of a message.",
    table_header: "Height of the messages' header.",
    facets_width: "Width of the facets at first.",
    inspector_width: "Width of the inspector at first.",
    lists_width: "What the inspector leaves for the lists.",
    messages_height: "Height of the messages at first.",
    fold_facets_below: "Narrower windows hide the facets.",
    drawer_below: "Narrower windows show the inspector over the messages.",
    gap_small: "Between things that belong together.",
    gap: "Between things.",
    gap_large: "Between groups.",
    radius: "Of corners.",
}

/// One theme.
#[derive(Clone, Debug)]
pub struct Theme {
    /// It is the dark one.
    pub dark: bool,
    /// Its colours.
    pub colors: Colors,
    /// Its sizes.
    pub sizes: Sizes,
}

impl Theme {
    /// The dark or the light theme.
    pub fn get(dark: bool) -> &'static Self {
        static THEMES: OnceLock<[Theme; 2]> = OnceLock::new();
        let read = |dark: bool, colors: &str| Theme {
            dark,
            colors: Colors::read(colors).expect("the theme is complete: a test reads it"),
            sizes: Sizes::read(SIZES).expect("the sizes are complete: a test reads them"),
        };
        &THEMES.get_or_init(|| [read(false, LIGHT), read(true, DARK)])[usize::from(dark)]
    }

    /// Text.
    pub fn body(&self) -> FontId {
        FontId::new(self.sizes.body, FontFamily::Proportional)
    }

    /// Explanations.
    pub fn small(&self) -> FontId {
        FontId::new(self.sizes.small, FontFamily::Proportional)
    }

    /// Semibold text.
    pub fn strong(&self) -> FontId {
        FontId::new(self.sizes.body, semibold())
    }

    /// Titles of small sections.
    pub fn small_strong(&self) -> FontId {
        FontId::new(self.sizes.small, semibold())
    }

    /// Badges.
    pub fn badge(&self) -> FontId {
        FontId::new(self.sizes.tiny, semibold())
    }

    /// Headings.
    pub fn display(&self, size: f32) -> FontId {
        FontId::new(size, FontFamily::Name("display".into()))
    }

    /// Evidence.
    pub fn mono(&self) -> FontId {
        FontId::new(self.sizes.evidence, FontFamily::Monospace)
    }

    /// Evidence that decides.
    pub fn mono_strong(&self) -> FontId {
        FontId::new(self.sizes.evidence, FontFamily::Name("mono-semibold".into()))
    }

    /// Outlined icons.
    pub fn icon(&self, size: f32) -> FontId {
        FontId::new(size, FontFamily::Name("icons".into()))
    }

    /// Filled icons.
    pub fn icon_fill(&self, size: f32) -> FontId {
        FontId::new(size, FontFamily::Name("icons-fill".into()))
    }

    /// The colour of a family of classes, by the name of its icon.
    pub fn family(&self, icon: &str) -> Color32 {
        let colors = &self.colors;
        match icon {
            "recipient" | "rejected" | "user-minus" | "prohibit" => colors.recipient,
            "relay" | "local" | "routing" | "arrow-bend-up-right" | "house" => colors.relay,
            "auth" | "identity" | "tls" | "account" | "shield-warning" => colors.auth,
            "reputation" | "limit" | "policy" | "warning-octagon" => colors.reputation,
            "content" | "format" | "file-magnifying-glass" => colors.content,
            "mailbox" | "envelope-simple-open" => colors.mailbox,
            _ => colors.other,
        }
    }

    /// A line between areas.
    pub fn line(&self) -> Stroke {
        Stroke::new(1.0, self.colors.line)
    }

    /// The corners' radius.
    pub fn radius(&self) -> CornerRadius {
        CornerRadius::same(self.sizes.radius as u8)
    }

    /// Sets egui's own look to this theme.
    pub fn apply(&self, ctx: &egui::Context) {
        let which = if self.dark { egui::Theme::Dark } else { egui::Theme::Light };
        ctx.set_theme(which);
        ctx.style_mut_of(which, |style| self.style(style));
    }

    fn style(&self, style: &mut egui::Style) {
        let (colors, sizes) = (&self.colors, &self.sizes);
        style.text_styles = [
            (egui::TextStyle::Body, self.body()),
            (egui::TextStyle::Button, self.body()),
            (egui::TextStyle::Small, self.small()),
            (egui::TextStyle::Monospace, self.mono()),
            (egui::TextStyle::Heading, self.display(sizes.heading)),
        ]
        .into();
        style.animation_time = 0.0;
        style.interaction.selectable_labels = false;
        style.interaction.tooltip_delay = 0.4;
        style.spacing.item_spacing = egui::vec2(sizes.gap, sizes.gap_small);
        style.spacing.button_padding = egui::vec2(10.0, 4.0);
        style.spacing.interact_size = egui::vec2(24.0, 26.0);
        style.spacing.window_margin = Margin::same(14);
        style.spacing.menu_margin = Margin::same(6);
        style.spacing.scroll = egui::style::ScrollStyle {
            bar_width: 8.0,
            fade: egui::style::ScrollFadeStyle { strength: 0.0, size: 0.0 },
            ..egui::style::ScrollStyle::floating()
        };

        let mut visuals = if self.dark { egui::Visuals::dark() } else { egui::Visuals::light() };
        visuals.override_text_color = None;
        visuals.weak_text_color = Some(colors.muted);
        visuals.hyperlink_color = colors.accent;
        visuals.panel_fill = colors.panel;
        visuals.window_fill = colors.panel;
        visuals.window_stroke = self.line();
        visuals.window_corner_radius = self.radius();
        visuals.menu_corner_radius = self.radius();
        visuals.extreme_bg_color = colors.background;
        visuals.text_edit_bg_color = Some(colors.background);
        visuals.faint_bg_color = colors.hover;
        visuals.code_bg_color = colors.raised;
        visuals.warn_fg_color = colors.warning;
        visuals.error_fg_color = colors.error;
        visuals.selection.bg_fill = colors.selected;
        visuals.selection.stroke = Stroke::new(1.0, colors.accent);
        visuals.striped = false;
        let shadow = egui::Shadow { offset: [0, 4], blur: 16, spread: 0, color: colors.shadow };
        visuals.popup_shadow = shadow;
        visuals.window_shadow = shadow;
        let look = |fill: Color32, edge: Color32, text: Color32| egui::style::WidgetVisuals {
            bg_fill: fill,
            weak_bg_fill: fill,
            bg_stroke: Stroke::new(1.0, edge),
            corner_radius: self.radius(),
            fg_stroke: Stroke::new(1.0, text),
            expansion: 0.0,
        };
        visuals.widgets.noninteractive = look(colors.panel, colors.line, colors.text);
        visuals.widgets.inactive = look(colors.raised, colors.line, colors.text);
        visuals.widgets.hovered = look(colors.hover, colors.faint, colors.text);
        visuals.widgets.active = look(colors.selected, colors.accent, colors.text);
        visuals.widgets.open = look(colors.raised, colors.faint, colors.text);
        style.visuals = visuals;
    }
}

fn semibold() -> FontFamily {
    FontFamily::Name("semibold".into())
}

/// Installs the bundled fonts, and a provider that looks for an installed font where they have no glyph.
pub fn install_fonts(ctx: &egui::Context) {
    let mut fonts = FontDefinitions::empty();
    let mut add = |name: &str, bytes: &'static [u8]| {
        fonts.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(bytes)));
    };
    add("inter", include_bytes!("../../assets/fonts/Inter-Regular.otf"));
    add("inter-semibold", include_bytes!("../../assets/fonts/Inter-SemiBold.otf"));
    add("inter-display", include_bytes!("../../assets/fonts/InterDisplay-SemiBold.otf"));
    add("mono", include_bytes!("../../assets/fonts/JetBrainsMono-Regular.ttf"));
    add("mono-semibold", include_bytes!("../../assets/fonts/JetBrainsMono-SemiBold.ttf"));
    add("icons", include_bytes!("../../assets/fonts/Phosphor.ttf"));
    add("icons-fill", include_bytes!("../../assets/fonts/Phosphor-Fill.ttf"));
    let mut family = |family: FontFamily, names: &[&str]| {
        fonts.families.insert(family, names.iter().map(|n| (*n).to_owned()).collect());
    };
    family(FontFamily::Proportional, &["inter", "mono", "icons"]);
    family(FontFamily::Monospace, &["mono", "inter", "icons"]);
    family(FontFamily::Name("semibold".into()), &["inter-semibold", "mono-semibold"]);
    family(FontFamily::Name("display".into()), &["inter-display", "inter-semibold"]);
    family(FontFamily::Name("mono-semibold".into()), &["mono-semibold", "inter-semibold"]);
    family(FontFamily::Name("icons".into()), &["icons", "inter"]);
    family(FontFamily::Name("icons-fill".into()), &["icons-fill", "inter"]);
    ctx.set_fonts(fonts);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance(color: Color32) -> f32 {
        let linear = egui::Rgba::from(color);
        0.2126 * linear.r() + 0.7152 * linear.g() + 0.0722 * linear.b()
    }

    fn contrast(a: Color32, b: Color32) -> f32 {
        let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
        a.max(b) / a.min(b)
    }

    #[test]
    fn text_can_be_read() {
        for dark in [true, false] {
            let c = &Theme::get(dark).colors;
            let surfaces = [c.background, c.panel, c.raised, c.hover, c.selected];
            let mut pairs = Vec::new();
            for surface in surfaces {
                pairs.extend([(c.text, surface), (c.muted, surface)]);
            }
            for surface in [c.background, c.panel, c.raised] {
                pairs.push((c.faint, surface));
            }
            pairs.extend([
                (c.on_accent, c.accent),
                (c.text, c.mark),
                (c.good, c.good_surface),
                (c.warning, c.warning_surface),
                (c.error, c.error_surface),
                (c.accent, c.panel),
                (c.accent, c.raised),
                (c.warning, c.panel),
                (c.error, c.background),
            ]);
            for (text, surface) in pairs {
                let got = contrast(text, surface);
                assert!(got >= 4.5, "dark {dark}: {text:?} on {surface:?} has {got:.2}");
            }
        }
    }
}
