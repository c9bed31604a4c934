-- A capital one was taken for a small one, which is never left in a name as they are compared. Where
-- another token has the name, it stays as it is until somebody renames one.
UPDATE tokens SET name_folded = replace(name_folded, 'ß', 'ss')
    WHERE name_folded LIKE '%ß%' AND NOT EXISTS (
        SELECT FROM tokens AS other WHERE other.organization_id = tokens.organization_id
            AND other.name_folded = replace(tokens.name_folded, 'ß', 'ss'));
