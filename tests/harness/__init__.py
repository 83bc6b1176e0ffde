"""Real parts that tests, the demo and the benchmarks share: a scene, cameras, Home Assistant."""
