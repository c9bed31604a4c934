DROP INDEX tokens_answered_for;
