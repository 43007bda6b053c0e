-- CreateTable
CREATE TABLE "certificate_name" (
    "device_credentials_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "value" TEXT NOT NULL,

    CONSTRAINT "certificate_name_pkey" PRIMARY KEY ("device_credentials_id","kind","value")
);

-- CreateIndex
CREATE INDEX "idx_certificate_name_value" ON "certificate_name"("value", "kind");

-- AddForeignKey
ALTER TABLE "certificate_name" ADD CONSTRAINT "certificate_name_device_credentials_id_fkey" FOREIGN KEY ("device_credentials_id") REFERENCES "device_credentials"("id") ON DELETE CASCADE ON UPDATE NO ACTION;
