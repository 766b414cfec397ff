//! The picture.

use std::fs;

use anyhow::Context;
use plotters::{
    backend::SVGBackend,
    chart::{ChartBuilder, SeriesLabelPosition},
    coord::combinators::{BindKeyPoints, IntoLogRange},
    drawing::IntoDrawingArea,
    element::{Circle, PathElement},
    series::LineSeries,
    style::{BLACK, Color, RGBColor, WHITE},
};

use super::Curve;

const SIZE: (u32, u32) = (860, 520);
/// Apart for those who see fewer colours, too.
const COLOURS: [RGBColor; 2] = [RGBColor(0, 94, 162), RGBColor(214, 90, 10)];
/// Room for the last circle, and for the names of the lines above them.
const BESIDE: f64 = 1.12;
const ABOVE: f64 = 1.3;

/// Writes it, in a folder that is made if there is none.
pub(super) fn draw(curve: &Curve) -> anyhow::Result<()> {
    let folder = curve.plot.parent().context("the plot needs a folder")?;
    let unwritable = || format!("cannot write {}", curve.plot.display());
    fs::create_dir_all(folder).with_context(unwritable)?;
    let svg = to_svg(curve)?;
    fs::write(&curve.plot, svg).with_context(unwritable)
}

fn to_svg(curve: &Curve) -> anyhow::Result<String> {
    let mut svg = String::new();
    let first = *curve.streams.first().context("no point")?;
    let last = *curve.streams.last().context("no point")?;
    let points = curve.lines.iter().flat_map(|(_, points)| points);
    let most = points.map(|point| point.calls_per_second).fold(1.0, f64::max);
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        let streams = (f64::from(first)..f64::from(last) * BESIDE).log_scale().base(4.0);
        let mut chart = ChartBuilder::on(&area)
            .margin(18)
            .caption(&curve.name, ("sans-serif", 20))
            .x_label_area_size(44)
            .y_label_area_size(78)
            .build_cartesian_2d(
                streams.with_key_points(curve.streams.iter().map(|n| f64::from(*n)).collect()),
                0.0..most * ABOVE,
            )?;
        chart
            .configure_mesh()
            .light_line_style(WHITE)
            .bold_line_style(BLACK.mix(0.12))
            .x_desc("calls in flight")
            .y_desc("calls/s")
            .x_label_formatter(&|streams| format!("{streams:.0}"))
            .y_label_formatter(&|calls| format!("{calls:.0}"))
            .label_style(("sans-serif", 14))
            .draw()?;
        for ((name, points), colour) in curve.lines.iter().zip(COLOURS) {
            let points = curve.streams.iter().zip(points);
            let points = points.map(|(streams, point)| (f64::from(*streams), point.calls_per_second));
            chart
                .draw_series(LineSeries::new(points.clone(), colour.stroke_width(2)))?
                .label(*name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 22, y)], colour.stroke_width(2)));
            chart.draw_series(points.map(|point| Circle::new(point, 4, colour.filled())))?;
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .label_font(("sans-serif", 15))
            .background_style(WHITE)
            .border_style(BLACK.mix(0.3))
            .draw()?;
        area.present()?;
    }
    Ok(svg)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::curve::{Point, STREAMS};

    #[test]
    fn the_picture_names_what_it_shows() {
        let point = |calls_per_second| Point { cpu_microseconds_per_call: 30.0, calls_per_second };
        let line = |factor: f64| STREAMS.map(|streams| point(f64::from(streams) * factor)).to_vec();
        let curve = Curve {
            name: "ValidateToken & echo".to_owned(),
            streams: STREAMS.to_vec(),
            lines: vec![("auth-service", line(90.0)), ("echo", line(100.0))],
            plot: "unused".into(),
        };
        let svg = to_svg(&curve).unwrap();
        for text in ["ValidateToken &amp; echo", "auth-service", "calls in flight", "calls/s", "\n64\n", "\n256\n"] {
            assert!(svg.contains(text), "{text:?} in {svg}");
        }
        let lines =
            svg.lines().filter(|line| line.starts_with("<polyline") && line.matches(',').count() == STREAMS.len());
        assert_eq!(lines.count(), curve.lines.len());
        assert_eq!(svg.matches("<circle").count(), 2 * STREAMS.len());
    }
}
