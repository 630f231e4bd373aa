//! Taking values out of a TOML document while collecting what is wrong with them.

use std::ops::Range;

use toml_edit::{Item, TableLike, Value};

use super::error::Problem;
use super::types::InvalidValue;

/// Collects problems, and knows which line a byte of the text is on.
pub(super) struct Reader<'t> {
    text: &'t str,
    problems: Vec<Problem>,
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, problems: Vec::new() }
    }

    /// The problems by line; empty when all is well.
    pub(super) fn finish(mut self) -> Vec<Problem> {
        self.problems.sort_by_key(|problem| problem.line);
        self.problems
    }

    pub(super) fn problem(&mut self, span: Option<Range<usize>>, key: String, message: String) {
        let start = span.map_or(0, |span| span.start).min(self.text.len());
        let line = 1 + self.text.as_bytes()[..start].iter().filter(|&&byte| byte == b'\n').count();
        self.problems.push(Problem { line, key, message });
    }

    /// How many problems there are so far.
    pub(super) fn problems(&self) -> usize {
        self.problems.len()
    }

    /// Reports a problem on the line where `key` of `table` is written.
    pub(super) fn problem_at_key(&mut self, table: &dyn TableLike, path: &str, key: &str, message: String) {
        let span =
            table.key(key).and_then(toml_edit::Key::span).or_else(|| table.get(key).and_then(Item::span));
        self.problem(span, join(path, key), message);
    }
}

/// One section while it is read; absent sections read as empty ones.
pub(super) struct Section<'t> {
    path: String,
    table: Option<&'t dyn TableLike>,
    span: Option<Range<usize>>,
}

impl<'t> Section<'t> {
    pub(super) fn root(table: &'t toml_edit::Table) -> Self {
        Self { path: String::new(), table: Some(table), span: None }
    }

    /// The section `name` in this one. What is not a table is reported by the schema.
    pub(super) fn section(&self, name: &str) -> Self {
        let item = self.table.and_then(|table| table.get(name));
        let key_span = self.table.and_then(|table| table.key(name)).and_then(toml_edit::Key::span);
        Self {
            path: join(&self.path, name),
            table: item.and_then(Item::as_table_like),
            span: key_span.or_else(|| item.and_then(Item::span)),
        }
    }

    /// The sections `[[name]]` in this one, in the order of the file.
    pub(super) fn repeated(&self, name: &str) -> Vec<Self> {
        let tables = self.table.and_then(|table| table.get(name)).and_then(Item::as_array_of_tables);
        let tables = tables.into_iter().flatten().enumerate();
        tables
            .map(|(index, table)| Self {
                path: join(&self.path, &element(name, index)),
                table: Some(table as &dyn TableLike),
                span: table.span(),
            })
            .collect()
    }

    /// The names of the keys, in the order of the file.
    pub(super) fn keys(&self) -> Vec<&'t str> {
        self.table.map(|table| table.iter().map(|(key, _)| key).collect()).unwrap_or_default()
    }

    pub(super) fn contains(&self, key: &str) -> bool {
        self.table.is_some_and(|table| table.contains_key(key))
    }

    /// Reports a problem with `key` of this section.
    pub(super) fn problem(&self, reader: &mut Reader<'_>, key: &str, message: String) {
        match self.table {
            Some(table) if table.contains_key(key) => reader.problem_at_key(table, &self.path, key, message),
            Some(_) | None => reader.problem(self.span.clone(), join(&self.path, key), message),
        }
    }

    /// The value of `key`; `None` when it is absent, or wrong and reported.
    pub(super) fn get<T>(
        &self,
        reader: &mut Reader<'_>,
        key: &str,
        parse: impl FnOnce(&Value) -> Result<T, InvalidValue>,
    ) -> Option<T> {
        let item = self.table?.get(key)?;
        let Some(value) = item.as_value() else {
            self.problem(reader, key, "must be a value, not a section".to_owned());
            return None;
        };
        match parse(value) {
            Ok(value) => Some(value),
            Err(error) => {
                reader.problem(value.span(), join(&self.path, key), error.0);
                None
            }
        }
    }

    /// As [`get`](Self::get), but an absent key is reported as missing, with `expected` as what to write.
    pub(super) fn require<T>(
        &self,
        reader: &mut Reader<'_>,
        key: &str,
        expected: &str,
        parse: impl FnOnce(&Value) -> Result<T, InvalidValue>,
    ) -> Option<T> {
        if !self.contains(key) {
            self.problem(reader, key, format!("is missing; {expected}"));
        }
        self.get(reader, key, parse)
    }

    /// The array of texts at `key`, each wrong element reported on its own line. `None` when absent or not an
    /// array.
    pub(super) fn list<T>(
        &self,
        reader: &mut Reader<'_>,
        key: &str,
        parse: impl Fn(&str) -> Result<T, InvalidValue>,
    ) -> Option<Vec<T>> {
        let elements = self.get(reader, key, |value| {
            value.as_array().ok_or_else(|| wrong_type("an array of strings", value)).cloned()
        })?;
        let mut list = Vec::with_capacity(elements.len());
        for value in &elements {
            match string(value).and_then(&parse) {
                Ok(element) => list.push(element),
                Err(error) => reader.problem(value.span(), join(&self.path, key), error.0),
            }
        }
        // A list that lost an element to a mistake must not be judged empty as well.
        (list.len() == elements.len()).then_some(list)
    }
}

pub(super) fn string(value: &Value) -> Result<&str, InvalidValue> {
    value.as_str().ok_or_else(|| wrong_type("a string", value))
}

pub(super) fn boolean(value: &Value) -> Result<bool, InvalidValue> {
    value.as_bool().ok_or_else(|| wrong_type("true or false", value))
}

/// A whole number within `range`.
pub(super) fn integer(
    range: std::ops::RangeInclusive<u32>,
) -> impl FnOnce(&Value) -> Result<u32, InvalidValue> {
    move |value| {
        let number = value.as_integer().ok_or_else(|| wrong_type("a whole number", value))?;
        u32::try_from(number).ok().filter(|number| range.contains(number)).ok_or_else(|| {
            InvalidValue(format!("{number} is out of range; allowed: {} to {}", range.start(), range.end()))
        })
    }
}

/// A share of a whole, from 0 to 1, in thousandths.
pub(super) fn thousandths(value: &Value) -> Result<u16, InvalidValue> {
    let whole = value.as_integer().map(|number| number as f64);
    let share = value.as_float().or(whole).ok_or_else(|| wrong_type("a number from 0 to 1", value))?;
    if (0.0..=1.0).contains(&share) {
        Ok((share * 1000.0).round() as u16)
    } else {
        Err(InvalidValue(format!("{share} is out of range; allowed: 0 to 1")))
    }
}

/// A string that parses as `T`.
pub(super) fn parsed<T: std::str::FromStr>(value: &Value) -> Result<T, InvalidValue>
where
    T::Err: std::fmt::Display,
{
    string(value)?.parse().map_err(|error: T::Err| InvalidValue(error.to_string()))
}

pub(super) fn wrong_type(expected: &str, found: &Value) -> InvalidValue {
    InvalidValue(format!("must be {expected}, not {}", with_article(found.type_name())))
}

fn with_article(type_name: &str) -> String {
    let article = if type_name.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {type_name}")
}

/// What one of several sections of the same name is called, counted from 1.
pub(super) fn element(name: &str, index: usize) -> String {
    format!("{name}[{}]", index + 1)
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
