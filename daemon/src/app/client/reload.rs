//! Reading the configuration again.

use tandem::api::{ReloadReport, Setting};

use super::{Session, duplication, engine, filter};
use crate::api::ApiError;
use crate::app::flows;
use crate::app::reload::{self, Wanted};
use crate::app::resolve::Resolver;
use crate::config::{Change, Client, Config, Effect, Role};
use crate::host::notify;

impl Session<'_> {
    /// For SIGHUP, where nobody waits for an answer but systemd and the log.
    pub(super) async fn reload_on_signal(&mut self) -> anyhow::Result<()> {
        notify::reloading();
        self.reload().await?.ok();
        notify::ready(self.phase.state.label());
        Ok(())
    }

    /// Applies what can be applied of the file. The inner error is for whoever asked, the outer one ends the daemon.
    pub(super) async fn reload(&mut self) -> anyhow::Result<Result<ReloadReport, ApiError>> {
        let wanted = reload::read(self.context);
        self.put_in_force(wanted).await
    }

    /// Puts settings in force until the next reload.
    pub(super) async fn set(
        &mut self,
        settings: Vec<Setting>,
    ) -> anyhow::Result<Result<ReloadReport, ApiError>> {
        let wanted = reload::set(self.context, settings);
        self.put_in_force(wanted).await
    }

    async fn put_in_force(
        &mut self,
        wanted: Result<Wanted, ApiError>,
    ) -> anyhow::Result<Result<ReloadReport, ApiError>> {
        let outcome = match wanted {
            Ok(wanted) => {
                self.apply(wanted.config.clone(), &wanted.changes).await?;
                Ok(wanted.done(self.context))
            }
            Err(error) => Err(error),
        };
        reload::log(&outcome);
        Ok(outcome)
    }

    async fn apply(&mut self, new: Config, changes: &[Change]) -> anyhow::Result<()> {
        let Role::Client(wanted) = new.role.clone() else { return Ok(()) };
        let has_changed = |key: &str| changes.iter().any(|change| change.key == key);
        // What takes a restart stays as it is, so that it is reported again the next time.
        let Client { fwmark, table, .. } = self.settings;
        self.settings = Client { fwmark, table, ..wanted };
        let config = &mut self.context.config;
        (config.log_level, config.path, config.rules) = (new.log_level, new.path, new.rules);
        config.role = Role::Client(self.settings.clone());

        self.filter.send_replace(filter(config, &self.settings)?);
        if has_changed("client.gateway") {
            self.resolver = Resolver::start(&self.settings.gateway);
        }
        if changes.iter().any(|change| change.effect == Effect::Reconnect) {
            self.reconnect()?;
        }
        if has_changed("rule") {
            let rules = flows::rules(&self.context.config.rules);
            self.data.tell(move |data, _| data.engine.set_rules(rules));
        }
        if has_changed("duplicate") {
            let duplication = duplication(self.settings.duplicate);
            self.data.tell(move |data, _| data.engine.set_duplication(duplication));
        }
        self.take_resolution();
        self.tell_links();
        if self.routed && has_changed("client.routes") {
            self.set_routes().await?;
        }
        Ok(())
    }

    /// A new engine takes the place of the present one, which says goodbye.
    fn reconnect(&mut self) -> anyhow::Result<()> {
        let engine = engine(&self.context.config, &self.settings)?;
        let wanted = self.wanted;
        self.data.tell(move |data, now| {
            data.engine.disconnect(now);
            data.flush();
            data.engine = engine;
            if wanted {
                data.engine.connect(now);
            }
        });
        Ok(())
    }
}
