-- Takes away what notify.sql made.

DROP FUNCTION IF EXISTS thingpass_credentials_changed() CASCADE;
DROP FUNCTION IF EXISTS thingpass_device_changed() CASCADE;
DROP FUNCTION IF EXISTS thingpass_profile_changed() CASCADE;
DROP FUNCTION IF EXISTS thingpass_everything_changed() CASCADE;
DROP FUNCTION IF EXISTS thingpass_tell_devices(uuid[]);
