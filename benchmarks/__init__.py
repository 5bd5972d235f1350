"""Side by side with labels and with peers, on public code that is fetched and never committed."""
