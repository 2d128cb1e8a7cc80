"""What rules cost, beside one inference, and beside an engine of the Common Expression Language."""
