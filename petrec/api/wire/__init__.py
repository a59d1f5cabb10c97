"""What goes over the wire: bodies that clients send, objects that they get."""
