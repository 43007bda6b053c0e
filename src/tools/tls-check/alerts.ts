/** TLS alert descriptions (RFC 8446 section 6, RFC 5246 section 7.2) with what they mean to somebody who connects a device. */
const ALERTS: ReadonlyMap<number, readonly [name: string, meaning: string]> = new Map([
  [0, ['close_notify', 'the other side ends the connection']],
  [10, ['unexpected_message', 'the two sides are out of step; often two different protocols on one port']],
  [20, ['bad_record_mac', 'a record was changed on the way, or the keys differ']],
  [22, ['record_overflow', 'a record was too long']],
  [
    40,
    [
      'handshake_failure',
      'nothing in common (version, ciphers, signature algorithms), or a client certificate is demanded',
    ],
  ],
  [42, ['bad_certificate', 'the client certificate is broken, or none came where one is demanded']],
  [
    43,
    [
      'unsupported_certificate',
      'the client certificate is of a type or for a purpose that is not taken (see extendedKeyUsage)',
    ],
  ],
  [44, ['certificate_revoked', 'the client certificate is revoked']],
  [45, ['certificate_expired', 'the client certificate has expired or is not valid yet']],
  [46, ['certificate_unknown', 'the client certificate is not accepted, for a reason that is not said']],
  [47, ['illegal_parameter', 'a value in the handshake makes no sense to the other side']],
  [
    48,
    [
      'unknown_ca',
      'the certificate authority of the client certificate is not known there, or an intermediate is missing',
    ],
  ],
  [49, ['access_denied', 'the certificate is fine, but may not connect']],
  [50, ['decode_error', 'a message could not be read']],
  [51, ['decrypt_error', 'a signature did not verify: key and certificate may not belong together']],
  [70, ['protocol_version', 'none of the offered TLS versions is taken']],
  [71, ['insufficient_security', 'stronger ciphers are demanded than were offered']],
  [80, ['internal_error', 'the other side failed, for a reason of its own; see its log']],
  [86, ['inappropriate_fallback', 'a lower version was tried although a higher one is taken']],
  [90, ['user_canceled', 'given up']],
  [109, ['missing_extension', 'an extension is missing in the handshake']],
  [110, ['unsupported_extension', 'an extension is not taken']],
  [112, ['unrecognized_name', 'the server name is not served there (SNI)']],
  [113, ['bad_certificate_status_response', 'the stapled OCSP answer is not good']],
  [115, ['unknown_psk_identity', 'the pre-shared key is not known']],
  [116, ['certificate_required', 'a client certificate is demanded, and none was sent']],
  [120, ['no_application_protocol', 'no application protocol in common (ALPN)']],
]);

export interface Alert {
  readonly code: number;
  /** The name in the RFC. */
  readonly name: string;
  readonly meaning: string;
}

export function alertOf(code: number): Alert {
  const [name, meaning] = ALERTS.get(code) ?? ['unknown', 'an alert that no specification names'];
  return { code, name, meaning };
}

/** The alert that the server sent, out of OpenSSL's error: its text ends in `SSL alert number 48`. */
export function alertIn(error: Error | undefined): Alert | undefined {
  const number = /alert number (\d+)/.exec(error?.message ?? '')?.[1];
  return number === undefined ? undefined : alertOf(Number(number));
}

/** Why a client does not believe the server, by Node's and OpenSSL's code of the verification. */
export const VERIFICATION_WORDS: ReadonlyMap<string, string> = new Map([
  ['UNABLE_TO_GET_ISSUER_CERT', 'the issuer of an intermediate is not known: give its root with --ca'],
  [
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'no certificate authority known to the client issued the server’s chain: give it with --ca, or let the server send its intermediates',
  ],
  [
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'the server sends its own certificate alone and its issuer is not known: an intermediate is missing, or --ca',
  ],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'the server’s certificate is self-signed: give it with --ca to trust it'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'the server’s root is not known to the client: give it with --ca'],
  ['CERT_HAS_EXPIRED', 'a certificate of the server’s chain has expired'],
  ['CERT_NOT_YET_VALID', 'a certificate of the server’s chain is not valid yet; is the clock right?'],
  ['CERT_SIGNATURE_FAILURE', 'a signature in the server’s chain does not verify'],
  ['INVALID_CA', 'a certificate that is no authority stands as the issuer in the server’s chain'],
  ['INVALID_PURPOSE', 'the server’s certificate is not made for servers (extendedKeyUsage lacks serverAuth)'],
  ['PATH_LENGTH_EXCEEDED', 'an authority of the server’s chain allows fewer below it'],
  ['CERT_REVOKED', 'the server’s certificate is revoked'],
  ['CERT_UNTRUSTED', 'the server’s root is not trusted for this'],
  ['CERT_REJECTED', 'the server’s root refuses this use'],
  ['EE_KEY_TOO_SMALL', 'the server’s key is too small'],
  ['CA_KEY_TOO_SMALL', 'the key of an authority is too small'],
  ['CA_MD_TOO_WEAK', 'a certificate of the server’s chain is signed with a weak hash'],
]);
