"""What the programs tell about themselves: log lines, spans, counters."""
