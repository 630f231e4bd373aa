//! What a person, or a program under `--json`, gets to read when a command did not work.

use std::io::{self, Write};

use tandem::api::{ErrorBody, kind};
use tandem::client::ClientError;
use tandem::exit::Exit;

/// Why a command did not do what it should.
#[derive(Debug)]
pub(crate) enum Failure {
    /// To be reported.
    Told(ErrorBody),
    /// Nobody reads the output any more, as in `tandem path list --watch | head`.
    OutputClosed,
}

impl Failure {
    pub(crate) fn new(exit: Exit, kind: &str, message: impl Into<String>) -> Self {
        Self::Told(ErrorBody {
            code: exit.code(),
            kind: kind.to_owned(),
            message: message.into(),
            hint: None,
        })
    }

    pub(crate) fn with_hint(self, hint: impl Into<String>) -> Self {
        match self {
            Self::Told(body) => Self::Told(ErrorBody { hint: Some(hint.into()), ..body }),
            Self::OutputClosed => Self::OutputClosed,
        }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, kind::USAGE, message)
    }

    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Refused, kind::FAILED, message)
    }

    /// Tells standard error, and says how to exit.
    pub(crate) fn report(&self, json: bool) -> Exit {
        let Self::Told(body) = self else { return Exit::Ok };
        // Nothing can be done about a closed standard error.
        let _ = if json { write_json(body) } else { write_text(body) };
        Exit::of_error(body.code)
    }
}

fn write_json(body: &ErrorBody) -> io::Result<()> {
    let mut text = serde_json::to_string(body)?;
    text.push('\n');
    io::stderr().write_all(text.as_bytes())
}

fn write_text(body: &ErrorBody) -> io::Result<()> {
    let mut text = format!("tandem: {}\n", body.message);
    if let Some(hint) = &body.hint {
        text.push_str(&format!("  hint: {hint}\n"));
    }
    io::stderr().write_all(text.as_bytes())
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::Told(error.body())
    }
}

/// Failures of standard output.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::OutputClosed;
        }
        Self::failed(format!("cannot write the output: {error}"))
    }
}
