-- CreateTable
CREATE TABLE "ca_bundle_certificate" (
    "bundle" TEXT NOT NULL,
    "sha256" TEXT NOT NULL,
    "created_time" BIGINT NOT NULL,
    "subject" TEXT NOT NULL,
    "not_after" BIGINT NOT NULL,
    "pem" TEXT NOT NULL,

    CONSTRAINT "ca_bundle_certificate_pkey" PRIMARY KEY ("bundle","sha256")
);

-- CreateTable
CREATE TABLE "ca_bundle_fetch" (
    "bundle" TEXT NOT NULL,
    "node" TEXT NOT NULL,
    "etag" TEXT NOT NULL,
    "fetched_time" BIGINT NOT NULL,

    CONSTRAINT "ca_bundle_fetch_pkey" PRIMARY KEY ("bundle","node")
);
