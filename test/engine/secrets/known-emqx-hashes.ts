import { type KnownHash, known, PASSWORD, UTF8_PASSWORD } from './known-hashes.ts';

/** EMQX 5.8's emqx_passwd module on Erlang/OTP 25. */
const EMQX = 'emqx_passwd.erl';
const EMQX_SALT = 'de1024f462fb83910fd13151bd4bd235';

/** EMQX's two columns in our text, written without the code under test. */
function emqx(parameters: string, hex: string, salt = EMQX_SALT): string {
  const base64 = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');
  return `$emqx$${parameters}$${base64(Buffer.from(salt))}$${base64(Buffer.from(hex, 'hex'))}`;
}

export const KNOWN_EMQX_HASHES: readonly KnownHash[] = [
  known(EMQX, 'emqx-digest', emqx('a=plain,s=disable', Buffer.from(PASSWORD).toString('hex'), '')),
  known(EMQX, 'emqx-digest', emqx('a=plain,s=suffix', Buffer.from(PASSWORD + EMQX_SALT).toString('hex'))),
  known(EMQX, 'emqx-digest', emqx('a=md5,s=disable', '3cb4e732631f47e6eb961f34554b7cde', '')),
  known(EMQX, 'emqx-digest', emqx('a=md5,s=prefix', 'c031ea3768ef4971473cba8fac3ceb49')),
  known(EMQX, 'emqx-digest', emqx('a=md5,s=suffix', '1982f16a7b7a8bacdb68234f2e878e1b')),
  known(EMQX, 'emqx-digest', emqx('a=sha,s=prefix', '2db53f70b3da3bb6217b8be76efc9a3259d784e0')),
  known(
    EMQX,
    'emqx-digest',
    emqx('a=sha256,s=disable', '4104d36f8da2c254349f85836793ebe029e0c957063a34c91c2e9203187b5631', ''),
  ),
  known(
    EMQX,
    'emqx-digest',
    emqx('a=sha256,s=prefix', 'c2705e787f39e55d28f91a42edbe521affa2189126fc459c597558ab959cd494'),
  ),
  known(
    EMQX,
    'emqx-digest',
    emqx('a=sha256,s=suffix', 'c072f0fa1aa2c45255937df094d07afa07cdd41cc8dd3079f72623e862ea6c13'),
  ),
  known(
    EMQX,
    'emqx-digest',
    emqx('a=sha256,s=prefix', '3eb53ea4412a7b376ce18ca62d3c6fc771fb80356411e2bdb49e339d899cf611'),
    UTF8_PASSWORD,
  ),
  known(
    EMQX,
    'emqx-digest',
    emqx(
      'a=sha512,s=prefix',
      'f292453cc346167207a757ec74ee43938e3ebb53de36dbdb4231a5e895e610f492cc44d082f0f21a9aef30cb0668f1ec60c7190ccb0bcc3baca2b2a18621b27c',
    ),
  ),
  known(EMQX, 'emqx-pbkdf2', emqx('a=pbkdf2,f=sha,i=1000,l=20', '8dcb394355fa56a542da353e5bce257ef4e3f886')),
  known(
    EMQX,
    'emqx-pbkdf2',
    emqx('a=pbkdf2,f=sha224,i=1000,l=28', 'ce3eec656cc66996fd8d4e601af8768f09d920a9603820c722b32791'),
  ),
  known(
    EMQX,
    'emqx-pbkdf2',
    emqx('a=pbkdf2,f=sha256,i=4096,l=32', '63ed199b85fe2bc944f6d48904cd85a85fa1a3d93ab81051779098213edf309f'),
  ),
  known(
    EMQX,
    'emqx-pbkdf2',
    emqx(
      'a=pbkdf2,f=sha384,i=1000,l=48',
      '8e256f180a6b663ec801dc7d2891a6a9587d175056fa254c53d16160b2825cadd432ee8d94486d8636332e7d89a2c615',
    ),
  ),
  known(
    EMQX,
    'emqx-pbkdf2',
    emqx(
      'a=pbkdf2,f=sha512,i=1000,l=64',
      'a3d8f451cfe7ea2909aa5b531200db902f0f74255ed31443571c879dc1552b4634ff26239d61222c7bf306add49d8acdd9a18c4921ddbdbd783065d1b1150432',
    ),
  ),
  known(
    EMQX,
    'emqx-pbkdf2',
    emqx(
      'a=pbkdf2,f=sha256,i=1000,l=48',
      'f2a83a9f7d251789075448d84e7d82671c6415d4785b72df22550a8cad6bd25f7fa01af04ccc32d9d71cf71faf804487',
    ),
  ),
];
