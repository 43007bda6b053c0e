-- CreateTable
CREATE TABLE "profile_trust" (
    "profile_id" TEXT NOT NULL,
    "path" TEXT,
    "usage" TEXT,
    "crl" TEXT,
    "ocsp" TEXT,

    CONSTRAINT "profile_trust_pkey" PRIMARY KEY ("profile_id")
);

-- Whole copies of the table are kept, so every change is told (src/storage/change.ts).
CREATE TRIGGER profile_trust_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON "profile_trust" FOR EACH STATEMENT EXECUTE FUNCTION thingpass_table_changed();
