import { ThingPassError } from '../../model/errors.ts';
import type { WebhookRequest } from '../dialect.ts';
import type { Fields } from '../fields.ts';
import { parseJsonObject } from '../json-object.ts';
import { parseForm } from '../urlencoded.ts';

/** What TBMQ's template holds, in the order in which it came; the first three always, an empty text being "absent". */
export interface TbmqMembers {
  readonly username: string;
  readonly password: string;
  readonly clientId: string;
  readonly commonName?: string;
}

const REQUIRED = ['username', 'password', 'clientId'] as const;
const KNOWN: ReadonlySet<string> = new Set([...REQUIRED, 'commonName']);

/**
 * The members of a request (`tbmq.md` sections 1 and 4).
 *
 * TBMQ pastes what a client sends into its template unescaped: a password `x","clientId":"other` is two members. So
 * everything that the template alone would not give is refused: a repeated member, a fifth one, one that is not a
 * text; and one that is missing, since a client could then bring it without a repetition. A body that is no JSON object
 * is refused for the same reason: forms and what JSON's own grammar lets through as garbage.
 *
 * A query is worse: TBMQ parses the text itself and leaves out repetitions and whatever follows the object's end, so a
 * client's password can replace the client id without a trace. What a GET names is no more than the client's own word,
 * which is all that an access token needs, and `commonName` is refused there.
 * @throws {ThingPassError} `request_unreadable` never repeating a name or value that the client may have chosen.
 */
export function readTbmqMembers(request: WebhookRequest): TbmqMembers {
  const fields = request.method === 'GET' ? queryFields(request.query) : bodyFields(request.body);
  const members: Record<string, string> = {};
  for (const name of fields.names()) {
    if (!KNOWN.has(name))
      throw new ThingPassError('request_unreadable', 'there is a member that the template does not have');
    members[name] = fields.required(name);
  }
  for (const name of REQUIRED) {
    if (members[name] === undefined)
      throw new ThingPassError('request_unreadable', `member ${name} is missing`);
  }
  if (request.method === 'GET' && members.commonName !== undefined) {
    throw new ThingPassError(
      'request_unreadable',
      'member commonName is in a query, where a client can forge it: use POST',
    );
  }
  return members as unknown as TbmqMembers;
}

/** Spring encodes neither `+` as anything else nor a blank as `+` (section 1), as a form would. */
function queryFields(query: string): Fields {
  const fields = parseForm(Buffer.from(query.replaceAll('+', '%2B'), 'latin1'));
  if (fields.values().some((value) => typeof value !== 'string')) {
    throw new ThingPassError('request_unreadable', 'the query is not UTF-8');
  }
  return fields;
}

function bodyFields(body: Buffer): Fields {
  const fields = parseJsonObject(body);
  const parsed = JSON.parse(body.toString('utf8')) as object;
  if (Object.values(parsed).some((value) => typeof value !== 'string')) {
    throw new ThingPassError('request_unreadable', 'a member is not a text');
  }
  return fields;
}
