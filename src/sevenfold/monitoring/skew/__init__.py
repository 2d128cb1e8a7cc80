"""Whether features at decision time were what the log says: serving against training."""
