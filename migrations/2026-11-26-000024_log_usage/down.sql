-- What is not added up yet is lost: some seconds of counts, if a server ran until now.
DROP TABLE usage_batch, usage_log;
