-- CreateTable
CREATE TABLE "device_profile" (
    "id" UUID NOT NULL,
    "created_time" BIGINT NOT NULL,
    "name" VARCHAR(255),
    "type" VARCHAR(255),
    "image" VARCHAR(1000000),
    "transport_type" VARCHAR(255),
    "provision_type" VARCHAR(255),
    "profile_data" JSONB,
    "description" VARCHAR,
    "is_default" BOOLEAN,
    "tenant_id" UUID,
    "firmware_id" UUID,
    "software_id" UUID,
    "default_rule_chain_id" UUID,
    "default_edge_rule_chain_id" UUID,
    "default_dashboard_id" UUID,
    "default_queue_name" VARCHAR(255),
    "provision_device_key" VARCHAR,
    "external_id" UUID,
    "version" BIGINT NOT NULL DEFAULT 1,

    CONSTRAINT "device_profile_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "device" (
    "id" UUID NOT NULL,
    "created_time" BIGINT NOT NULL,
    "additional_info" VARCHAR,
    "customer_id" UUID,
    "device_profile_id" UUID NOT NULL,
    "device_data" JSONB,
    "type" VARCHAR(255),
    "name" VARCHAR(255),
    "label" VARCHAR(255),
    "tenant_id" UUID,
    "firmware_id" UUID,
    "software_id" UUID,
    "external_id" UUID,
    "version" BIGINT NOT NULL DEFAULT 1,

    CONSTRAINT "device_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "device_credentials" (
    "id" UUID NOT NULL,
    "created_time" BIGINT NOT NULL,
    "credentials_id" VARCHAR,
    "credentials_type" VARCHAR(255),
    "credentials_value" VARCHAR,
    "device_id" UUID,
    "version" BIGINT NOT NULL DEFAULT 1,

    CONSTRAINT "device_credentials_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "credentials_secret" (
    "id" UUID NOT NULL,
    "device_credentials_id" UUID NOT NULL,
    "created_time" BIGINT NOT NULL,
    "hash" TEXT NOT NULL,
    "scram_keys" JSONB,
    "not_before" BIGINT,
    "not_after" BIGINT,
    "ends_on_first_use_of" UUID,

    CONSTRAINT "credentials_secret_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "credentials_window" (
    "device_credentials_id" UUID NOT NULL,
    "not_before" BIGINT,
    "not_after" BIGINT,
    "ends_on_first_use_of" UUID,

    CONSTRAINT "credentials_window_pkey" PRIMARY KEY ("device_credentials_id")
);

-- CreateTable
CREATE TABLE "server_attribute" (
    "device_id" UUID NOT NULL,
    "key" TEXT NOT NULL,
    "value" TEXT NOT NULL,

    CONSTRAINT "server_attribute_pkey" PRIMARY KEY ("device_id","key")
);

-- CreateTable
CREATE TABLE "access_rule" (
    "id" TEXT NOT NULL,
    "created_time" BIGINT NOT NULL,
    "position" INTEGER NOT NULL,
    "profile_id" UUID,
    "device_id" UUID,
    "permission" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "filter" TEXT NOT NULL,
    "qos" TEXT,
    "retain" BOOLEAN,
    "note" TEXT,

    CONSTRAINT "access_rule_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "api_key" (
    "id" TEXT NOT NULL,
    "created_time" BIGINT NOT NULL,
    "name" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "scopes" TEXT NOT NULL,
    "expires_time" BIGINT,
    "last_used_time" BIGINT,

    CONSTRAINT "api_key_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "audit_event" (
    "seq" SERIAL NOT NULL,
    "created_time" BIGINT NOT NULL,
    "actor" TEXT NOT NULL,
    "origin" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "subject_type" TEXT NOT NULL,
    "subject_id" TEXT NOT NULL,
    "detail" TEXT NOT NULL,

    CONSTRAINT "audit_event_pkey" PRIMARY KEY ("seq")
);

-- CreateTable
CREATE TABLE "deny_entry" (
    "id" TEXT NOT NULL,
    "created_time" BIGINT NOT NULL,
    "kind" TEXT NOT NULL,
    "value" TEXT NOT NULL,
    "note" TEXT,

    CONSTRAINT "deny_entry_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "change" (
    "seq" SERIAL NOT NULL,
    "created_time" BIGINT NOT NULL,
    "keys" TEXT NOT NULL,
    "transaction_id" BIGINT DEFAULT (pg_current_xact_id()::text)::bigint,

    CONSTRAINT "change_pkey" PRIMARY KEY ("seq")
);

-- CreateTable
CREATE TABLE "server_key" (
    "name" TEXT NOT NULL,
    "created_time" BIGINT NOT NULL,
    "value" TEXT NOT NULL,

    CONSTRAINT "server_key_pkey" PRIMARY KEY ("name")
);

-- CreateIndex
CREATE UNIQUE INDEX "device_profile_name_unq_key" ON "device_profile"("tenant_id", "name");

-- CreateIndex
CREATE UNIQUE INDEX "device_provision_key_unq_key" ON "device_profile"("provision_device_key");

-- CreateIndex
CREATE UNIQUE INDEX "device_profile_external_id_unq_key" ON "device_profile"("tenant_id", "external_id");

-- CreateIndex
CREATE INDEX "idx_device_customer_id" ON "device"("tenant_id", "customer_id");

-- CreateIndex
CREATE INDEX "idx_device_customer_id_and_type" ON "device"("tenant_id", "customer_id", "type");

-- CreateIndex
CREATE INDEX "idx_device_type" ON "device"("tenant_id", "type");

-- CreateIndex
CREATE INDEX "idx_device_device_profile_id" ON "device"("tenant_id", "device_profile_id");

-- CreateIndex
CREATE UNIQUE INDEX "device_name_unq_key" ON "device"("tenant_id", "name");

-- CreateIndex
CREATE UNIQUE INDEX "device_external_id_unq_key" ON "device"("tenant_id", "external_id");

-- CreateIndex
CREATE INDEX "idx_device_credentials_device_id" ON "device_credentials"("device_id");

-- CreateIndex
CREATE UNIQUE INDEX "device_credentials_id_unq_key" ON "device_credentials"("credentials_id");

-- CreateIndex
CREATE INDEX "idx_credentials_secret_device_credentials_id" ON "credentials_secret"("device_credentials_id");

-- CreateIndex
CREATE INDEX "idx_credentials_secret_not_after" ON "credentials_secret"("not_after");

-- CreateIndex
CREATE INDEX "idx_credentials_window_not_after" ON "credentials_window"("not_after");

-- CreateIndex
CREATE INDEX "idx_access_rule_profile_id" ON "access_rule"("profile_id");

-- CreateIndex
CREATE INDEX "idx_access_rule_device_id" ON "access_rule"("device_id");

-- CreateIndex
CREATE UNIQUE INDEX "api_key_name_unq_key" ON "api_key"("name");

-- CreateIndex
CREATE INDEX "idx_audit_event_subject" ON "audit_event"("subject_type", "subject_id");

-- CreateIndex
CREATE UNIQUE INDEX "deny_entry_unq_key" ON "deny_entry"("kind", "value");

-- CreateIndex
CREATE INDEX "idx_change_transaction_id" ON "change"("transaction_id");

-- AddForeignKey
ALTER TABLE "device" ADD CONSTRAINT "device_device_profile_id_fkey" FOREIGN KEY ("device_profile_id") REFERENCES "device_profile"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "credentials_secret" ADD CONSTRAINT "credentials_secret_device_credentials_id_fkey" FOREIGN KEY ("device_credentials_id") REFERENCES "device_credentials"("id") ON DELETE CASCADE ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "credentials_window" ADD CONSTRAINT "credentials_window_device_credentials_id_fkey" FOREIGN KEY ("device_credentials_id") REFERENCES "device_credentials"("id") ON DELETE CASCADE ON UPDATE NO ACTION;
