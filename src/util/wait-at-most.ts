/**
 * Waits for work, for a time at most. The work goes on; nobody hears of its failure after that.
 * @param late says what to answer, or throws, when the time was over first.
 */
export async function waitAtMost<Value, Late>(
  work: Promise<Value>,
  milliseconds: number,
  late: () => Late,
): Promise<Value | Late> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  try {
    return await Promise.race([work, over.then(late)]);
  } finally {
    clearTimeout(timer);
  }
}
