"""Windows of rows: place rows in their series, and make a window of each."""
