"""Imports: pictures and videos from elsewhere become images of a timelapse."""
