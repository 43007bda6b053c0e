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
export const UTF8_PASSWORD = 'pässwörd€';

export function known(from: string, scheme: string, hash: string, password = PASSWORD): KnownHash {
  return { from, scheme, hash, password };
}

const PYTHON = 'Python 3.11 hashlib';
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
];
