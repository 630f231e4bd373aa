mod accepted;
mod changes;
mod examples;
mod refused;
