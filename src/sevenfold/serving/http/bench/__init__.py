"""What the HTTP door costs, beside an empty handler and beside the stack that a user would pick instead."""
