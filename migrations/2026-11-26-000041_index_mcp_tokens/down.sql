DROP INDEX tokens_of_members;
