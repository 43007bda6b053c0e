-- Optional. Tells ThingPass at once which devices have changed in ThingsBoard's database; without it ThingPass looks again
-- after THINGPASS_THINGSBOARD_STALENESS_MS. Run it as the owner of ThingsBoard's tables, again after an upgrade that made
-- tables anew:
--
--   psql "postgresql://thingsboard@host/thingsboard" --set ON_ERROR_STOP=1 --single-transaction --file notify.sql
--
-- A notification can be read by whoever may connect to the database, so it names devices and profiles by their ids, never
-- a token or user name. Whatever goes wrong here never fails a write of ThingsBoard's: it is a warning in PostgreSQL's log.

CREATE OR REPLACE FUNCTION thingpass_tell_devices(ids uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF cardinality(ids) > 3000 THEN
    PERFORM pg_notify('thingpass_thingsboard', '{"everything":true}');
  ELSE
    -- A notification holds less than 8000 bytes.
    PERFORM pg_notify('thingpass_thingsboard', json_build_object('devices', json_agg(id))::text)
      FROM (SELECT id, (row_number() OVER () - 1) / 150 AS part
            FROM (SELECT DISTINCT unnest(ids) AS id) AS each WHERE id IS NOT NULL) AS numbered
      GROUP BY part;
  END IF;
END
$$;

-- FROM CURRENT: a writer with another search path must find the function above all the same.
CREATE OR REPLACE FUNCTION thingpass_credentials_changed() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  CASE TG_OP
    WHEN 'INSERT' THEN
      PERFORM thingpass_tell_devices((SELECT array_agg(device_id) FROM new_rows));
    WHEN 'DELETE' THEN
      PERFORM thingpass_tell_devices((SELECT array_agg(device_id) FROM old_rows));
    ELSE
      PERFORM thingpass_tell_devices(array_cat(
        (SELECT array_agg(device_id) FROM old_rows), (SELECT array_agg(device_id) FROM new_rows)));
  END CASE;
  RETURN NULL;
EXCEPTION WHEN OTHERS THEN
  RAISE WARNING 'ThingPass was not told of a change: %', SQLERRM;
  RETURN NULL;
END
$$;

-- ThingsBoard writes all columns of a device whatever has changed; only what a decision rests on is told.
CREATE OR REPLACE FUNCTION thingpass_device_changed() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  CASE TG_OP
    WHEN 'INSERT' THEN
      PERFORM thingpass_tell_devices((SELECT array_agg(id) FROM new_rows));
    WHEN 'DELETE' THEN
      PERFORM thingpass_tell_devices((SELECT array_agg(id) FROM old_rows));
    ELSE
      PERFORM thingpass_tell_devices((
        SELECT array_agg(COALESCE(n.id, o.id)) FROM old_rows o FULL JOIN new_rows n ON n.id = o.id
        WHERE (n.id, n.name, n.tenant_id, n.additional_info, n.device_profile_id)
          IS DISTINCT FROM (o.id, o.name, o.tenant_id, o.additional_info, o.device_profile_id)));
  END CASE;
  RETURN NULL;
EXCEPTION WHEN OTHERS THEN
  RAISE WARNING 'ThingPass was not told of a change: %', SQLERRM;
  RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION thingpass_profile_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('thingpass_thingsboard', json_build_object('profile', OLD.id)::text);
  RETURN NULL;
EXCEPTION WHEN OTHERS THEN
  RAISE WARNING 'ThingPass was not told of a change: %', SQLERRM;
  RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION thingpass_everything_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('thingpass_thingsboard', '{"everything":true}');
  RETURN NULL;
EXCEPTION WHEN OTHERS THEN
  RAISE WARNING 'ThingPass was not told of a change: %', SQLERRM;
  RETURN NULL;
END
$$;

DROP TRIGGER IF EXISTS thingpass_credentials_inserted ON device_credentials;
DROP TRIGGER IF EXISTS thingpass_credentials_updated ON device_credentials;
DROP TRIGGER IF EXISTS thingpass_credentials_deleted ON device_credentials;
DROP TRIGGER IF EXISTS thingpass_credentials_truncated ON device_credentials;
CREATE TRIGGER thingpass_credentials_inserted AFTER INSERT ON device_credentials
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION thingpass_credentials_changed();
CREATE TRIGGER thingpass_credentials_updated AFTER UPDATE ON device_credentials
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION thingpass_credentials_changed();
CREATE TRIGGER thingpass_credentials_deleted AFTER DELETE ON device_credentials
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION thingpass_credentials_changed();
CREATE TRIGGER thingpass_credentials_truncated AFTER TRUNCATE ON device_credentials
  FOR EACH STATEMENT EXECUTE FUNCTION thingpass_everything_changed();

DROP TRIGGER IF EXISTS thingpass_device_inserted ON device;
DROP TRIGGER IF EXISTS thingpass_device_updated ON device;
DROP TRIGGER IF EXISTS thingpass_device_deleted ON device;
DROP TRIGGER IF EXISTS thingpass_device_truncated ON device;
CREATE TRIGGER thingpass_device_inserted AFTER INSERT ON device
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION thingpass_device_changed();
CREATE TRIGGER thingpass_device_updated AFTER UPDATE ON device
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION thingpass_device_changed();
CREATE TRIGGER thingpass_device_deleted AFTER DELETE ON device
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION thingpass_device_changed();
CREATE TRIGGER thingpass_device_truncated AFTER TRUNCATE ON device
  FOR EACH STATEMENT EXECUTE FUNCTION thingpass_everything_changed();

-- A profile may have a million devices; ThingPass knows whose profile is whose.
DROP TRIGGER IF EXISTS thingpass_profile_updated ON device_profile;
DROP TRIGGER IF EXISTS thingpass_profile_deleted ON device_profile;
CREATE TRIGGER thingpass_profile_updated AFTER UPDATE ON device_profile FOR EACH ROW
  WHEN ((OLD.id, OLD.name, OLD.transport_type, OLD.profile_data)
    IS DISTINCT FROM (NEW.id, NEW.name, NEW.transport_type, NEW.profile_data))
  EXECUTE FUNCTION thingpass_profile_changed();
CREATE TRIGGER thingpass_profile_deleted AFTER DELETE ON device_profile
  FOR EACH ROW EXECUTE FUNCTION thingpass_profile_changed();
