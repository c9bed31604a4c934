DROP TRIGGER membership_copies ON memberships;
CREATE OR REPLACE FUNCTION membership_copies() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.search := coalesce(
        (SELECT lower(name) || ' ' || email FROM users WHERE id = NEW.user_id), '');
    RETURN NEW;
END $$;
CREATE TRIGGER membership_copies BEFORE INSERT ON memberships
    FOR EACH ROW EXECUTE FUNCTION membership_copies();
CREATE OR REPLACE FUNCTION membership_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE memberships SET search = lower(NEW.name) || ' ' || NEW.email WHERE user_id = NEW.id;
    RETURN NULL;
END $$;
UPDATE memberships SET search = lower(users.name) || ' ' || email
    FROM users WHERE users.id = user_id AND known_as IS NOT NULL;
ALTER TABLE memberships DROP COLUMN known_as;
