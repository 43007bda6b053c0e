import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Authorities, readAuthorities } from '../../../../src/engine/certificates/trust/authorities.ts';
import { findPath } from '../../../../src/engine/certificates/trust/path.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { CA, type Issued, OpensslAuthority } from './support/openssl-authority.ts';

const folder = temporaryFolder();
const NOW = Date.UTC(2026, 0, 1);
const root = new OpensslAuthority(folder, { name: 'root' });
const middle = new OpensslAuthority(folder, { name: 'middle' }, root);
const leaf = middle.issue({ name: 'device' });

function configured(...authorities: readonly { own: Issued }[]): Authorities {
  return readAuthorities(authorities.map(({ own }) => own.pem).join('\n'));
}

async function detail(device: Issued, sent: readonly Issued[], authorities: Authorities, now = NOW) {
  const verdict = await findPath(
    device.der,
    sent.map(({ der }) => der),
    authorities,
    { now, skipDates: false },
  );
  return verdict.trusted ? verdict.path.length : verdict.detail;
}

test('a path may use certificates that were sent or configured', async () => {
  assert.equal(await detail(leaf, [middle.own], configured(root)), 3);
  assert.equal(await detail(leaf, [], configured(root, middle)), 3, 'the device sends no intermediate');
  assert.equal(await detail(leaf, [middle.own, root.own], configured(root)), 3, 'the root was sent too');
  assert.equal(await detail(leaf, [], configured(middle)), 2, 'an intermediate alone may be trusted');
});

test('without the intermediate there is no path, and the missing issuer is named', async () => {
  assert.equal(
    await detail(leaf, [], configured(root)),
    'its issuer CN=middle,O=Trust Test is not a configured authority',
  );
  const stranger = new OpensslAuthority(folder, { name: 'stranger' });
  assert.equal(
    await detail(leaf, [middle.own], configured(stranger)),
    'its issuer CN=root,O=Trust Test is not a configured authority',
  );
  assert.equal(
    await detail(leaf, [middle.own, root.own], configured(stranger)),
    'its issuer CN=root,O=Trust Test is not a configured authority',
  );
});

test('an authority with the same name and another key is refused', async () => {
  const impostor = new OpensslAuthority(temporaryFolder(), { name: 'middle' });
  const self = impostor.issue({ name: 'device' });
  assert.match(String(await detail(self, [], configured(root, middle))), /key identifier|did not sign/);
  assert.match(
    String(await detail(self, [impostor.own], configured(root, middle))),
    /key identifier|did not sign/,
  );
});

test('path length', async () => {
  const short = new OpensslAuthority(
    folder,
    { name: 'short', extensions: ['basicConstraints=critical,CA:TRUE,pathlen:0', ...CA.slice(1)] },
    root,
  );
  const below = new OpensslAuthority(folder, { name: 'below' }, short);
  assert.equal(await detail(short.issue({ name: 'd' }), [short.own], configured(root)), 3);
  assert.match(
    String(await detail(below.issue({ name: 'd' }), [below.own, short.own], configured(root))),
    /allows fewer certificate authorities .*CN=short/,
  );
});

test('a device’s certificate is not an authority', async () => {
  const self = new OpensslAuthority(
    folder,
    { name: 'leafy', extensions: ['basicConstraints=critical,CA:FALSE'] },
    root,
  );
  const forged = self.issue({ name: 'forged' });
  assert.match(String(await detail(forged, [self.own], configured(root))), /is not a certificate authority/);
  assert.throws(() => configured(self), { code: 'authorities_unusable' }, 'nor can it be configured as one');
});

test('authorities must be within their dates', async () => {
  const old = new OpensslAuthority(
    folder,
    { name: 'old', start: '20150101000000Z', end: '20190101000000Z' },
    root,
  );
  const device = old.issue({ name: 'd' });
  assert.match(String(await detail(device, [], configured(root, old))), /has expired \(CN=old/);
  assert.equal(
    await detail(device, [], configured(root, old), Date.UTC(2018, 0, 1)),
    'certificate 2 of the chain is not valid yet (CN=root,O=Trust Test)',
  );
});

test('with cross-signed authorities one valid path is enough', async () => {
  const other = new OpensslAuthority(folder, { name: 'other root' });
  const crossed = other.issue({ name: 'middle', extensions: CA, keyFile: middle.own.keyFile });
  assert.equal(await detail(leaf, [crossed], configured(other)), 3);
  assert.equal(
    await detail(leaf, [middle.own, crossed], configured(other)),
    3,
    'the first one sent leads nowhere',
  );
  const expired = other.issue({
    name: 'middle',
    extensions: CA,
    keyFile: middle.own.keyFile,
    start: '20150101000000Z',
    end: '20190101000000Z',
  });
  assert.equal(await detail(leaf, [expired, crossed], configured(other)), 3);
  assert.match(String(await detail(leaf, [expired], configured(other))), /has expired/);
});

test('authorities that signed each other neither end the search nor make it endless', async () => {
  const one = new OpensslAuthority(folder, { name: 'one' });
  const two = new OpensslAuthority(folder, { name: 'two' });
  const oneByTwo = two.issue({ name: 'one', extensions: CA, keyFile: one.own.keyFile });
  const twoByOne = one.issue({ name: 'two', extensions: CA, keyFile: two.own.keyFile });
  const device = one.issue({ name: 'd' });
  assert.match(
    String(await detail(device, [oneByTwo, twoByOne], configured(root))),
    /is not a configured authority/,
  );
  assert.equal(await detail(device, [oneByTwo, twoByOne], configured(two)), 3);
});

test('name constraints', async () => {
  const constrained = (name: string, constraint: string) =>
    new OpensslAuthority(
      folder,
      { name, extensions: [...CA, `nameConstraints=critical,${constraint}`] },
      root,
    );
  const within = constrained('within', 'permitted;DNS:example.org');
  const named = (authority: OpensslAuthority, ...extensions: string[]) =>
    authority.issue({ name: 'd', extensions: ['basicConstraints=critical,CA:FALSE', ...extensions] });
  const inside = named(within, 'subjectAltName=DNS:a.example.org');
  const outside = named(within, 'subjectAltName=DNS:a.example.com');
  assert.equal(await detail(inside, [within.own], configured(root)), 3);
  assert.match(String(await detail(outside, [within.own], configured(root))), /permitted/);
  assert.match(
    String(await detail(outside, [], configured(within))),
    /permitted/,
    'of the last authority too',
  );
  const without = constrained('without', 'excluded;DNS:secret.example.org');
  assert.match(
    String(
      await detail(
        named(without, 'subjectAltName=DNS:x.secret.example.org'),
        [without.own],
        configured(root),
      ),
    ),
    /excluded/,
  );
  assert.equal(
    await detail(named(without, 'subjectAltName=DNS:x.example.org'), [without.own], configured(root)),
    3,
  );
});

test('a file without authorities is refused, text around them is ignored', () => {
  assert.throws(() => readAuthorities('nothing'), /no certificate in PEM/);
  assert.throws(
    () => readAuthorities(leaf.pem),
    /certificate 1 \(CN=device,O=Trust Test\) is not a certificate authority/,
  );
  assert.equal(readAuthorities(`# our root\r\n${root.own.pem.replaceAll('\n', '\r\n')}`).all.length, 1);
});
