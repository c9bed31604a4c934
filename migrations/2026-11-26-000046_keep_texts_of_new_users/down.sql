DROP TRIGGER scim_document_changes ON scim_documents;
CREATE OR REPLACE FUNCTION scim_document_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    texts text[] := scim_texts(NEW.document);
BEGIN
    IF texts <> scim_texts(OLD.document) THEN
        UPDATE scim_users SET display_name = texts[1], family_name = texts[2], given_name = texts[3],
                title = texts[4], department = texts[5], formatted_name = texts[6],
                emails = texts[7], user_type = texts[8]
            WHERE organization_id = NEW.organization_id AND user_id = NEW.user_id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER scim_document_changes AFTER UPDATE OF document ON scim_documents
    FOR EACH ROW EXECUTE FUNCTION scim_document_changes();
