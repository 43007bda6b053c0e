/**
 * A value that is there at once, or comes later. What is known needs no promise: nearly every decision is made out of memory,
 * and the promises on its way would cost more than it does.
 */
export type MaybePromise<Value> = Value | Promise<Value>;

/** What `use` makes of the value, at once where it is there. */
export function chain<Value, Result>(
  value: MaybePromise<Value>,
  use: (value: Value) => MaybePromise<Result>,
): MaybePromise<Result> {
  return value instanceof Promise ? value.then(use) : use(value);
}
