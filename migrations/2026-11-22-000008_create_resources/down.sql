DROP INDEX products_by_name;
DROP INDEX products_name;
ALTER TABLE products DROP COLUMN version;
DROP TABLE operations;
DROP TABLE resources;
DROP TABLE catalogues;
