"""What a VTN keeps of its events so that they can be settled."""
