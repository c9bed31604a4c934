DROP TABLE usage_hours, usage_days, token_usage;
