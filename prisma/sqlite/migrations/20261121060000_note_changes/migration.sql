-- Whoever writes what a decision rests on leaves a row in "change", in the same transaction: the repositories, an import,
-- an operator's own SQL. Caches read these rows and forget just that. What "keys" may hold: src/storage/change.ts.
-- The SQL keeps to what older SQLite knows, since operators bring their own.

-- Few readers lag by more than this; one that does asks again about everything.
CREATE TRIGGER "change_pruned" AFTER INSERT ON "change" BEGIN
  DELETE FROM "change" WHERE "seq" <= NEW."seq" - 100000;
END;

CREATE TRIGGER "device_credentials_inserted" AFTER INSERT ON "device_credentials" WHEN NEW."credentials_id" IS NOT NULL BEGIN
  INSERT INTO "change" ("created_time", "keys")
  VALUES (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), json_array(NEW."credentials_id"));
END;

CREATE TRIGGER "device_credentials_deleted" AFTER DELETE ON "device_credentials" WHEN OLD."credentials_id" IS NOT NULL BEGIN
  INSERT INTO "change" ("created_time", "keys")
  VALUES (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), json_object('gone', json_array(OLD."credentials_id")));
END;

CREATE TRIGGER "device_credentials_updated"
AFTER UPDATE OF "id", "credentials_id", "credentials_type", "credentials_value", "device_id" ON "device_credentials" BEGIN
  INSERT INTO "change" ("created_time", "keys")
  SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), json_object('gone', json_array(OLD."credentials_id"))
  WHERE OLD."credentials_id" IS NOT NULL AND OLD."credentials_id" IS NOT NEW."credentials_id";
  INSERT INTO "change" ("created_time", "keys")
  SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), json_array(NEW."credentials_id")
  WHERE NEW."credentials_id" IS NOT NULL;
END;

-- Credentials may be there before their device, and stay behind it: there is no foreign key.
CREATE TRIGGER "device_inserted" AFTER INSERT ON "device" BEGIN
  INSERT INTO "change" ("created_time", "keys")
  SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), json_group_array("credentials_id")
  FROM "device_credentials" WHERE "device_id" = NEW."id" AND "credentials_id" IS NOT NULL GROUP BY "device_id";
END;

CREATE TRIGGER "device_deleted" AFTER DELETE ON "device" BEGIN
  INSERT INTO "change" ("created_time", "keys")
  SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), json_object('gone', json_group_array("credentials_id"))
  FROM "device_credentials" WHERE "device_id" = OLD."id" AND "credentials_id" IS NOT NULL GROUP BY "device_id";
END;

CREATE TRIGGER "device_updated"
AFTER UPDATE OF "id", "name", "tenant_id", "additional_info", "device_profile_id" ON "device" BEGIN
  INSERT INTO "change" ("created_time", "keys")
  SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), json_group_array("credentials_id")
  FROM "device_credentials" WHERE "device_id" IN (OLD."id", NEW."id") AND "credentials_id" IS NOT NULL GROUP BY "device_id";
END;

CREATE TRIGGER "device_profile_updated" AFTER UPDATE OF "id", "name", "transport_type", "profile_data" ON "device_profile" BEGIN
  INSERT INTO "change" ("created_time", "keys")
  VALUES (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), json_object('profile', OLD."id"));
END;

CREATE TRIGGER "device_profile_deleted" AFTER DELETE ON "device_profile" BEGIN
  INSERT INTO "change" ("created_time", "keys")
  VALUES (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), json_object('profile', OLD."id"));
END;

CREATE TRIGGER "credentials_secret_inserted" AFTER INSERT ON "credentials_secret" BEGIN
  INSERT INTO "change" ("created_time", "keys")
  SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), json_array("credentials_id")
  FROM "device_credentials" WHERE "id" = NEW."device_credentials_id" AND "credentials_id" IS NOT NULL;
END;

CREATE TRIGGER "credentials_secret_updated" AFTER UPDATE ON "credentials_secret" BEGIN
  INSERT INTO "change" ("created_time", "keys")
  SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), json_array("credentials_id")
  FROM "device_credentials" WHERE "id" IN (OLD."device_credentials_id", NEW."device_credentials_id") AND "credentials_id" IS NOT NULL;
END;

CREATE TRIGGER "credentials_secret_deleted" AFTER DELETE ON "credentials_secret" BEGIN
  INSERT INTO "change" ("created_time", "keys")
  SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), json_array("credentials_id")
  FROM "device_credentials" WHERE "id" = OLD."device_credentials_id" AND "credentials_id" IS NOT NULL;
END;

CREATE TRIGGER "credentials_window_inserted" AFTER INSERT ON "credentials_window" BEGIN
  INSERT INTO "change" ("created_time", "keys")
  SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), json_array("credentials_id")
  FROM "device_credentials" WHERE "id" = NEW."device_credentials_id" AND "credentials_id" IS NOT NULL;
END;

CREATE TRIGGER "credentials_window_updated" AFTER UPDATE ON "credentials_window" BEGIN
  INSERT INTO "change" ("created_time", "keys")
  SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), json_array("credentials_id")
  FROM "device_credentials" WHERE "id" IN (OLD."device_credentials_id", NEW."device_credentials_id") AND "credentials_id" IS NOT NULL;
END;

CREATE TRIGGER "credentials_window_deleted" AFTER DELETE ON "credentials_window" BEGIN
  INSERT INTO "change" ("created_time", "keys")
  SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), json_array("credentials_id")
  FROM "device_credentials" WHERE "id" = OLD."device_credentials_id" AND "credentials_id" IS NOT NULL;
END;

CREATE TRIGGER "access_rule_inserted" AFTER INSERT ON "access_rule" BEGIN
  INSERT INTO "change" ("created_time", "keys")
  VALUES (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), json_object('table', 'access_rule'));
END;

CREATE TRIGGER "access_rule_updated" AFTER UPDATE ON "access_rule" BEGIN
  INSERT INTO "change" ("created_time", "keys")
  VALUES (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), json_object('table', 'access_rule'));
END;

CREATE TRIGGER "access_rule_deleted" AFTER DELETE ON "access_rule" BEGIN
  INSERT INTO "change" ("created_time", "keys")
  VALUES (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), json_object('table', 'access_rule'));
END;

CREATE TRIGGER "deny_entry_inserted" AFTER INSERT ON "deny_entry" BEGIN
  INSERT INTO "change" ("created_time", "keys")
  VALUES (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), json_object('table', 'deny_entry'));
END;

CREATE TRIGGER "deny_entry_updated" AFTER UPDATE ON "deny_entry" BEGIN
  INSERT INTO "change" ("created_time", "keys")
  VALUES (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), json_object('table', 'deny_entry'));
END;

CREATE TRIGGER "deny_entry_deleted" AFTER DELETE ON "deny_entry" BEGIN
  INSERT INTO "change" ("created_time", "keys")
  VALUES (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), json_object('table', 'deny_entry'));
END;
