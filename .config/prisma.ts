import { defineConfig } from 'prisma/config';

// `prisma generate` wants a schema-engine binary, which it would download, but never runs it: any existing file will do.
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= process.execPath;

export default defineConfig({
  schema: `../prisma/${process.env.THINGPASS_PRISMA_SCHEMA ?? 'sqlite'}/schema.prisma`,
});
