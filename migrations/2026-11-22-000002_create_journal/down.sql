DROP TABLE journal;
DROP FUNCTION journal_is_append_only;
