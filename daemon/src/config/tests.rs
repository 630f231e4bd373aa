mod accepted;
mod changes;
mod refused;
