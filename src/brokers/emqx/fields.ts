import { ThingPassError } from '../../model/errors.ts';
import type { Fields } from '../fields.ts';

/** How EMQX 5 and 6 fill in the fields of `body` (`emqx.md` sections 2.2 and 10). */

/** A placeholder that EMQX does not know in this place, or not in this version, comes as its own text (section 2.2). */
export function isPlaceholder(text: string): boolean {
  return text.startsWith('${') && text.indexOf('}') === text.length - 1;
}

/**
 * A field that says who the client is; empty means absent, since EMQX sends nothing else for it (section 2.2).
 * @throws {ThingPassError} `placeholder_not_filled` for an unreplaced placeholder: never a credential (section 10).
 */
export function identifying(fields: Fields, names: readonly string[]): string | undefined {
  const text = fields.filled(names);
  if (text !== undefined && isPlaceholder(text)) {
    throw new ThingPassError(
      'placeholder_not_filled',
      `field ${names[0]} holds a placeholder: this EMQX does not know it there`,
    );
  }
  return text;
}

/** A field that only adds to the picture: an unreplaced placeholder is as good as none. */
export function additional(fields: Fields, names: readonly string[]): string | undefined {
  const text = fields.filled(names);
  return text && isPlaceholder(text) ? undefined : text;
}

// The names are the operator's own (`body`); EMQX's placeholder names stand first.
export const CLIENT_ID = ['clientid', 'client_id', 'clientId'] as const;
export const USERNAME = ['username', 'user_name', 'userName'] as const;
