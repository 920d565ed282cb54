"""What the journal says of a person's weeks: routine, both sides of the face, progress, advice with its figures."""
