"""What a site judges by beside what is shipped: packages that it has installed."""
