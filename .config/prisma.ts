import { defineConfig } from 'prisma/config';

// `prisma generate` wants a schema-engine binary, which it would download, but never runs it: any existing file will do.
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= process.execPath;

// SQLite's schema unless `--schema` names PostgreSQL's; a test holds the two equal.
export default defineConfig({ schema: '../prisma/sqlite/schema.prisma' });
