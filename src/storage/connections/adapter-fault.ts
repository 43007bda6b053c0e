/**
 * What went wrong in the database, in the words of Prisma's driver adapters, such as `UniqueConstraintViolation`. Errors of
 * handwritten statements all have one code, so that only this tells them apart.
 */
export function adapterFault(error: unknown): string | undefined {
  const { meta } = error as {
    readonly meta?: { readonly driverAdapterError?: { readonly cause?: { readonly kind?: string } } };
  };
  return meta?.driverAdapterError?.cause?.kind;
}
