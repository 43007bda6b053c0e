-- CreateTable
CREATE TABLE "device_profile" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "created_time" BIGINT NOT NULL,
    "name" TEXT,
    "type" TEXT,
    "image" TEXT,
    "transport_type" TEXT,
    "provision_type" TEXT,
    "profile_data" JSONB,
    "description" TEXT,
    "is_default" BOOLEAN,
    "tenant_id" TEXT,
    "firmware_id" TEXT,
    "software_id" TEXT,
    "default_rule_chain_id" TEXT,
    "default_edge_rule_chain_id" TEXT,
    "default_dashboard_id" TEXT,
    "default_queue_name" TEXT,
    "provision_device_key" TEXT,
    "external_id" TEXT,
    "version" BIGINT NOT NULL DEFAULT 1
);

-- CreateTable
CREATE TABLE "device" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "created_time" BIGINT NOT NULL,
    "additional_info" TEXT,
    "customer_id" TEXT,
    "device_profile_id" TEXT NOT NULL,
    "device_data" JSONB,
    "type" TEXT,
    "name" TEXT,
    "label" TEXT,
    "tenant_id" TEXT,
    "firmware_id" TEXT,
    "software_id" TEXT,
    "external_id" TEXT,
    "version" BIGINT NOT NULL DEFAULT 1,
    CONSTRAINT "device_device_profile_id_fkey" FOREIGN KEY ("device_profile_id") REFERENCES "device_profile" ("id") ON DELETE RESTRICT ON UPDATE NO ACTION
);

-- CreateTable
CREATE TABLE "device_credentials" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "created_time" BIGINT NOT NULL,
    "credentials_id" TEXT,
    "credentials_type" TEXT,
    "credentials_value" TEXT,
    "device_id" TEXT,
    "version" BIGINT NOT NULL DEFAULT 1
);

-- CreateTable
CREATE TABLE "credentials_secret" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "device_credentials_id" TEXT NOT NULL,
    "created_time" BIGINT NOT NULL,
    "hash" TEXT NOT NULL,
    "scram_keys" JSONB,
    "not_before" BIGINT,
    "not_after" BIGINT,
    "ends_on_first_use_of" TEXT,
    CONSTRAINT "credentials_secret_device_credentials_id_fkey" FOREIGN KEY ("device_credentials_id") REFERENCES "device_credentials" ("id") ON DELETE CASCADE ON UPDATE NO ACTION
);

-- CreateTable
CREATE TABLE "credentials_window" (
    "device_credentials_id" TEXT NOT NULL PRIMARY KEY,
    "not_before" BIGINT,
    "not_after" BIGINT,
    "ends_on_first_use_of" TEXT,
    CONSTRAINT "credentials_window_device_credentials_id_fkey" FOREIGN KEY ("device_credentials_id") REFERENCES "device_credentials" ("id") ON DELETE CASCADE ON UPDATE NO ACTION
);

-- CreateTable
CREATE TABLE "server_attribute" (
    "device_id" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "value" TEXT NOT NULL,

    PRIMARY KEY ("device_id", "key")
);

-- CreateTable
CREATE TABLE "access_rule" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "created_time" BIGINT NOT NULL,
    "position" INTEGER NOT NULL,
    "profile_id" TEXT,
    "device_id" TEXT,
    "permission" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "filter" TEXT NOT NULL,
    "qos" TEXT,
    "retain" BOOLEAN,
    "note" TEXT
);

-- CreateTable
CREATE TABLE "api_key" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "created_time" BIGINT NOT NULL,
    "name" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "scopes" TEXT NOT NULL,
    "expires_time" BIGINT,
    "last_used_time" BIGINT
);

-- CreateTable
CREATE TABLE "audit_event" (
    "seq" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "created_time" BIGINT NOT NULL,
    "actor" TEXT NOT NULL,
    "origin" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "subject_type" TEXT NOT NULL,
    "subject_id" TEXT NOT NULL,
    "detail" TEXT NOT NULL
);

-- CreateTable
CREATE TABLE "deny_entry" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "created_time" BIGINT NOT NULL,
    "kind" TEXT NOT NULL,
    "value" TEXT NOT NULL,
    "note" TEXT
);

-- CreateTable
CREATE TABLE "change" (
    "seq" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "created_time" BIGINT NOT NULL,
    "keys" TEXT NOT NULL
);

-- CreateTable
CREATE TABLE "server_key" (
    "name" TEXT NOT NULL PRIMARY KEY,
    "created_time" BIGINT NOT NULL,
    "value" TEXT NOT NULL
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
