"""The parts of the scene that the test cameras look at."""
