-- A window also says whose first use ends its credential, which is read with that other credential: both are not what they
-- were when a window changes.
DROP TRIGGER "credentials_window_inserted";
DROP TRIGGER "credentials_window_updated";
DROP TRIGGER "credentials_window_deleted";

CREATE TRIGGER "credentials_window_inserted" AFTER INSERT ON "credentials_window" BEGIN
  INSERT INTO "change" ("created_time", "keys")
  SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), json_array("credentials_id")
  FROM "device_credentials" WHERE "id" IN (NEW."device_credentials_id", NEW."ends_on_first_use_of") AND "credentials_id" IS NOT NULL;
END;

CREATE TRIGGER "credentials_window_updated" AFTER UPDATE ON "credentials_window" BEGIN
  INSERT INTO "change" ("created_time", "keys")
  SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), json_array("credentials_id")
  FROM "device_credentials"
  WHERE "id" IN (OLD."device_credentials_id", NEW."device_credentials_id", OLD."ends_on_first_use_of", NEW."ends_on_first_use_of")
    AND "credentials_id" IS NOT NULL;
END;

CREATE TRIGGER "credentials_window_deleted" AFTER DELETE ON "credentials_window" BEGIN
  INSERT INTO "change" ("created_time", "keys")
  SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), json_array("credentials_id")
  FROM "device_credentials" WHERE "id" IN (OLD."device_credentials_id", OLD."ends_on_first_use_of") AND "credentials_id" IS NOT NULL;
END;
