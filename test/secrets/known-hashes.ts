/**
 * Passwords and their hashes as other implementations wrote them. Unless said otherwise the password is
 * `correct horse` and the salt the bytes 0 to 15.
 */
export interface KnownHash {
  readonly from: string;
  readonly scheme: string;
  readonly password: string;
  readonly hash: string;
}

export const PASSWORD = 'correct horse';
const UTF8_PASSWORD = 'pässwörd€';
const EMQX_SALT = 'de1024f462fb83910fd13151bd4bd235';

function known(from: string, scheme: string, hash: string, password = PASSWORD): KnownHash {
  return { from, scheme, hash, password };
}

/** EMQX's two columns in our text, written without the code under test. */
function emqx(parameters: string, hex: string, salt = EMQX_SALT): string {
  const base64 = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');
  return `$emqx$${parameters}$${base64(Buffer.from(salt))}$${base64(Buffer.from(hex, 'hex'))}`;
}

const PYTHON = 'Python 3.11 hashlib';
/** EMQX 5.8's emqx_passwd module on Erlang/OTP 25. */
const EMQX = 'emqx_passwd.erl';
const MOSQUITTO = 'mosquitto_passwd 2.0.11';
const BLOWFISH = 'crypt_blowfish 1.3, its own test vectors';

export const KNOWN_HASHES: readonly KnownHash[] = [
  known(
    `${PYTHON}, hmac`,
    'hmac-sha256',
    '$hmac-sha256$AAECAwQFBgcICQoLDA0ODw$AawlFF8+XoIB3M6t/0xAV/0l+dLbE4jm5iKLiMzjCFQ',
    'generated secret',
  ),

  known(
    'passlib 1.7.4',
    'scrypt',
    '$scrypt$ln=14,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$JbN2hANm9NOw4h5BRHZnbjzQ6Jr0QwNWojTOC2WgIbU',
  ),
  // RFC 7914 section 12, third vector: N 16384, r 8, p 1, salt "SodiumChloride"; the first 32 of its 64 bytes.
  known(
    'RFC 7914',
    'scrypt',
    '$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofI',
    'pleaseletmein',
  ),

  // The reference implementation's own test (test.c): version 19, t 2, m 65536, p 1, salt "somesalt".
  known(
    'phc-winner-argon2',
    'argon2id',
    '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    'password',
  ),
  known(
    'argon2-cffi 25.1, go-auth’s cost',
    'argon2id',
    '$argon2id$v=19$m=4096,t=3,p=2$AAECAwQFBgcICQoLDA0ODw$xzTvYRtklzGGF+A6zq7vJjXK2PgRrLc9IW/Wy7Bk9XA',
  ),
  known(
    'argon2-cffi 25.1, Mosquitto’s cost',
    'argon2id',
    '$argon2id$v=19$m=47104,t=1,p=1$AAECAwQFBgcICQoLDA0ODw$xxuYwI+13bVHdUEt7P6fmkwDElhr3OQ1I9SEzZuLq9s',
  ),
  known(
    'argon2-cffi 25.1, 64 bytes',
    'argon2id',
    '$argon2id$v=19$m=64,t=1,p=1$AAECAwQFBgcICQoLDA0ODw$fD7rYN52uzFGYOoSy5W6VUnpildqRY/We5whI1R3jyc1hoMHbb3kjtthtBTI4CsvRr3NcrilM6Qyz/Z9PZndRQ',
  ),
  known(
    'argon2-cffi 25.1',
    'argon2id',
    '$argon2id$v=19$m=64,t=1,p=1$AAECAwQFBgcICQoLDA0ODw$nCOfX5AlWyotySUE5F8qgVV1NhZoR5igH5STc4FRgE0',
    UTF8_PASSWORD,
  ),

  known(BLOWFISH, 'bcrypt', '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', 'U*U'),
  known(BLOWFISH, 'bcrypt', '$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK', 'U*U*'),
  known(BLOWFISH, 'bcrypt', '$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a', 'U*U*U'),
  known('Python bcrypt 5.0', 'bcrypt', '$2b$06$BoV/ueuboFqLeIhzZZOvUudpcv.cYr7C2T9pmkt9t2rJC6MgHEjM.'),
  known('Python bcrypt 5.0', 'bcrypt', '$2a$06$cikq5ofF3Z0Pa5EnN2MIguwQw9qxo6LqqUrrcPZRabGMBBQnck4ia'),
  known(
    'Python bcrypt 5.0, 72 bytes',
    'bcrypt',
    '$2b$04$Ob7mYDABJbipnqXqVH3QJ.kcXyda4dxyksQvpnxEwZMG00O591FYO',
    `${'0123456789'.repeat(7)}ab`,
  ),
  known(
    'Python bcrypt 5.0',
    'bcrypt',
    '$2b$04$/eWGLgsLzz9z5o41hgwqv.PSYL6nKHYHwNRjwSQoNhGvFHyOtOab2',
    UTF8_PASSWORD,
  ),
  known('htpasswd -B 2.4.71', 'bcrypt', '$2y$06$CuupW7MU0Fe40NnwMsA1x.iCQtVNmwEsXKof/Z0z2ceHDBbLzrqsu'),

  known(
    PYTHON,
    'pbkdf2',
    'PBKDF2$sha512$100000$AAECAwQFBgcICQoLDA0ODw==$Cydfp1z9RwhFbZBlUPGEUbm90YYIzLkDEOiu/l8ZkFWdvi9oLM8GozOKTYJ8WKZJkm3CNbSBItnsIxvYurqNAw==',
  ),
  known(
    `${PYTHON}, the plugin’s 32 bytes`,
    'pbkdf2',
    'PBKDF2$sha512$100000$AAECAwQFBgcICQoLDA0ODw==$Cydfp1z9RwhFbZBlUPGEUbm90YYIzLkDEOiu/l8ZkFU=',
  ),
  known(
    PYTHON,
    'pbkdf2',
    'PBKDF2$sha256$100000$AAECAwQFBgcICQoLDA0ODw==$V/LC8HOXSNUWQZsGKohGZjI8WD6krhZVBKgfe1PGKgk=',
  ),
  known(
    PYTHON,
    'pbkdf2',
    '$pbkdf2-sha512$i=10000,l=32$AAECAwQFBgcICQoLDA0ODw$ECEiF3rHxiQNn3eIhD3/rQu7JgNUuHNkEwXr67HsHXA',
  ),
  // RFC 7914 section 11: PBKDF2-HMAC-SHA-256, salt "NaCl", 80 000 iterations, 64 bytes.
  known(
    'RFC 7914',
    'pbkdf2',
    'PBKDF2$sha256$80000$TmFDbA==$TdzY9guYviGDDO5e8icB+WQaRBjQTAQUrv8Ih2s0q1ah1CWhIlgzVJrbhBtRybMXaicr3ruh0HhHj2Kzl/M8jQ==',
    'Password',
  ),
  known(
    `${PYTHON}, salt decoded`,
    'pbkdf2',
    'PBKDF2$sha256$901$4ZQwMkWkKfbO5R2A$NLAdJFNiI3bdaON560d/mRPFAeDGHA1f',
  ),
  known(
    `${PYTHON}, salt as text, as np writes it`,
    'pbkdf2',
    'PBKDF2-utf8$sha256$901$4ZQwMkWkKfbO5R2A$BymII9ZXv1QICLW1ZwbD3mJ0C5KrJo38',
  ),

  known(
    MOSQUITTO,
    'mosquitto-sha512',
    '$6$7cn5fdoWCsKluOLp$Okvr09Gqfo0UUQwSyyQMi+peY8pseQrYh7X9W1lkMv9CC1yMoMS27HipBzMnSuNa7omv7CbyTTTVUrLhRGBOdg==',
  ),
  known(
    MOSQUITTO,
    'mosquitto-pbkdf2',
    '$7$101$0yHSU8dodo4GWXlK$fxFC1jWLXniyQwS9T5ZtbfqYUEM+PK6wuEL7mOsRso9I1OIRt8cp942lIKd44uu4+mbI+BUoSYG6Re+mO23H+g==',
  ),
  known(
    MOSQUITTO,
    'mosquitto-pbkdf2',
    '$7$101$468DF/NmCDSjWdQY$xWUW0vysAQmaHGVzCSHbCy6Lwp14TU7kD2Fru4X+Rv6iv1kI6YD4rvSelqDum4WpUp6kLHlc40kJZfmNIGvW+g==',
    UTF8_PASSWORD,
  ),

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
