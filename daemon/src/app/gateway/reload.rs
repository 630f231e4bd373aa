//! Reading the configuration again.

use tandem::api::{ReloadReport, Setting};

use super::{Service, install_firewall};
use crate::api::ApiError;
use crate::app::flows;
use crate::app::reload::{self, Wanted};
use crate::config::{Config, Gateway, Role};
use crate::host::notify;

impl Service<'_> {
    /// For SIGHUP, where nobody waits for an answer but systemd and the log.
    pub(super) fn reload_on_signal(&mut self) -> anyhow::Result<()> {
        notify::reloading();
        self.reload()?.ok();
        notify::ready(self.state().0.label());
        Ok(())
    }

    /// Applies what can be applied of the file. The inner error is for whoever asked, the outer one ends the daemon.
    pub(super) fn reload(&mut self) -> anyhow::Result<Result<ReloadReport, ApiError>> {
        let wanted = reload::read(self.context);
        self.put_in_force(wanted)
    }

    /// Puts settings in force until the next reload.
    pub(super) fn set(&mut self, settings: Vec<Setting>) -> anyhow::Result<Result<ReloadReport, ApiError>> {
        let wanted = reload::set(self.context, settings);
        self.put_in_force(wanted)
    }

    fn put_in_force(
        &mut self,
        wanted: Result<Wanted, ApiError>,
    ) -> anyhow::Result<Result<ReloadReport, ApiError>> {
        let outcome = match wanted {
            Ok(wanted) => {
                self.adopt(wanted.config.clone())?;
                Ok(wanted.done(self.context))
            }
            Err(error) => Err(error),
        };
        reload::log(&outcome);
        Ok(outcome)
    }

    /// Takes over what is in force from now on: all but what takes a restart, so that it is reported again.
    fn adopt(&mut self, new: Config) -> anyhow::Result<()> {
        let Role::Gateway(gateway) = new.role else { return Ok(()) };
        let peer_to_peer = gateway.peer_to_peer;
        let isolates_otherwise = peer_to_peer != self.settings.peer_to_peer;
        self.settings = Gateway { endpoint: gateway.endpoint, peer_to_peer, ..self.settings.clone() };
        self.context.config.log_level = new.log_level;
        if new.rules != self.context.config.rules {
            let rules = flows::rules(&new.rules);
            self.data.tell_all(move |data, _| data.engine.set_rules(rules));
            self.context.config.rules = new.rules;
        }
        self.context.config.role = Role::Gateway(self.settings.clone());
        if isolates_otherwise {
            install_firewall(self.context, &self.settings)?;
            self.data.tell_all(move |data, _| data.engine.set_peer_to_peer(peer_to_peer));
        }
        Ok(())
    }
}
