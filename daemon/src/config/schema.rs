//! Which keys exist, in which section, for which role.

use toml_edit::{Item, TableLike};

use super::value::{Reader, element};

/// One section of the file. The root is the section without a name.
struct Section {
    name: &'static str,
    role: Option<&'static str>,
    keys: &'static [&'static str],
    shape: Shape,
}

/// How a section is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Once: `[tun]`.
    Single,
    /// Each of its keys is a section of its own, named by the user: `[link.wwan0]`.
    Named,
    /// Any number of times: `[[rule]]`.
    Repeated,
}

const SECTIONS: &[Section] = &[
    Section { name: "", role: None, keys: &["role", "state", "socket"], shape: Shape::Single },
    Section { name: "log", role: None, keys: &["level"], shape: Shape::Single },
    Section { name: "tun", role: None, keys: &["name", "mtu"], shape: Shape::Single },
    Section {
        name: "client",
        role: Some("client"),
        keys: &["gateway", "pin", "routes", "fwmark", "table"],
        shape: Shape::Single,
    },
    Section { name: "links", role: Some("client"), keys: &["allow", "deny"], shape: Shape::Single },
    Section { name: "link", role: Some("client"), keys: &["tier", "metered"], shape: Shape::Named },
    Section {
        name: "duplicate",
        role: Some("client"),
        keys: &["realtime", "secondary", "share", "metered_share", "lost_share"],
        shape: Shape::Single,
    },
    Section {
        name: "gateway",
        role: Some("gateway"),
        keys: &["listen", "endpoint", "pool", "nat", "forward", "peer_to_peer", "workers"],
        shape: Shape::Single,
    },
    Section { name: "metrics", role: None, keys: &["listen"], shape: Shape::Single },
    Section { name: "path", role: None, keys: &["congestion", "keepalive"], shape: Shape::Single },
    Section {
        name: "rule",
        role: None,
        keys: &["class", "protocol", "local_port", "remote_port", "local", "remote"],
        shape: Shape::Repeated,
    },
];

/// Reports every key that does not belong in a file of `role` (any, when the role is not known).
pub(super) fn check(root: &dyn TableLike, role: Option<&str>, reader: &mut Reader<'_>) {
    for (key, item) in root.iter() {
        let Some(section) = SECTIONS.iter().find(|section| section.name == key && !key.is_empty()) else {
            if !SECTIONS[0].keys.contains(&key) {
                let sections = SECTIONS[1..].iter().filter(|s| fits(s, role)).map(|s| s.name);
                let allowed: Vec<_> = SECTIONS[0].keys.iter().copied().chain(sections).collect();
                unknown(root, "", key, &allowed, role, reader);
            }
            continue;
        };
        if section.shape == Shape::Repeated {
            check_repeated(section, root, item, role, reader);
            continue;
        }
        let Some(table) = item.as_table_like() else {
            reader.problem_at_key(root, "", key, format!("must be a section; write \"[{key}]\""));
            continue;
        };
        if let (Some(owner), Some(role)) = (section.role, role)
            && owner != role
        {
            let message =
                format!("this section is for role = \"{owner}\", but this file has role = \"{role}\"");
            reader.problem_at_key(root, "", key, message);
        } else if section.shape == Shape::Named {
            check_named(section, table, role, reader);
        } else {
            check_keys(section, section.name, table, role, reader);
        }
    }
}

fn check_named(section: &Section, tables: &dyn TableLike, role: Option<&str>, reader: &mut Reader<'_>) {
    for (name, item) in tables.iter() {
        let path = format!("{}.{name}", section.name);
        match item.as_table_like() {
            Some(table) => check_keys(section, &path, table, role, reader),
            None => {
                let message = format!("must be a section; write \"[{path}]\"");
                reader.problem_at_key(tables, section.name, name, message);
            }
        }
    }
}

fn check_repeated(
    section: &Section,
    root: &dyn TableLike,
    item: &Item,
    role: Option<&str>,
    reader: &mut Reader<'_>,
) {
    let name = section.name;
    let Some(tables) = item.as_array_of_tables() else {
        let message = format!("must be a section that can come several times; write \"[[{name}]]\"");
        reader.problem_at_key(root, "", name, message);
        return;
    };
    for (index, table) in tables.iter().enumerate() {
        check_keys(section, &element(name, index), table, role, reader);
    }
}

fn check_keys(
    section: &Section,
    path: &str,
    table: &dyn TableLike,
    role: Option<&str>,
    reader: &mut Reader<'_>,
) {
    for (key, _) in table.iter() {
        if !section.keys.contains(&key) {
            unknown(table, path, key, section.keys, role, reader);
        }
    }
}

fn unknown(
    table: &dyn TableLike,
    path: &str,
    key: &str,
    allowed: &[&str],
    role: Option<&str>,
    reader: &mut Reader<'_>,
) {
    let here = path.split('.').next().unwrap_or_default();
    let elsewhere = SECTIONS.iter().find(|section| section.name != here && section.keys.contains(&key));
    let hint = match elsewhere {
        Some(section) if !fits(section, role) => {
            format!("it belongs to role = \"{}\"", section.role.unwrap_or_default())
        }
        Some(section) if section.name.is_empty() => {
            "it belongs at the top, before the first section".to_owned()
        }
        Some(section) if section.shape == Shape::Repeated => {
            format!("it belongs into [[{}]]", section.name)
        }
        Some(section) => format!("it belongs into [{}]", section.name),
        None => match similar(key, allowed) {
            Some(similar) => format!("did you mean \"{similar}\"?"),
            None => format!("allowed: {}", allowed.join(", ")),
        },
    };
    reader.problem_at_key(table, path, key, format!("unknown key; {hint}"));
}

fn fits(section: &Section, role: Option<&str>) -> bool {
    match (section.role, role) {
        (Some(owner), Some(role)) => owner == role,
        (None, _) | (_, None) => true,
    }
}

/// The allowed key that a mistyped one most likely stands for.
fn similar<'a>(key: &str, allowed: &[&'a str]) -> Option<&'a str> {
    let key = key.to_lowercase();
    allowed
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(&key, candidate), *candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().div_ceil(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
