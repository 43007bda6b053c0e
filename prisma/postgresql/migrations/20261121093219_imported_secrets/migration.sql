-- AlterTable
ALTER TABLE "credentials_secret" ADD COLUMN     "imported_as" TEXT;
