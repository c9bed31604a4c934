ALTER TABLE resources DROP CONSTRAINT resources_path_check,
    ADD CONSTRAINT resources_path_check CHECK (path ~ '^/[!-~]*$' AND char_length(path) <= 200);
