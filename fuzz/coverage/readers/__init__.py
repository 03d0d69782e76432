"""What the features of observers mean to people: files, functions, lines, words."""
