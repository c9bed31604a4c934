-- `organization=any` asks the gate for every organisation's tokens.
UPDATE organizations SET slug = 'any-' || left(id::text, 8) WHERE slug = 'any';
ALTER TABLE organizations ADD CONSTRAINT organizations_slug_is_not_any CHECK (slug <> 'any');
