//! The greatest of a window of rounds, from three candidates (Nichols' filter, as Linux's `minmax`).

#[cfg(test)]
mod tests;

/// A running maximum.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct MaxFilter {
    /// Round and value of the best, second best and third best, in order of their age.
    best: [(u64, f64); 3],
}

impl MaxFilter {
    pub(super) fn get(&self) -> f64 {
        self.best[0].1
    }

    /// Takes a value in `round`; what is older than `window` rounds no longer counts.
    pub(super) fn update(&mut self, window: u64, round: u64, value: f64) {
        let sample = (round, value);
        if value >= self.best[0].1 || round - self.best[2].0 > window {
            self.best = [sample; 3];
            return;
        }
        if value >= self.best[1].1 {
            self.best[1..].fill(sample);
        } else if value >= self.best[2].1 {
            self.best[2] = sample;
        }
        let age = round - self.best[0].0;
        if age > window {
            self.best = [self.best[1], self.best[2], sample];
            if round - self.best[0].0 > window {
                self.best = [self.best[1], self.best[2], sample];
            }
        } else if self.best[1].0 == self.best[0].0 && age > window / 4 {
            // A quarter passed without a second best: take this one, so that there is one when the best expires.
            self.best[1..].fill(sample);
        } else if self.best[2].0 == self.best[1].0 && age > window / 2 {
            self.best[2] = sample;
        }
    }
}
