-- `//**` was taken, and meant `/**`. No other stands beside it, as they conflict.
UPDATE resources SET path = substr(path, 2) WHERE path LIKE '//%';
ALTER TABLE resources DROP CONSTRAINT resources_path_check,
    ADD CONSTRAINT resources_path_check
        CHECK (path ~ '^/([!-.0-~][!-~]*)?$' AND char_length(path) <= 200);
