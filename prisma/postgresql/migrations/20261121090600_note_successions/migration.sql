-- A window also says whose first use ends its credential, which is read with that other credential: both are not what they
-- were when a window changes.
CREATE FUNCTION thingpass_window_inserted() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM thingpass_note('changed', (
    SELECT array_agg(DISTINCT c.credentials_id)
    FROM (SELECT device_credentials_id AS id FROM new_rows UNION SELECT ends_on_first_use_of FROM new_rows) p
      JOIN "device_credentials" c ON c.id = p.id));
  RETURN NULL;
END
$$;

CREATE FUNCTION thingpass_window_deleted() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM thingpass_note('changed', (
    SELECT array_agg(DISTINCT c.credentials_id)
    FROM (SELECT device_credentials_id AS id FROM old_rows UNION SELECT ends_on_first_use_of FROM old_rows) p
      JOIN "device_credentials" c ON c.id = p.id));
  RETURN NULL;
END
$$;

CREATE FUNCTION thingpass_window_updated() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM thingpass_note('changed', (
    SELECT array_agg(DISTINCT c.credentials_id)
    FROM (SELECT device_credentials_id AS id FROM old_rows UNION SELECT ends_on_first_use_of FROM old_rows
          UNION SELECT device_credentials_id FROM new_rows UNION SELECT ends_on_first_use_of FROM new_rows) p
      JOIN "device_credentials" c ON c.id = p.id));
  RETURN NULL;
END
$$;

DROP TRIGGER credentials_window_inserted ON "credentials_window";
DROP TRIGGER credentials_window_deleted ON "credentials_window";
DROP TRIGGER credentials_window_updated ON "credentials_window";

CREATE TRIGGER credentials_window_inserted AFTER INSERT ON "credentials_window"
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION thingpass_window_inserted();
CREATE TRIGGER credentials_window_deleted AFTER DELETE ON "credentials_window"
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION thingpass_window_deleted();
CREATE TRIGGER credentials_window_updated AFTER UPDATE ON "credentials_window"
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION thingpass_window_updated();
