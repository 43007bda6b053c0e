import { type EmqxRule, emqxList } from '../../engine/access/emqx-list.ts';
import type { TopicRights } from '../../model/decision.ts';

/** A list is kept for as long as client and rules are the same: making it costs more than the decision. */
interface KeptList {
  readonly rights: TopicRights;
  readonly list: EmqxAcl;
}

/** The list, and how it is written in an answer, which takes as long again as deciding. */
export interface EmqxAcl {
  readonly rules: readonly EmqxRule[];
  readonly json: string;
}

const keptLists = new WeakMap<object, KeptList>();

/**
 * The `acl` of an authentication answer (`emqx.md` section 4): what EMQX may decide by itself for the length of the
 * connection. What the list does not know, EMQX asks the authorizer, which its configuration therefore has
 * (`deploy/emqx`).
 */
export function emqxAcl(rights: TopicRights): EmqxAcl {
  const { subject, rules, perDeviceMountpoint } = rights;
  const kept = subject.device && keptLists.get(subject.device);
  if (kept !== undefined && isSame(kept.rights, rights)) return kept.list;
  const made = emqxList(subject, rules, { perDeviceMountpoint, authorizer: true });
  const list = { rules: made, json: JSON.stringify(made) };
  if (subject.device !== undefined) keptLists.set(subject.device, { rights, list });
  return list;
}

function isSame(one: TopicRights, other: TopicRights): boolean {
  return (
    one.rules === other.rules &&
    one.perDeviceMountpoint === other.perDeviceMountpoint &&
    one.subject.role === other.subject.role &&
    one.subject.clientId === other.subject.clientId &&
    one.subject.username === other.subject.username &&
    one.subject.commonName === other.subject.commonName
  );
}
