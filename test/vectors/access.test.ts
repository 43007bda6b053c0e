import assert from 'node:assert/strict';
import { profileFilter } from '../../src/engine/access/profile-filter.ts';
import {
  decideThingsBoardTopic,
  type PublishOutcome,
  publishOutcome,
} from '../../src/engine/access/thingsboard-topics.ts';
import { readProfileTransport } from '../../src/engine/credentials/stored/stored-json.ts';
import type { Role } from '../../src/model/device-identity.ts';
import { goldenFile, goldenJson } from '../support/golden.ts';

interface FilterCase {
  readonly filter: string | null;
  readonly topic: string;
  readonly matches?: boolean;
  readonly error?: boolean;
}

const FILTERS = 'vectors/thingsboard/topic-filter.json';

goldenFile<FilterCase>(
  FILTERS,
  () => goldenJson<{ cases: FilterCase[] }>(FILTERS).cases,
  ({ filter, topic, matches, error }) => {
    const matcher = profileFilter(filter ?? '');
    if (error) assert.equal(matcher, undefined);
    else assert.equal(matcher?.(topic), matches);
  },
);

interface AccessCase {
  readonly role: 'device' | 'gateway' | 'provision';
  readonly mqttTransportConfiguration: Readonly<Record<string, unknown>> | null;
  readonly action: 'publish' | 'subscribe';
  readonly topic: string;
  readonly qos: number;
  readonly expected: {
    readonly outcome?: string;
    readonly allow: boolean;
    readonly v5PubAck?: number | null;
    readonly v3PubAck?: boolean;
    readonly v3Closed?: boolean;
    readonly v5Closed?: boolean;
    readonly subAck?: { readonly v3: number; readonly v5: number };
  };
}

const ROLES: Record<AccessCase['role'], Role> = {
  device: 'device',
  gateway: 'gateway',
  provision: 'provisioning_session',
};

const ACCESS = 'vectors/thingsboard/acl.json';

goldenFile<AccessCase>(
  ACCESS,
  () => goldenJson<{ cases: AccessCase[] }>(ACCESS).cases,
  (one) => {
    const role = ROLES[one.role];
    const configuration = one.mqttTransportConfiguration;
    const { topics } = readProfileTransport(
      configuration && JSON.stringify({ type: 'MQTT', ...configuration }),
    );
    const allow = decideThingsBoardTopic(role, topics, one.action, one.topic);
    assert.equal(allow, one.expected.allow);
    if (one.action === 'subscribe') {
      const granted = Math.min(one.qos, 1);
      assert.deepEqual(allow ? { v3: granted, v5: granted } : { v3: 0x80, v5: 0x8f }, one.expected.subAck);
      return;
    }
    const outcome = publishOutcome(role, topics, one.topic);
    const acknowledgesErrors = configuration?.sendAckOnValidationException === true;
    assert.deepEqual(
      { outcome: outcome.replace('_', '-'), allow, ...onTheWire(outcome, role, one.qos, acknowledgesErrors) },
      one.expected,
    );
  },
);

/** What the client of each MQTT version then sees (`credentials/thingsboard.md` section 9.6). */
function onTheWire(outcome: PublishOutcome, role: Role, qos: number, acknowledgesErrors: boolean) {
  const closes = outcome === 'closed' || (outcome === 'topic_invalid' && role === 'provisioning_session');
  const badId = outcome === 'id_invalid';
  const closed = {
    v3Closed: closes || (badId && !(acknowledgesErrors && qos > 0)),
    v5Closed: closes || (badId && qos === 0),
  };
  if (qos === 0) return closed;
  const codes: Record<PublishOutcome, number | null> = {
    accepted: 0,
    topic_invalid: 0x90,
    id_invalid: 0x99,
    ignored: null,
    closed: null,
  };
  const v3PubAck = outcome === 'accepted' || outcome === 'topic_invalid' || (badId && acknowledgesErrors);
  return { v5PubAck: codes[outcome], v3PubAck, ...closed };
}
