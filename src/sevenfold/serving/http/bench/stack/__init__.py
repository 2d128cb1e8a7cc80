"""What a user would pick instead: Feast with Redis, FastAPI, and XGBoost, in an environment of its own."""
