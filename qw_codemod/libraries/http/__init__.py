"""HTTP clients: which calls send a request, and what bounds them."""
