"""Scoring of labelled images, and training of the model that scores them."""
