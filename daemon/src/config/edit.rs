//! Changes of a configuration's text that leave everything else in it as it is, comments included.

use std::collections::BTreeMap;

use tandem::api::Setting;
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, TableLike, Value};

use super::types::Glob;

/// Why a text cannot be changed as asked. Whether the outcome is a valid configuration is another question.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The text is not TOML.
    #[error("the configuration is not valid TOML: {0}")]
    NotToml(String),
    /// The change names no key.
    #[error("a setting needs the name of a key")]
    NoKey,
    /// What should be a section is something else.
    #[error("`{0}` is not a section of the configuration")]
    NotASection(String),
    /// There is no rule to take out.
    #[error("there is no rule about exactly this traffic")]
    NoSuchRule,
}

/// The text with `changes` made, one after the other.
///
/// # Errors
/// [`EditError`]
pub fn apply(text: &str, changes: &[Setting]) -> Result<String, EditError> {
    let mut document: DocumentMut = text
        .parse()
        .map_err(|error: toml_edit::TomlError| EditError::NotToml(error.message().replace('\n', ", ")))?;
    for change in changes {
        match change {
            Setting::Key { path, value } => set_key(document.as_table_mut(), path, value.as_deref())?,
            Setting::Rule { class, flows } => set_rule(document.as_table_mut(), class.as_deref(), flows)?,
        }
    }
    Ok(document.to_string())
}

fn set_key(root: &mut Table, path: &[String], value: Option<&str>) -> Result<(), EditError> {
    let [sections @ .., key] = path else { return Err(EditError::NoKey) };
    let Some(value) = value else { return remove_key(root, sections, key) };
    if let [link, name] = sections
        && link == "link"
    {
        begin_as_its_pattern(root, name);
    }
    let mut section: &mut dyn TableLike = root;
    for name in sections {
        if !section.contains_key(name) {
            // Shown only if it comes to hold a value of its own.
            let mut new = Table::new();
            new.set_implicit(true);
            section.insert(name, Item::Table(new));
        }
        section = as_section(section, name)?;
    }
    put(section, key, value);
    Ok(())
}

fn remove_key(root: &mut Table, sections: &[String], key: &str) -> Result<(), EditError> {
    let mut section: &mut dyn TableLike = root;
    for name in sections {
        if !section.contains_key(name) {
            return Ok(());
        }
        section = as_section(section, name)?;
    }
    section.remove(key);
    // A link's section of its own counts even if it is empty: what a pattern says would not apply.
    if let [link, name] = sections
        && link == "link"
        && section.is_empty()
    {
        as_section(root, link)?.remove(name);
    }
    Ok(())
}

fn as_section<'t>(table: &'t mut dyn TableLike, name: &str) -> Result<&'t mut dyn TableLike, EditError> {
    table
        .get_mut(name)
        .and_then(Item::as_table_like_mut)
        .ok_or_else(|| EditError::NotASection(name.to_owned()))
}

/// A link that gets a section of its own keeps what the pattern said that applied to it so far.
fn begin_as_its_pattern(root: &mut Table, name: &str) {
    let Some(links) = root.get_mut("link").and_then(Item::as_table_like_mut) else { return };
    if links.contains_key(name) {
        return;
    }
    let fits = |pattern: &str| pattern.parse::<Glob>().is_ok_and(|glob| glob.matches(name));
    let found = links.iter().find(|(pattern, _)| fits(pattern)).and_then(|(_, item)| item.as_table_like());
    let Some(found) = found else { return };
    let mut own = Table::new();
    for (key, item) in found.iter() {
        own.insert(key, item.clone());
    }
    links.insert(name, Item::Table(own));
}

/// Sets a value; the comments above and behind stay.
fn put(section: &mut dyn TableLike, key: &str, text: &str) {
    let mut value = value(text);
    // In place: a key that is inserted anew loses the comment above it.
    if let Some(before) = section.get_mut(key).and_then(Item::as_value_mut) {
        *value.decor_mut() = before.decor().clone();
        *before = value;
    } else {
        section.insert(key, Item::Value(value));
    }
}

fn value(text: &str) -> Value {
    let mut value = text.parse::<Value>().unwrap_or_else(|_| text.into());
    value.decor_mut().clear();
    value
}

fn set_rule(
    root: &mut Table,
    class: Option<&str>,
    flows: &BTreeMap<String, String>,
) -> Result<(), EditError> {
    let rules = root.entry("rule").or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    let rules = rules.as_array_of_tables_mut().ok_or_else(|| EditError::NotASection("rule".to_owned()))?;
    let same = rules.iter().position(|rule| is_about(rule, flows));
    match (same, class) {
        (Some(index), None) => {
            rules.remove(index);
        }
        (None, None) => return Err(EditError::NoSuchRule),
        (Some(index), Some(class)) => {
            if let Some(rule) = rules.get_mut(index) {
                put(rule, "class", class);
            }
        }
        // Behind the others: the first rule that fits decides.
        (None, Some(class)) => {
            let mut rule = Table::new();
            put(&mut rule, "class", class);
            for (key, text) in flows {
                put(&mut rule, key, text);
            }
            rules.push(rule);
        }
    }
    Ok(())
}

fn is_about(rule: &Table, flows: &BTreeMap<String, String>) -> bool {
    let conditions = rule.iter().filter(|(key, _)| *key != "class");
    let said: BTreeMap<_, _> = conditions
        .map(|(key, item)| (key.to_owned(), item.as_value().map(plain).unwrap_or_default()))
        .collect();
    let asked: BTreeMap<_, _> = flows.iter().map(|(key, text)| (key.clone(), plain(&value(text)))).collect();
    said == asked
}

/// A value without quotes and comments: 5060 and "5060" are the same port.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.clone().decorated("", "").to_string(), str::to_owned)
}

#[cfg(test)]
mod tests;
