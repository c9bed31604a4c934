-- A secret that was stopped at once has stopped on every instance, whatever its clock says.
ALTER TABLE secrets ADD COLUMN is_retired boolean NOT NULL DEFAULT false;
