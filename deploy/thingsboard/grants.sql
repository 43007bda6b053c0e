-- A user that may read what ThingPass reads of ThingsBoard's database, and nothing else. Run it as ThingsBoard's own user
-- or as a superuser, connected to ThingsBoard's database, with a password of your own:
--
--   psql "postgresql://postgres@host/thingsboard" --set ON_ERROR_STOP=1 --file grants.sql

CREATE ROLE thingpass LOGIN PASSWORD 'CHANGE-ME' CONNECTION LIMIT 50;
ALTER ROLE thingpass SET default_transaction_read_only = on;
GRANT USAGE ON SCHEMA public TO thingpass;
GRANT SELECT (id, created_time, credentials_id, credentials_type, credentials_value, device_id)
  ON device_credentials TO thingpass;
GRANT SELECT (id, created_time, name, label, tenant_id, additional_info, device_profile_id) ON device TO thingpass;
GRANT SELECT (id, name, tenant_id, transport_type, provision_type, provision_device_key, profile_data)
  ON device_profile TO thingpass;
