//! Tables of text: columns two blanks apart, no lines, nothing at the ends of rows.

/// Blanks between columns.
const GAP: &str = "  ";

/// Where a column's text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Right,
}

/// Colour of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colour {
    None,
    Green,
    Yellow,
    Red,
}

impl Colour {
    /// "Select graphic rendition" of ECMA-48.
    fn code(self) -> Option<u8> {
        match self {
            Self::None => None,
            Self::Green => Some(32),
            Self::Yellow => Some(33),
            Self::Red => Some(31),
        }
    }
}

/// One cell.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    text: String,
    colour: Colour,
}

impl Cell {
    /// A cell with this text. Control characters, which could rearrange a terminal, are replaced: part of what is
    /// shown comes from elsewhere.
    pub(super) fn text(text: impl AsRef<str>) -> Self {
        let text = text.as_ref().chars().map(|char| if char.is_control() { '\u{fffd}' } else { char });
        Self { text: text.collect(), colour: Colour::None }
    }

    /// A value, or a hyphen where there is none.
    pub(super) fn known(text: Option<String>) -> Self {
        Self::text(text.as_deref().unwrap_or("-"))
    }

    /// What a terminal may be given.
    pub(super) fn into_text(self) -> String {
        self.text
    }

    pub(super) fn coloured(self, colour: Colour) -> Self {
        Self { colour, ..self }
    }

    fn width(&self) -> usize {
        self.text.chars().count()
    }
}

/// Rows of cells.
#[derive(Debug)]
pub(super) struct Table {
    aligns: Vec<Align>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table with a row of column names.
    pub(super) fn with_columns<'a>(columns: impl Iterator<Item = (&'a str, Align)>) -> Self {
        let (names, aligns): (Vec<_>, Vec<_>) = columns.unzip();
        Self { aligns, rows: vec![names.into_iter().map(Cell::text).collect()] }
    }

    /// A table without names, all columns to the left.
    pub(super) fn headless() -> Self {
        Self { aligns: Vec::new(), rows: Vec::new() }
    }

    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The table as lines.
    pub(super) fn render(&self, colour: bool) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column| self.rows.iter().filter_map(|row| row.get(column)).map(Cell::width).max();
        let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
        self.rows.iter().map(|row| self.line(row, &widths, colour)).collect()
    }

    fn line(&self, row: &[Cell], widths: &[usize], colour: bool) -> String {
        let cells = row.iter().zip(widths).enumerate().map(|(column, (cell, width))| {
            let blanks = " ".repeat(width - cell.width());
            let text = paint(cell, colour);
            match self.aligns.get(column) {
                Some(Align::Right) => blanks + &text,
                Some(Align::Left) | None => text + &blanks,
            }
        });
        let line = cells.collect::<Vec<_>>().join(GAP);
        format!("{}\n", line.trim_end())
    }
}

fn paint(cell: &Cell, colour: bool) -> String {
    match cell.colour.code().filter(|_| colour) {
        Some(code) => format!("\x1b[{code}m{}\x1b[0m", cell.text),
        None => cell.text.clone(),
    }
}
