import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { WebhookRequest } from '../../../src/brokers/dialect.ts';
import { nanomq } from '../../../src/brokers/nanomq/dialect.ts';
import { PLAIN_SETTINGS } from '../../support/broker-settings.ts';
import { accessesOf, assertUnreadable, denialOf, endpointAt, post } from '../../support/questions.ts';

const acl = endpointAt(nanomq, '/nanomq/acl');

function topics(request: WebhookRequest): string[] {
  return accessesOf(acl.read(request, PLAIN_SETTINGS)).map(({ action, topic }) => `${action} ${topic}`);
}

function settled(request: WebhookRequest) {
  return denialOf(acl.read(request, PLAIN_SETTINGS));
}

function unreadable(request: WebhookRequest, message: RegExp): void {
  assertUnreadable(() => acl.read(request, PLAIN_SETTINGS), message);
}

describe('a topic request', () => {
  const subscribe = (topic: string) => post(JSON.stringify({ clientid: 'c', access: '1', topic }));
  const publish = (topic: string) => post(JSON.stringify({ clientid: 'c', access: '2', topic }));

  it('asks for every filter of a SUBSCRIBE', () => {
    assert.deepEqual(topics(subscribe('t/a,t/b/#,$share/g/t/+')), [
      'subscribe t/a',
      'subscribe t/b/#',
      'subscribe $share/g/t/+',
    ]);
  });

  it('never splits the one topic of a PUBLISH', () => {
    assert.deepEqual(topics(publish('geo/52.1,4.3')), ['publish geo/52.1,4.3']);
  });

  it('refuses what splits into an empty filter: the comma was part of one', () => {
    for (const topic of ['', ',', 'a,', ',a', 'a,,b'])
      assert.equal(settled(subscribe(topic)).reason, 'topic_invalid');
  });

  it('refuses more filters than it is ready to check, and drops none of them in silence', () => {
    const many = Array.from({ length: 1_000 }, () => 't');
    assert.equal(topics(subscribe(many.join(','))).length, 1_000);
    assert.equal(settled(subscribe([...many, '#'].join(','))).reason, 'topic_filter_too_complex');
    assert.equal(settled(subscribe(','.repeat(2_000_000))).reason, 'topic_filter_too_complex');
  });

  it('carries the password that %P sends again', () => {
    const body = 'clientid=c&username=u&access=2&topic=t&password=p%26w';
    assert.equal(accessesOf(acl.read(post(body), PLAIN_SETTINGS))[0]?.password, 'p&w');
  });

  it('settles the broker’s own status events, under a step of their own', () => {
    for (const topic of [
      '$SYS/brokers/client_status/c',
      '$SYS/brokers/connected',
      '$SYS/brokers/disconnected',
    ]) {
      const { reason, steps, countsAsFailure } = settled(publish(topic));
      assert.equal(reason, 'not_supported');
      assert.equal(steps[0]?.step, 'status_event');
      assert.equal(countsAsFailure, false);
    }
  });

  it('takes another client’s status topic, or a subscription to one’s own, for what the client did', () => {
    const other = '$SYS/brokers/client_status/other';
    assert.deepEqual(topics(publish(other)), [`publish ${other}`]);
    assert.deepEqual(topics(subscribe('$SYS/brokers/client_status/c')), [
      'subscribe $SYS/brokers/client_status/c',
    ]);
  });

  it('is refused without an access of 1 or 2, without a topic, and for bytes that are no text', () => {
    unreadable(post('clientid=c&access=3&topic=t'), /access is neither/);
    unreadable(post('clientid=c&topic=t'), /access is missing/);
    unreadable(post('clientid=c&access=1'), /topic is missing/);
    unreadable(post('clientid=c&access=1&topic=a%FF'), /topic is not UTF-8/);
    unreadable(post('clientid=c&username=x&access=2&topic=t&access=1'), /access is repeated/);
    unreadable(post('{"clientid":"c","access":1,"topic":["t"]}'), /topic is not a text/);
  });
});
