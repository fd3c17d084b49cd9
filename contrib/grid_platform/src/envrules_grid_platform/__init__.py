"""A grid platform's case records (案卷) into envrules, and its decisions back into the platform."""
