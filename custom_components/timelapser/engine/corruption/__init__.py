"""Corruption detection: features of a small picture, the camera's history, and a trained model."""
