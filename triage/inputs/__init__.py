"""What a person names as a test case, one kind a file: a stored one, their own program, a model of another tool."""
