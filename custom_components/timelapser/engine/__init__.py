"""The engine floor: plain Python that never imports Home Assistant."""
