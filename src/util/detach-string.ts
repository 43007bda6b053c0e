/**
 * The same text in memory of its own, for whoever keeps it. A piece cut out of a request's body keeps all of that body alive,
 * and clients can make bodies long.
 * @param text well-formed, as everything is that can be looked up.
 */
export function detachString(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}
