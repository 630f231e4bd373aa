//! Rules of nftables that no manager keeps, iptables' among them.

use serde::Deserialize;
use serde_json::Value;

use super::{Passage, Programs, done};

/// Marks our rules, so that they are not made twice.
const COMMENT: &str = "tandem";

/// A chain that packets enter by a hook.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
struct Chain {
    family: String,
    table: String,
    name: String,
    hook: Option<String>,
    policy: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Rule {
    family: String,
    table: String,
    chain: String,
    comment: Option<String>,
    #[serde(default)]
    expr: Vec<Value>,
}

/// Lets the passage through every chain that would drop it, and says what it did.
pub(super) fn open(programs: &mut dyn Programs, passage: &Passage<'_>) -> Vec<String> {
    let Ok(answer) = programs.run(&["nft", "--json", "list", "ruleset"]) else { return Vec::new() };
    if !answer.success {
        return Vec::new();
    }
    let (chains, rules) = read(&answer.stdout);
    let closed = chains.iter().filter(|chain| is_closed(chain, &rules));
    closed.flat_map(|chain| let_through(programs, passage, chain)).collect()
}

fn read(text: &str) -> (Vec<Chain>, Vec<Rule>) {
    let ruleset: Value = serde_json::from_str(text).unwrap_or_default();
    let items = ruleset["nftables"].as_array().cloned().unwrap_or_default();
    let chains = items.iter().filter_map(|item| Chain::deserialize(&item["chain"]).ok()).collect();
    let rules = items.iter().filter_map(|item| Rule::deserialize(&item["rule"]).ok()).collect();
    (chains, rules)
}

/// Whether the chain drops what no rule of it accepts, and has none of ours yet.
fn is_closed(chain: &Chain, rules: &[Rule]) -> bool {
    let concerned = matches!(chain.family.as_str(), "inet" | "ip" | "ip6")
        && matches!(chain.hook.as_deref(), Some("input" | "forward"));
    let mut own = rules.iter().filter(|rule| {
        (&rule.family, &rule.table, &rule.chain) == (&chain.family, &chain.table, &chain.name)
    });
    let opened = own.clone().any(|rule| rule.comment.as_deref() == Some(COMMENT));
    concerned && !opened && (chain.policy.as_deref() == Some("drop") || own.any(drops_all))
}

/// A rule without a condition that ends in dropping.
fn drops_all(rule: &Rule) -> bool {
    let is = |statement: &Value, names: &[&str]| names.iter().any(|name| statement.get(name).is_some());
    rule.expr.last().is_some_and(|last| is(last, &["drop", "reject"]))
        && rule.expr.iter().all(|statement| is(statement, &["drop", "reject", "counter", "log"]))
}

fn let_through(programs: &mut dyn Programs, passage: &Passage<'_>, chain: &Chain) -> Vec<String> {
    let Chain { family, table, name, .. } = chain;
    let mut said = Vec::new();
    for rule in needed(passage, chain) {
        let command = format!("nft insert rule {family} {table} {name} {rule} comment {COMMENT}");
        let words: Vec<&str> = command.split(' ').collect();
        said.push(match done(programs.run(&words)) {
            Ok(()) => format!(
                "nftables: inserted `{rule}` into the chain {name} of the table {family} {table}. It lasts until the \
                 rules are loaded again: add it to the file that they come from."
            ),
            Err(reason) => format!("nftables refused `{command}`: {reason}. Open it by hand."),
        });
    }
    said
}

fn needed(passage: &Passage<'_>, chain: &Chain) -> Vec<String> {
    if chain.hook.as_deref() == Some("input") {
        return passage.ports.iter().map(|port| format!("udp dport {port} accept")).collect();
    }
    let tun = passage.tun;
    vec![format!("oifname {tun} ct state established,related accept"), format!("iifname {tun} accept")]
}
