import { deny } from '../model/decision.ts';
import { ThingPassError } from '../model/errors.ts';
import type { Question } from '../model/question.ts';
import type { FieldNames, Fields } from './fields.ts';

/*
 * What the requests of NanoMQ and of mosquitto-go-auth have in common: a superuser question before each ACL question,
 * and a topic that comes from the client.
 */

/**
 * The answer to every "is this a superuser?", without a look at the request: "yes" would skip the ACL question for good
 * (`nanomq.md` section 5, `mosquitto.md` section 1), and ThingsBoard knows no such clients.
 */
export const SUPERUSER_REFUSED: Question = Object.freeze({
  kind: 'settled',
  decision: deny('superuser_refused', [
    { step: 'superuser', detail: 'nobody is; the ACL question that follows decides' },
  ]),
});

/**
 * Text of the topic.
 * @throws {ThingPassError} `request_unreadable` when it is absent, or its bytes are not UTF-8: the text read from them
 *   would be another
 *   topic than the one the broker then uses.
 */
export function topicText(fields: Fields, names: FieldNames): string {
  const field = fields.get(names);
  if (typeof field === 'string') return field;
  if (field !== undefined && 'bytes' in field)
    throw new ThingPassError('request_unreadable', 'field topic is not UTF-8');
  return fields.required(names);
}
