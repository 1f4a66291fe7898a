"""Error rates of the gate, by simulation: false alarms, false passes, detection, coverage."""
