import { type EmqxRule, emqxList } from '../access/emqx-list.ts';
import type { TopicRights } from '../decision.ts';

/** A list is kept for as long as client and rules are the same: making it costs more than the decision. */
interface KeptList {
  readonly rights: TopicRights;
  readonly list: readonly EmqxRule[];
}

const keptLists = new WeakMap<object, KeptList>();

/**
 * The `acl` of an authentication answer (`emqx.md` section 4): what EMQX may decide by itself for the length of the
 * connection. What the list does not know, EMQX asks the authorizer, which its configuration therefore has
 * (`deploy/emqx`).
 */
export function emqxAcl(rights: TopicRights): readonly EmqxRule[] {
  const { holder, rules, mountedApart } = rights;
  const kept = holder.device && keptLists.get(holder.device);
  if (kept !== undefined && isSame(kept.rights, rights)) return kept.list;
  const list = emqxList(holder, rules, { mountedApart, authorizer: true });
  if (holder.device !== undefined) keptLists.set(holder.device, { rights, list });
  return list;
}

function isSame(one: TopicRights, other: TopicRights): boolean {
  return (
    one.rules === other.rules &&
    one.mountedApart === other.mountedApart &&
    one.holder.role === other.holder.role &&
    one.holder.clientId === other.holder.clientId &&
    one.holder.username === other.holder.username &&
    one.holder.commonName === other.holder.commonName
  );
}
