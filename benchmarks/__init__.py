"""Measurements that can be repeated: each program compares ways of doing a thing in one run."""
