import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { guessForm } from '../../../../../src/engine/certificates/examine/guess-form.ts';

/** A certificate made by the openssl command, with the files it lies in. */
export interface Issued {
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly pem: string;
  readonly key: string;
  readonly der: Buffer;
}

export interface Shape {
  readonly name: string;
  /** Lines of extensions; a TLS client's when not given. */
  readonly extensions?: readonly string[];
  /** A key that another certificate has already, as for cross-signing. */
  readonly keyFile?: string;
  /** As `20150101000000Z`. */
  readonly start?: string;
  readonly end?: string;
}

export const CLIENT = [
  'basicConstraints=critical,CA:FALSE',
  'keyUsage=critical,digitalSignature',
  'extendedKeyUsage=clientAuth',
];
export const SERVER = [
  ...CLIENT.slice(0, 2),
  'extendedKeyUsage=serverAuth',
  'subjectAltName=DNS:localhost,IP:127.0.0.1',
];
export const CA = [
  'basicConstraints=critical,CA:TRUE',
  'keyUsage=critical,keyCertSign,cRLSign',
  'subjectKeyIdentifier=hash',
];
export const OCSP_RESPONDER = [...CLIENT.slice(0, 2), 'extendedKeyUsage=OCSPSigning'];

const START = '20200101000000Z';
const END = '20600101000000Z';

export function openssl(...args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: 'pipe' });
}

/** A certificate authority in a folder of its own, run by `openssl ca`. */
export class OpensslAuthority {
  readonly folder: string;
  readonly own: Issued;
  #count = 0;

  /** @param issuer none: the authority is a root. */
  constructor(parent: string, shape: Shape, issuer?: OpensslAuthority) {
    this.folder = join(parent, shape.name.replaceAll(/\W+/g, '-'));
    mkdirSync(this.folder);
    writeFileSync(this.#path('index.txt'), '');
    writeFileSync(this.#path('crlnumber'), '01');
    writeFileSync(
      this.#path('ca.cnf'),
      [
        '[ca]\ndefault_ca=d\n[d]',
        `database=${this.#path('index.txt')}`,
        `new_certs_dir=${this.folder}`,
        `crlnumber=${this.#path('crlnumber')}`,
        'rand_serial=yes\ndefault_md=sha256\npolicy=any\nunique_subject=no\npreserve=yes\ncopy_extensions=none\ndefault_crl_days=30',
        '[any]\norganizationName=optional\ncommonName=optional\nemailAddress=optional',
        '[req]\ndistinguished_name=dn\nprompt=no\n[dn]\n',
      ].join('\n'),
    );
    const asked = { extensions: CA, ...shape };
    this.own = issuer === undefined ? this.#selfSigned(asked) : issuer.issue(asked);
  }

  #path(name: string): string {
    return join(this.folder, name);
  }

  #selfSigned(shape: Shape): Issued {
    const [keyFile, requestFile] = this.#request(shape.name);
    const certificateFile = this.#path('own.pem');
    this.#ca(shape, ['-selfsign', '-keyfile', keyFile, '-in', requestFile, '-out', certificateFile]);
    return read(certificateFile, keyFile);
  }

  issue(shape: Shape): Issued {
    const [keyFile, requestFile] = this.#request(shape.name, shape.keyFile);
    const certificateFile = this.#path(`${++this.#count}.pem`);
    this.#ca(shape, [...this.#signer(), '-in', requestFile, '-out', certificateFile]);
    return read(certificateFile, keyFile);
  }

  revoke({ certificateFile }: Issued): void {
    openssl('ca', '-config', this.#path('ca.cnf'), ...this.#signer(), '-revoke', certificateFile);
  }

  /** @param dates such as `-crl_lastupdate`, `20150101000000Z`. @returns the path of a PEM file. */
  crl(dates: readonly string[] = [], further: readonly string[] = []): string {
    const file = this.#path(`list-${++this.#count}.crl.pem`);
    openssl(
      'ca',
      '-config',
      this.#path('ca.cnf'),
      ...this.#signer(),
      '-gencrl',
      ...dates,
      ...further,
      '-out',
      file,
    );
    return file;
  }

  get indexFile(): string {
    return this.#path('index.txt');
  }

  #signer(): string[] {
    return ['-cert', this.own.certificateFile, '-keyfile', this.own.keyFile];
  }

  #request(name: string, givenKey?: string): [string, string] {
    const base = this.#path(`request-${++this.#count}`);
    const keyFile = givenKey ?? `${base}.key`;
    if (givenKey === undefined)
      openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', keyFile);
    const subject = name === '' ? '/' : name.startsWith('/') ? name : `/O=Trust Test/CN=${name}`;
    openssl(
      'req',
      '-new',
      '-key',
      keyFile,
      '-subj',
      subject,
      '-config',
      this.#path('ca.cnf'),
      '-out',
      `${base}.csr`,
    );
    return [keyFile, `${base}.csr`];
  }

  #ca({ extensions = CLIENT, start = START, end = END }: Shape, args: readonly string[]): void {
    const file = this.#path('extensions.cnf');
    writeFileSync(file, `[e]\n${extensions.join('\n')}\nauthorityKeyIdentifier=keyid\n`);
    const dates = ['-startdate', start, '-enddate', end];
    openssl(
      'ca',
      '-batch',
      '-notext',
      '-config',
      this.#path('ca.cnf'),
      ...dates,
      '-extfile',
      file,
      '-extensions',
      'e',
      ...args,
    );
  }
}

function read(certificateFile: string, keyFile: string): Issued {
  const pem = readFileSync(certificateFile, 'utf8');
  const der = guessForm(Buffer.from(pem)).certificates[0] as Buffer;
  return { certificateFile, keyFile, pem, key: readFileSync(keyFile, 'utf8'), der };
}
