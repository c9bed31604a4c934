DROP TRIGGER announce_replacement ON secrets;
