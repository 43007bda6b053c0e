-- CreateTable
CREATE TABLE "certificate_name" (
    "device_credentials_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "value" TEXT NOT NULL,

    PRIMARY KEY ("device_credentials_id", "kind", "value"),
    CONSTRAINT "certificate_name_device_credentials_id_fkey" FOREIGN KEY ("device_credentials_id") REFERENCES "device_credentials" ("id") ON DELETE CASCADE ON UPDATE NO ACTION
);

-- CreateIndex
CREATE INDEX "idx_certificate_name_value" ON "certificate_name"("value", "kind");
