"""The demo world: a year in the life of one company, made by running the acts in simulated time."""
