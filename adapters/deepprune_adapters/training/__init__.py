"""Fine-tuning a judge on pairs of one's own traces: the offline half of DeepPrune."""
