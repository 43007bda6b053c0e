import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planProvisioning } from '../../src/engine/credentials/certificate/certificate-provisioning.ts';
import { readDevice } from '../../src/fleet/devices/import/device-fields.ts';
import { checkProfile } from '../../src/fleet/devices/profile.ts';
import { isDeviceName } from '../../src/model/device-name.ts';
import { makeCertificate } from '../engine/certificates/support/make-certificate.ts';
import { memoryProvisioning } from '../support/memory-provisioning.ts';

const GOOD = ['a', 'Kühlraum 3', ' led by a blank', 'x'.repeat(255), '🌡'];
const BAD = ['', ' ', '\u00a0', 'x'.repeat(256), 'a\tb', 'a\0b', 'a\u0085b', 'a\u007f', '\ud800'];

test('a name is not blank, has 255 characters at most, and no control characters', () => {
  for (const name of GOOD) assert.ok(isDeviceName(name), JSON.stringify(name));
  for (const name of BAD) assert.ok(!isDeviceName(name), JSON.stringify(name));
});

test('files that are imported and profiles obey the same rule', () => {
  for (const [names, good] of [
    [GOOD, true],
    [BAD, false],
  ] as const) {
    for (const name of names) {
      const read = readDevice(1, new Map([['name', name]]), {});
      assert.equal(typeof read !== 'string', good, `${JSON.stringify(name)}: ${read}`);
      const check = () => checkProfile({ name, transportType: 'MQTT' } as Parameters<typeof checkProfile>[0]);
      if (good) assert.doesNotThrow(check);
      else assert.throws(check, { code: 'name_invalid' });
    }
  }
});

test('a certificate of a chain gives a device no name of blanks', async () => {
  const { port } = memoryProvisioning({ profiles: [], devices: [], credentials: [] } as never);
  const profile = {
    id: 'p',
    name: 'p',
    tenantId: 't',
    provisionType: 'X509_CERTIFICATE_CHAIN',
    pattern: 'device (.*)',
    allowCreate: true,
    transportType: 'DEFAULT',
    sparkplug: false,
    topics: {},
  } as const;
  const planFor = async (subject: string) =>
    (await planProvisioning(makeCertificate({ subject }).der, 'id', profile, port)).kind;
  assert.equal(await planFor('device 7'), 'create');
  assert.equal(await planFor('device \u00a0'), 'refused');
});
