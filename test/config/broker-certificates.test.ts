import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCertificateSettings } from '../../src/config/broker-certificates.ts';
import { BROKER_NAMES } from '../../src/model/question.ts';

function read(text: { only?: string[]; unchecked?: string[]; names?: string[] }) {
  const problems: string[] = [];
  const forms = new Set(['emqx_cert_pem']);
  const of = readCertificateSettings(
    { only: [], unchecked: [], names: [], forms: () => forms, ...text },
    problems,
  );
  const settings = new Map(BROKER_NAMES.map((broker) => [broker, of(broker)]));
  return { settings, problems };
}

test('nothing said: nothing is believed, and every listener admits without a certificate', () => {
  const { settings, problems } = read({});
  const emqx = settings.get('emqx');
  assert.deepEqual(problems, []);
  assert.equal(emqx?.certificateNames, 'off');
  assert.equal(emqx?.certificateOnly(undefined), false);
  assert.equal(emqx?.uncheckedCertificateForms.size, 0);
});

test('a broker or one of its listeners, whose name may have colons', () => {
  const { settings, problems } = read({
    only: ['emqx:ssl:default', 'rabbitmq'],
    unchecked: ['emqx:emqx_cert_pem'],
    names: ['rabbitmq:credential', 'emqx:device_name'],
  });
  assert.deepEqual(problems, []);
  const [emqx, rabbitmq] = [settings.get('emqx'), settings.get('rabbitmq')];
  assert.deepEqual(
    ['ssl:default', 'tcp:default', undefined].map((one) => emqx?.certificateOnly(one)),
    [true, false, false],
  );
  assert.deepEqual(
    ['any', undefined].map((one) => rabbitmq?.certificateOnly(one)),
    [true, true],
  );
  assert.ok(emqx?.uncheckedCertificateForms.has('emqx_cert_pem'));
  assert.equal(emqx?.certificateNames, 'device_name');
  assert.equal(rabbitmq?.certificateNames, 'credential');
});

test('what could do nothing, or too much, is refused', () => {
  const refused = (text: Parameters<typeof read>[0], problem: RegExp) => {
    const { problems } = read(text);
    assert.equal(problems.length, 1, problems.join());
    assert.match(problems[0] ?? '', problem);
  };
  refused({ only: ['emq'] }, /"emq" is not broker/);
  refused({ unchecked: ['emqx:other'] }, /emqx:other is not in THINGPASS_CERTIFICATE_FORMS/);
  refused({ unchecked: ['emqx'] }, /emqx: is not in/);
  refused({ names: ['emqx:credential'] }, /no listener in THINGPASS_CERTIFICATE_ONLY_LISTENERS/);
  refused({ names: ['emqx:both'], only: ['emqx'] }, /needs one of/);
  refused({ names: ['emqx:credential', 'emqx:device_name'], only: ['emqx'] }, /needs one of/);
  refused({ names: ['nanomq:credential'], only: ['nanomq'] }, /nanomq:8883/);
  assert.deepEqual(read({ names: ['nanomq:credential'], only: ['nanomq:8883'] }).problems, []);
});
