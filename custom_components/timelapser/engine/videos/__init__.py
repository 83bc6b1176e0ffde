"""Videos: the FFmpeg command and process, the check of what came out, and the queue."""
