//! A picture of what bounds cost and bring: shares of attacks noticed over shares of honest work alarmed.

use std::fmt::Write as _;

/// Width and height of a panel's axes, and what lies around them.
const SIDE: (f64, f64) = (360.0, 260.0);
const MARGIN: (f64, f64) = (70.0, 50.0);
/// Share of honest work at the right end of the axis.
const MOST: f64 = 0.1;
const COLOURS: [&str; 2] = ["#b05a00", "#005f9e"];

/// One material: each value as a multiple of its bound.
pub(crate) struct Curve {
    pub(crate) name: &'static str,
    pub(crate) honest: Vec<f64>,
    pub(crate) forged: Vec<f64>,
}

/// One set of axes.
pub(crate) struct Panel {
    pub(crate) title: &'static str,
    pub(crate) curves: Vec<Curve>,
}

impl Curve {
    /// Shares of honest work and of attacks beyond `factor` times their bounds.
    fn at(&self, factor: f64) -> (f64, f64) {
        let share = |values: &[f64]| {
            let beyond = values.iter().filter(|value| **value > factor).count();
            fraction(beyond, values.len())
        };
        (share(&self.honest), share(&self.forged))
    }

    /// All different points, from the strictest bounds to the loosest.
    fn points(&self) -> Vec<(f64, f64)> {
        let mut factors: Vec<f64> = self.honest.iter().chain(&self.forged).copied().collect();
        factors.retain(|factor| factor.is_finite());
        factors.sort_by(f64::total_cmp);
        let mut points: Vec<_> = factors.iter().rev().map(|factor| self.at(*factor)).collect();
        points.push(self.at(-1.0));
        points.dedup();
        points
    }
}

/// The whole picture, as SVG.
pub(crate) fn drawn(panels: &[Panel]) -> String {
    let wide = SIDE.0 + MARGIN.0 + 20.0;
    let (width, height) = (wide * fraction(panels.len(), 1), SIDE.1 + 2.0 * MARGIN.1);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <title>Attacks noticed over honest renditions alarmed</title>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n"
    );
    for (index, panel) in panels.iter().enumerate() {
        let left = MARGIN.0 + wide * fraction(index, 1);
        draw(&mut svg, panel, left);
    }
    svg.push_str("</svg>\n");
    svg
}

fn draw(svg: &mut String, panel: &Panel, left: f64) {
    let place = |(honest, forged): (f64, f64)| {
        (left + SIDE.0 * (honest / MOST).min(1.0), MARGIN.1 + SIDE.1 * (1.0 - forged))
    };
    let mut text = |x: f64, y: f64, anchor: &str, what: &str| {
        writeln!(svg, "<text x=\"{x:.0}\" y=\"{y:.0}\" text-anchor=\"{anchor}\">{what}</text>")
            .unwrap();
    };
    let (right, bottom) = (left + SIDE.0, MARGIN.1 + SIDE.1);
    text(left, MARGIN.1 - 14.0, "start", panel.title);
    text(
        f64::midpoint(left, right),
        bottom + 36.0,
        "middle",
        "honest renditions beyond the bounds",
    );
    for fifth in 0..=5 {
        let share = fraction(fifth, 5);
        let (x, y) = place((share * MOST, share));
        text(x, bottom + 18.0, "middle", &format!("{:.0} %", share * MOST * 100.0));
        text(left - 8.0, y + 4.0, "end", &format!("{:.0} %", share * 100.0));
    }
    for (index, curve) in panel.curves.iter().enumerate() {
        let (honest, forged) = curve.at(1.0);
        let says = format!(
            "{}: {:.1} % of {} attacks, {:.1} % of {} honest",
            curve.name,
            forged * 100.0,
            curve.forged.len(),
            honest * 100.0,
            curve.honest.len()
        );
        text(right - 10.0, bottom - 14.0 - 18.0 * fraction(index, 1), "end", &says);
    }
    writeln!(
        svg,
        "<rect x=\"{left}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"none\" stroke=\"#888\"/>",
        MARGIN.1, SIDE.0, SIDE.1
    )
    .unwrap();
    for (curve, colour) in panel.curves.iter().zip(COLOURS) {
        let points = curve.points().into_iter().filter(|(honest, _)| *honest <= MOST);
        let line: Vec<String> = points.map(place).map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let (x, y) = place(curve.at(1.0));
        writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\n\
             <circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\" fill=\"{colour}\"/>",
            line.join(" ")
        )
        .unwrap();
    }
}

fn fraction(part: usize, whole: usize) -> f64 {
    let number = |n: usize| u32::try_from(n).map_or(f64::from(u32::MAX), f64::from);
    number(part) / number(whole.max(1))
}
