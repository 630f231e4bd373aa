//! A host whose programs say what a test has them say.

use std::io;

use crate::setup::programs::{Answer, Programs};

/// Answers by the beginning of the command line; what it does not know is not installed.
#[derive(Default)]
pub(in crate::setup) struct Told {
    answers: Vec<(&'static str, Answer)>,
    systemd: bool,
    /// Every command line, in order.
    pub(in crate::setup) asked: Vec<String>,
}

impl Told {
    pub(in crate::setup) fn with_systemd(mut self) -> Self {
        self.systemd = true;
        self
    }

    pub(in crate::setup) fn says(mut self, beginning: &'static str, stdout: &str) -> Self {
        self.answers
            .push((beginning, Answer { success: true, stdout: stdout.to_owned(), ..Answer::default() }));
        self
    }

    pub(in crate::setup) fn refuses(mut self, beginning: &'static str, stderr: &str) -> Self {
        self.answers.push((beginning, Answer { stderr: stderr.to_owned(), ..Answer::default() }));
        self
    }
}

impl Programs for Told {
    fn run(&mut self, words: &[&str]) -> io::Result<Answer> {
        let line = words.join(" ");
        let answer = self.answers.iter().find(|(beginning, _)| line.starts_with(beginning));
        self.asked.push(line.clone());
        answer.map(|(_, answer)| answer.clone()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn has_systemd(&self) -> bool {
        self.systemd
    }
}
