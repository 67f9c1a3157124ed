"""The networks, one idea per module; state-dict names are ours unless a module says otherwise."""
