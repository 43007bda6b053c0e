-- CreateTable
CREATE TABLE "certificate_validity" (
    "device_credentials_id" TEXT NOT NULL PRIMARY KEY,
    "not_before" BIGINT,
    "not_after" BIGINT,
    CONSTRAINT "certificate_validity_device_credentials_id_fkey" FOREIGN KEY ("device_credentials_id") REFERENCES "device_credentials" ("id") ON DELETE CASCADE ON UPDATE NO ACTION
);

-- CreateTable
CREATE TABLE "expiry_notice" (
    "subject_id" TEXT NOT NULL,
    "ends_at" BIGINT NOT NULL,
    "days" INTEGER NOT NULL,
    "claimed_until" BIGINT NOT NULL,
    "sent_time" BIGINT,

    PRIMARY KEY ("subject_id", "ends_at", "days")
);

-- CreateIndex
CREATE INDEX "idx_certificate_validity_not_after" ON "certificate_validity"("not_after");

-- CreateIndex
CREATE INDEX "idx_expiry_notice_ends_at" ON "expiry_notice"("ends_at");

-- CreateIndex
CREATE INDEX "idx_credentials_window_ends_on_first_use_of" ON "credentials_window"("ends_on_first_use_of");
