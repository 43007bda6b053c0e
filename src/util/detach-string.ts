/**
 * Copies a text into separate memory, for callers that keep it. A substring of a request's body keeps the whole
 * body alive, and clients can make bodies long.
 * @param text well-formed, as all lookup keys are.
 */
export function detachString(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}
