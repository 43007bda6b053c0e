-- CreateTable
CREATE TABLE "profile_trust" (
    "profile_id" TEXT NOT NULL PRIMARY KEY,
    "path" TEXT,
    "usage" TEXT,
    "crl" TEXT,
    "ocsp" TEXT
);

-- Whole copies of the table are kept, so every change is told (src/storage/change.ts).
CREATE TRIGGER "profile_trust_inserted" AFTER INSERT ON "profile_trust" BEGIN
  INSERT INTO "change" ("created_time", "keys")
  VALUES (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), json_object('table', 'profile_trust'));
END;

CREATE TRIGGER "profile_trust_updated" AFTER UPDATE ON "profile_trust" BEGIN
  INSERT INTO "change" ("created_time", "keys")
  VALUES (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), json_object('table', 'profile_trust'));
END;

CREATE TRIGGER "profile_trust_deleted" AFTER DELETE ON "profile_trust" BEGIN
  INSERT INTO "change" ("created_time", "keys")
  VALUES (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), json_object('table', 'profile_trust'));
END;
