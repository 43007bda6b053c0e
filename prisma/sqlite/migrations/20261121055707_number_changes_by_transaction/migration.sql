-- AlterTable
ALTER TABLE "change" ADD COLUMN "transaction_id" BIGINT;

-- CreateIndex
CREATE INDEX "idx_change_transaction_id" ON "change"("transaction_id");
