"""What people and scripts read: pages for the terminal, Markdown and JSON, made from model values."""
