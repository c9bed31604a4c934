-- Also where an older version makes a user: it knows fewer texts.
-- Planned each time: a plan that was made for a few users would be kept while many are added.
CREATE OR REPLACE FUNCTION scim_document_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'UPDATE scim_users SET display_name = $1[1], family_name = $1[2], given_name = $1[3],
            title = $1[4], department = $1[5], formatted_name = $1[6], emails = $1[7], user_type = $1[8]
        WHERE organization_id = $2 AND user_id = $3
            AND $1 IS DISTINCT FROM ARRAY[display_name, family_name, given_name, title,
                department, formatted_name, emails, user_type]'
        USING scim_texts(NEW.document), NEW.organization_id, NEW.user_id;
    RETURN NULL;
END $$;
DROP TRIGGER scim_document_changes ON scim_documents;
CREATE TRIGGER scim_document_changes AFTER INSERT OR UPDATE OF document ON scim_documents
    FOR EACH ROW EXECUTE FUNCTION scim_document_changes();

-- Those that were made so meanwhile.
UPDATE scim_users SET formatted_name = texts[6], emails = texts[7], user_type = texts[8]
    FROM (SELECT organization_id, user_id, scim_texts(document) AS texts FROM scim_documents) AS known
    WHERE known.organization_id = scim_users.organization_id AND known.user_id = scim_users.user_id
        AND texts[6:8] IS DISTINCT FROM ARRAY[formatted_name, emails, user_type];
