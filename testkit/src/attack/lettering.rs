//! Letters as chains of boxes for libavfilter: text without a font, which a build machine need not have.

/// Columns and rows of a letter.
const CELL: (u32, u32) = (5, 7);

/// Where letters go and how they look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    x: u32,
    y: u32,
    /// Pixels of a dot of a letter.
    dot: u32,
    colour: &'static str,
}

impl Style {
    /// White letters whose upper left corner is here.
    pub(super) const fn at(x: u32, y: u32) -> Self {
        Self { x, y, dot: 1, colour: "white" }
    }

    /// About so many pixels high.
    pub(super) fn letter_height(self, pixels: u32) -> Self {
        Self { dot: (pixels / CELL.1).max(1), ..self }
    }

    /// In a colour as libavfilter names it, with opacity after an @.
    pub(super) const fn colour(self, colour: &'static str) -> Self {
        Self { colour, ..self }
    }
}

/// A chain of filters that writes capital letters of [`glyph`] in one line.
pub(super) fn letters(text: &str, style: Style) -> String {
    let mut boxes = vec!["null".to_owned()];
    for (place, letter) in (0u32..).zip(text.chars()) {
        let left = style.x + place * (CELL.0 + 1) * style.dot;
        for (row, bits) in (0u32..).zip(glyph(letter)) {
            for (column, length) in runs(bits) {
                boxes.push(format!(
                    "drawbox=x={}:y={}:w={}:h={}:c={}:t=fill",
                    left + column * style.dot,
                    style.y + row * style.dot,
                    length * style.dot,
                    style.dot,
                    style.colour
                ));
            }
        }
    }
    boxes.join(",")
}

/// Runs of dots in a row: first column and length.
fn runs(bits: u8) -> Vec<(u32, u32)> {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for column in (0..CELL.0).filter(|column| bits & (16 >> column) != 0) {
        match runs.last_mut() {
            Some((from, length)) if *from + *length == column => *length += 1,
            _ => runs.push((column, 1)),
        }
    }
    runs
}

/// Seven rows of five dots, the highest bit on the left; blank for what is not drawn here.
fn glyph(letter: char) -> [u8; 7] {
    match letter {
        'A' => [14, 17, 17, 31, 17, 17, 17],
        'B' => [30, 17, 17, 30, 17, 17, 30],
        'D' => [30, 17, 17, 17, 17, 17, 30],
        'E' => [31, 16, 16, 30, 16, 16, 31],
        'F' => [31, 16, 16, 30, 16, 16, 16],
        'G' => [14, 17, 16, 23, 17, 17, 14],
        'H' => [17, 17, 17, 31, 17, 17, 17],
        'I' => [14, 4, 4, 4, 4, 4, 14],
        'L' => [16, 16, 16, 16, 16, 16, 31],
        'N' => [17, 25, 21, 19, 17, 17, 17],
        'O' => [14, 17, 17, 17, 17, 17, 14],
        'P' => [30, 17, 17, 30, 16, 16, 16],
        'R' => [30, 17, 17, 30, 20, 18, 17],
        'S' => [15, 16, 16, 14, 1, 1, 30],
        'T' => [31, 4, 4, 4, 4, 4, 4],
        'U' => [17, 17, 17, 17, 17, 17, 14],
        'V' => [17, 17, 17, 17, 17, 10, 4],
        'W' => [17, 17, 17, 21, 21, 27, 17],
        _ => [0; 7],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_dots_becomes_as_few_boxes_as_it_can() {
        assert_eq!(runs(0b11111), [(0, 5)]);
        assert_eq!(runs(0b10101), [(0, 1), (2, 1), (4, 1)]);
        assert_eq!(runs(0b01110), [(1, 3)]);
        assert_eq!(
            letters("L", Style::at(10, 20).letter_height(14)).split(',').next_back(),
            Some("drawbox=x=10:y=32:w=10:h=2:c=white:t=fill")
        );
    }
}
